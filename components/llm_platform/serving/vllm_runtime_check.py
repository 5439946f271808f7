"""Checks of `VllmRuntime`'s inputs. Pure."""

from typing import TYPE_CHECKING

from llm_platform.aws.checks import range_problems
from llm_platform.kubernetes.checks import object_name_problems, quantity_problems
from llm_platform.problems import Problem
from llm_platform.serving.triton_runtime_check import arg_problems, image_problems
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.vllm_runtime import VllmRuntimeArgs

OWN_ARGS = (
    "--port",
    "--host",
    "--model",
    "--served-model-name",
    "--tensor-parallel-size",
    "--gpu-memory-utilization",
    "--enable-lora",
    "--lora-modules",
    "--trust-remote-code",
)
"""Arguments that the runtime and its models set, or that nobody may."""


def check_vllm_runtime(args: "VllmRuntimeArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a vLLM runtime."""
    problems = [
        *object_name_problems("runtime_name", args.get("runtime_name")),
        *image_problems("image", args.get("image")),
        *quantity_problems("shared_memory", args.get("shared_memory")),
        *range_problems("startup_minutes", args.get("startup_minutes"), 1, 240, " minutes"),
        *range_problems("gpu_memory_percent", args.get("gpu_memory_percent"), 10, 98, " %"),
        *check_tags(args.get("tags", {})),
    ]
    for index, arg in enumerate(args.get("extra_args", [])):
        path = f"extra_args[{index}]"
        problems += arg_problems(path, arg)
        if arg.partition("=")[0] in OWN_ARGS:
            problems.append(Problem(path, f"'{arg}' is not the runtime's to say", "another"))
    return problems
