"""Checks of `ServingPlatform`'s inputs. Pure."""

from typing import TYPE_CHECKING

from llm_platform.addons.kinds import PlatformSize
from llm_platform.aws.checks import duplicate_problems, enum_problems
from llm_platform.aws.regions import ZONE_LETTERS
from llm_platform.problems import Problem, did_you_mean
from llm_platform.serving.gateway_check import domain_problems
from llm_platform.serving.platform_spec import OPTIONAL, PARTS
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.platform import ServingPlatformArgs


def check_serving_platform(args: "ServingPlatformArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a serving platform."""
    without = args.get("without", [])
    return [
        *domain_problems("domain", args.get("domain")),
        *_region_problems(args.get("region")),
        *enum_problems("size", args.get("size"), PlatformSize),
        *duplicate_problems("without", without, "name"),
        *[
            _not_one_of(f"without[{index}]", name, OPTIONAL)
            for index, name in enumerate(without)
            if name not in OPTIONAL
        ],
        *[
            _not_one_of(f"overrides.{name}", name, PARTS)
            for name in args.get("overrides", {})
            if name not in PARTS
        ],
        *check_tags(args.get("tags", {})),
    ]


def _region_problems(region: str | None) -> list[Problem]:
    if region is None or region in ZONE_LETTERS:
        return []
    what = f"'{region}' is not a known region{did_you_mean(region, ZONE_LETTERS)}"
    return [Problem("region", what, "an AWS region, such as eu-central-1")]


def _not_one_of(path: str, name: str, allowed: tuple[str, ...]) -> Problem:
    what = f"'{name}' is not among them{did_you_mean(name, allowed)}"
    return Problem(path, what, f"one of {', '.join(allowed)}")
