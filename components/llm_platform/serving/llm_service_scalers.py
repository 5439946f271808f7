"""Autoscalers of a served model's variants."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.serving import scaling
from llm_platform.serving.gateway_transformer import gateway_shape
from llm_platform.serving.llm_service_shape import ServiceShape, candidate_args, model_memory
from llm_platform.serving.owned import Kind, Owned
from llm_platform.serving.routes import Part, Variant
from llm_platform.serving.vram import GIB, weights_bytes

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs


class Scalers:
    """KEDA, HPA and VPA of a service, as its inputs ask for them.

    Args:
        owned: Makes objects of the service.
        args: Inputs of the service.
        variants: Its variants.
        services: Their InferenceServices: what is scaled stands first.
    """

    def __init__(
        self,
        owned: Owned,
        args: "LlmServiceArgs",
        variants: Sequence[ServiceShape],
        services: Sequence[pulumi.Resource],
    ) -> None:
        self._owned = owned
        for shape, service in zip(variants, services, strict=True):
            candidate = shape.variant is Variant.CANDIDATE
            own = candidate_args(args) if candidate else args
            prefix = "candidate-" if candidate else ""
            if "scaling" in own:
                self._horizontal(prefix, shape, own, service)
            if "recommendations" in own:
                self._vertical(prefix, shape, own, service)

    def _horizontal(
        self,
        prefix: str,
        shape: ServiceShape,
        args: "LlmServiceArgs",
        service: pulumi.Resource,
    ) -> None:
        footprint = args.get("footprint")
        weights = weights_bytes(model_memory(footprint)) / GIB if footprint else 0.0
        how = scaling.scaling_shape(args.get("scaling", {}), shape.min_replicas, weights)
        self._owned.custom(
            f"{prefix}scaler",
            Kind(scaling.KEDA, "ScaledObject"),
            shape.name,
            scaling.scaled_object(shape, how, args["namespace"]),
            [service],
        )
        if "gateway" not in args:
            return
        front = gateway_shape(args["gateway"], wakes=how.to_zero)
        spec: Any = scaling.gateway_scaler(shape, front.min_replicas, front.max_replicas, how)
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            self._owned.resource(f"{prefix}gateway-scaler"),
            metadata=self._owned.metadata(f"{prefix}gateway-scaler", f"{shape.name}-gateway"),
            spec=spec,
            opts=self._owned.component.child(depends_on=[service]),
        )

    def _vertical(
        self,
        prefix: str,
        shape: ServiceShape,
        args: "LlmServiceArgs",
        service: pulumi.Resource,
    ) -> None:
        asked = {Part.SERVER: scaling.server_resources(args)}
        if "gateway" in args:
            asked[Part.GATEWAY] = scaling.gateway_resources(args)
        for part, resources in asked.items():
            if not resources:
                continue
            suffix = "gateway-recommender" if part is Part.GATEWAY else "recommender"
            name = f"{shape.name}-gateway" if part is Part.GATEWAY else shape.name
            self._owned.custom(
                f"{prefix}{suffix}",
                Kind(scaling.VPA, "VerticalPodAutoscaler"),
                name,
                scaling.recommender(shape, part, resources),
                [service],
            )
