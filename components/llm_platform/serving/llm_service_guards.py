"""What protects a served model's pods: network policies, disruption budgets, monitors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.kubernetes.network_rules import gateway_of_model, served_model
from llm_platform.serving import gateway_transformer as front
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.llm_service_spec import (
    disruption_budget,
    metrics_port,
    part_labels,
    service_part_labels,
    serving_ports,
)
from llm_platform.serving.monitors import API_VERSION, pod_monitor
from llm_platform.serving.owned import Kind, Owned
from llm_platform.serving.routes import GRPC_PORTS, Part, Variant

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs

GATEWAY_NAMESPACES = ("envoy-gateway-system",)
MONITORING_NAMESPACES = ("monitoring",)
ANYWHERE = "0.0.0.0/0"


class Guards:
    """Network policies, disruption budgets and monitors of a service.

    `made` holds all of them: they must stand before pods do.

    Args:
        owned: Makes objects of the service.
        args: Inputs of the service.
        variants: Its variants.
    """

    def __init__(
        self, owned: Owned, args: "LlmServiceArgs", variants: Sequence[ServiceShape]
    ) -> None:
        self._owned = owned
        self._args = args
        self._shape = variants[0]
        self._parts = [Part.SERVER, *([Part.GATEWAY] if "gateway" in args else [])]
        self._ports = sorted({port for each in variants for port in serving_ports(each)})
        self._metrics = sorted({metrics_port(each) for each in variants})
        self.made: list[pulumi.Resource] = [self._server_policy()]
        if "gateway" in args:
            self.made.append(self._gateway_policy())
        self.made += [self._budget(each, part) for each in variants for part in self._parts]
        if args.get("monitored", False):
            self.made += [self._monitor(part) for part in self._parts]

    def _by_namespace(self, ports: Sequence[int], metrics: Sequence[int]) -> dict[str, list[int]]:
        callers = dict.fromkeys(self._args.get("callers", GATEWAY_NAMESPACES), ports)
        scrapers = dict.fromkeys(self._args.get("scrapers", MONITORING_NAMESPACES), metrics)
        return {
            name: list(dict.fromkeys((*callers.get(name, ()), *scrapers.get(name, ()))))
            for name in sorted({*callers, *scrapers})
        }

    def _server_policy(self) -> kubernetes.networking.v1.NetworkPolicy:
        service, args = self._owned.service, self._args
        direct = args.get("route", {}).get("direct", False)
        if "gateway" not in args:
            asked: Sequence[int] = self._ports
        else:
            asked = [GRPC_PORTS[Part.SERVER]] if direct else []
        neighbours = None
        if "gateway" in args:
            neighbours = (service_part_labels(service, Part.GATEWAY), self._ports)
        callers = self._by_namespace(asked, self._metrics)
        spec = served_model(
            service_part_labels(service, Part.SERVER),
            {name: ports for name, ports in callers.items() if ports},
            args.get("storage_cidrs", [ANYWHERE]),
            neighbours,
        )
        return self._policy("network", service, spec)

    def _gateway_policy(self) -> kubernetes.networking.v1.NetworkPolicy:
        service = self._owned.service
        asked = (front.HTTP_PORT, GRPC_PORTS[Part.GATEWAY])
        spec = gateway_of_model(
            service_part_labels(service, Part.GATEWAY),
            self._by_namespace(asked, (front.HTTP_PORT,)),
            (service_part_labels(service, Part.SERVER), self._ports),
        )
        return self._policy("gateway-network", f"{service}-gateway", spec)

    def _policy(
        self, part: str, name: str, spec: dict[str, Any]
    ) -> kubernetes.networking.v1.NetworkPolicy:
        return kubernetes.networking.v1.NetworkPolicy(
            self._owned.resource(part),
            metadata=self._owned.metadata(part, name),
            spec=_raw(spec),
            opts=self._owned.component.child(),
        )

    def _budget(self, shape: ServiceShape, part: Part) -> kubernetes.policy.v1.PodDisruptionBudget:
        prefix = "candidate-" if shape.variant is Variant.CANDIDATE else ""
        suffix = "gateway-budget" if part is Part.GATEWAY else "budget"
        name = f"{shape.name}-gateway" if part is Part.GATEWAY else shape.name
        return kubernetes.policy.v1.PodDisruptionBudget(
            self._owned.resource(f"{prefix}{suffix}"),
            metadata=self._owned.metadata(f"{prefix}{suffix}", name),
            spec=_raw(disruption_budget(part_labels(shape, part))),
            opts=self._owned.component.child(),
        )

    def _monitor(self, part: Part) -> pulumi.Resource:
        service, custom = self._owned.service, self._shape.custom
        gateway = part is Part.GATEWAY
        triton = self._shape.server is ModelServer.TRITON
        port = "metrics" if triton and not gateway else "http"
        path = custom.metrics_path if custom and not gateway else "/metrics"
        return self._owned.custom(
            "gateway-monitor" if gateway else "monitor",
            Kind(API_VERSION, "PodMonitor"),
            f"{service}-gateway" if gateway else service,
            pod_monitor(service, part, port, path),
        )


def _raw(spec: dict[str, Any]) -> Any:
    """A specification in Kubernetes' own words, for a class that has words of its own too."""
    return spec
