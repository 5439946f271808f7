"""Checks of `TritonRuntime`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.checks import enum_problems, range_problems
from llm_platform.kubernetes.checks import object_name_problems, quantity_problems
from llm_platform.problems import Problem
from llm_platform.serving.kinds import TritonVariant
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.triton_runtime import TritonRuntimeArgs

MOVING_TAGS = frozenset({"", "latest", "main", "master", "edge", "nightly", "stable", "dev"})

OWN_ARGS = (
    "--model-repository",
    "--model-store",
    "--model-control-mode",
    "--http-port",
    "--grpc-port",
    "--metrics-port",
    "--load-model",
    "--allow-metrics",
    "--exit-on-error",
    "--http-restricted-api",
    "--grpc-restricted-protocol",
)
"""Arguments that the runtime sets itself."""

_ARG = re.compile(r"^--[a-z][a-z0-9-]*(=.*)?$")


def check_triton_runtime(args: "TritonRuntimeArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a Triton runtime."""
    problems = [
        *object_name_problems("runtime_name", args.get("runtime_name")),
        *enum_problems("variant", args.get("variant"), TritonVariant),
        *image_problems("image", args.get("image")),
        *quantity_problems("shared_memory", args.get("shared_memory")),
        *range_problems("startup_minutes", args.get("startup_minutes"), 1, 120, " minutes"),
        *range_problems("metrics_interval_ms", args.get("metrics_interval_ms"), 100, 60000, " ms"),
        *check_tags(args.get("tags", {})),
    ]
    for index, arg in enumerate(args.get("extra_args", [])):
        problems += arg_problems(f"extra_args[{index}]", arg)
    return problems


def image_problems(path: str, image: object) -> list[Problem]:
    """What is wrong with an image reference: it must name the same image tomorrow."""
    if not isinstance(image, str) or "@sha256:" in image:
        return []
    if image.rpartition("/")[2].partition(":")[2] in MOVING_TAGS:
        what = f"'{image}' is another image tomorrow"
        return [Problem(path, what, "a digest, or a tag that does not move")]
    return []


def arg_problems(path: str, arg: str) -> list[Problem]:
    """What is wrong with a further argument of the server."""
    if not _ARG.match(arg):
        return [Problem(path, f"'{arg}' is no argument", "--name or --name=value")]
    if arg.partition("=")[0] in OWN_ARGS:
        return [Problem(path, f"'{arg}' is set by the runtime", "another argument")]
    return []
