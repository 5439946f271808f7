"""VllmRuntime: how vLLM is run for every model that names it."""

from typing import NotRequired, TypedDict

import pulumi

from llm_platform.component import PlatformComponent
from llm_platform.inputs import raise_if_wrong
from llm_platform.serving.model_runtime import make_runtime
from llm_platform.serving.vllm import VllmShape, runtime_spec
from llm_platform.serving.vllm_runtime_check import check_vllm_runtime
from llm_platform.versions import VLLM


class VllmRuntimeArgs(TypedDict):
    """Inputs of a `VllmRuntime`."""

    runtime_name: NotRequired[str]
    """Name by which models choose it. Default: the component's name."""
    image: NotRequired[str]
    """Image with a fixed tag or digest. Default: vLLM's own of the pinned version."""
    shared_memory: NotRequired[str]
    """Size of ``/dev/shm``; counts as memory of the pod. Default: 4Gi."""
    startup_minutes: NotRequired[int]
    """How long loading a model may take. Default: 20."""
    gpu_memory_percent: NotRequired[int]
    """Part of a GPU's memory that it takes. Default: 90."""
    extra_args: NotRequired[list[str]]
    """Further arguments of the server. Default: none."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels."""


class VllmRuntime(PlatformComponent):
    """A ClusterServingRuntime, so that tenants can use it and only the platform can change it.

    vLLM runs without privileges on a read-only file system, fetches nothing from outside of the
    model store, and serves OpenAI's surface and its metrics on 8080.
    """

    runtime_name: pulumi.Output[str]
    """Name by which models choose it; known once it is there."""

    def __init__(
        self, name: str, args: VllmRuntimeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        runtime_name = args.get("runtime_name", name)
        named: VllmRuntimeArgs = {**args, "runtime_name": runtime_name}
        raise_if_wrong(f"VllmRuntime '{name}'", VllmRuntimeArgs, named, check_vllm_runtime)
        super().__init__("VllmRuntime", name, args, args.get("tags", {}), opts)
        self.runtime_name = make_runtime(self, name, runtime_name, runtime_spec(shape(args)))
        self.register_outputs({"runtime_name": self.runtime_name})


def shape(args: VllmRuntimeArgs) -> VllmShape:
    """What the inputs say, defaults filled in."""
    return VllmShape(
        image=args.get("image", VLLM.reference),
        shared_memory=args.get("shared_memory", "4Gi"),
        startup_seconds=args.get("startup_minutes", 20) * 60,
        gpu_memory_share=args.get("gpu_memory_percent", 90) / 100,
        extra_args=tuple(args.get("extra_args", [])),
    )
