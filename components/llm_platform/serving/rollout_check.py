"""Checks of `LlmRollout`'s inputs. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llm_platform.aws.checks import enum_problems, range_problems
from llm_platform.kubernetes.checks import object_name_problems
from llm_platform.problems import Problem
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.llm_service_spec import NAME_LIMIT
from llm_platform.serving.rollout_spec import DEFAULT_WEIGHTS
from llm_platform.serving.triton_runtime_check import image_problems
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.rollout import LlmRolloutArgs

_AMOUNTS = {
    "mirrored_percent": (1, 100, ""),
    "min_samples": (1, 1_000_000, ""),
    "step_seconds": (5, 86_400, " s"),
    "step_limit_seconds": (5, 7 * 86_400, " s"),
    "ready_seconds": (10, 7_200, " s"),
    "unready_seconds": (5, 3_600, " s"),
    "lease_seconds": (30, 3_600, " s"),
}
_NUMBERS = {
    "max_error_ratio": (0.0, 1.0, "a share from 0 to 1"),
    "max_refusal_ratio": (0.0, 1.0, "a share from 0 to 1"),
    "max_duration_seconds": (0.001, 3600.0, "0.001 to 3600 s"),
    "max_first_token_seconds": (0.001, 3600.0, "0.001 to 3600 s"),
    "slower_than_stable": (1.0, 10.0, "a factor from 1 to 10"),
}


def check_llm_rollout(args: "LlmRolloutArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a service's rollouts."""
    problems = [
        *object_name_problems("service", args.get("service"), NAME_LIMIT),
        *object_name_problems("namespace", args.get("namespace")),
        *object_name_problems("workflow_namespace", args.get("workflow_namespace")),
        *enum_problems("strategy", args.get("strategy"), RolloutStrategy),
        *image_problems("image", args.get("image")),
        *weight_problems("weights", args.get("weights", list(DEFAULT_WEIGHTS))),
        *_url_problems(args.get("prometheus_url")),
        *check_tags(args.get("tags", {})),
    ]
    for name, (low, high, unit) in _AMOUNTS.items():
        problems += range_problems(name, args.get(name), low, high, unit)
    for name, (least, most, allowed) in _NUMBERS.items():
        value = args.get(name)
        if isinstance(value, (int, float)) and not least <= value <= most:
            problems.append(Problem(name, f"{value}", allowed))
    least, most = args.get("step_seconds", 120), args.get("step_limit_seconds", 1800)
    if least > most:
        what = f"{most} s is less than step_seconds, {least} s"
        problems.append(Problem("step_limit_seconds", what, f"at least {least} s"))
    quality = args.get("quality")
    if quality is not None and "$labels" not in quality.get("query", "$labels"):
        what = f"'{quality['query']}' does not tell the variants apart"
        allowed = "PromQL with $labels where the matchers of a variant belong"
        problems.append(Problem("quality.query", what, allowed))
    return problems


def weight_problems(path: str, weights: Sequence[int]) -> list[Problem]:
    """What is wrong with the shares of a canary."""
    if weights and all(1 <= each <= 100 for each in weights):
        rises = list(weights) == sorted(set(weights))
        if rises and weights[-1] == 100:
            return []
    allowed = "numbers from 1 to 100, each larger than the one before, 100 at the end"
    return [Problem(path, f"{list(weights)}", allowed)]


def _url_problems(url: object) -> list[Problem]:
    if not isinstance(url, str) or url.startswith(("http://", "https://")):
        return []
    return [Problem("prometheus_url", f"'{url}' is no address", "http://HOST:PORT or https://…")]
