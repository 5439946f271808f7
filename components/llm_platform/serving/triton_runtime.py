"""TritonRuntime: how Triton Inference Server is run for every model that names it."""

from typing import NotRequired, TypedDict

import pulumi

from llm_platform.component import PlatformComponent
from llm_platform.inputs import raise_if_wrong
from llm_platform.serving.kinds import TritonVariant
from llm_platform.serving.model_runtime import make_runtime
from llm_platform.serving.triton import IMAGES, RuntimeShape, runtime_spec
from llm_platform.serving.triton_runtime_check import check_triton_runtime


class TritonRuntimeArgs(TypedDict):
    """Inputs of a `TritonRuntime`."""

    runtime_name: NotRequired[str]
    """Name by which models choose it. Default: the component's name."""
    variant: NotRequired[TritonVariant]
    """Which backends it has. Default: the standard ones."""
    image: NotRequired[str]
    """Image with a fixed tag or digest, in place of the variant's. Default: NVIDIA's."""
    shared_memory: NotRequired[str]
    """Size of ``/dev/shm``; counts as memory of the pod. Default: 1Gi."""
    startup_minutes: NotRequired[int]
    """How long loading a model may take. Default: 15."""
    metrics_interval_ms: NotRequired[int]
    """How often gauges are read. Default: 2000."""
    extra_args: NotRequired[list[str]]
    """Further arguments of the server. Default: none."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels."""


class TritonRuntime(PlatformComponent):
    """A ClusterServingRuntime, so that tenants can use it and only the platform can change it.

    Triton runs without privileges on a read-only file system, loads only the models that it is
    told to, and serves HTTP, gRPC and metrics on 8080, 9000 and 8002.
    """

    runtime_name: pulumi.Output[str]
    """Name by which models choose it; known once it is there."""

    def __init__(
        self, name: str, args: TritonRuntimeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        runtime_name = args.get("runtime_name", name)
        named: TritonRuntimeArgs = {**args, "runtime_name": runtime_name}
        raise_if_wrong(f"TritonRuntime '{name}'", TritonRuntimeArgs, named, check_triton_runtime)
        super().__init__("TritonRuntime", name, args, args.get("tags", {}), opts)
        self.runtime_name = make_runtime(self, name, runtime_name, runtime_spec(shape(args)))
        self.register_outputs({"runtime_name": self.runtime_name})


def shape(args: TritonRuntimeArgs) -> RuntimeShape:
    """What the inputs say, defaults filled in."""
    variant = TritonVariant(args.get("variant", TritonVariant.STANDARD))
    return RuntimeShape(
        image=args.get("image", IMAGES[variant].reference),
        shared_memory=args.get("shared_memory", "1Gi"),
        startup_minutes=args.get("startup_minutes", 15),
        metrics_interval_ms=args.get("metrics_interval_ms", 2000),
        extra_args=tuple(args.get("extra_args", [])),
    )
