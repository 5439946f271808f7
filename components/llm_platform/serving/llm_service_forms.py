"""Variants of a served model in the forms that KServe does not make."""

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.serving.gateway_transformer import GatewayShape, transformer
from llm_platform.serving.kinds import ServingForm
from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.llm_service_spec import part_labels, service_labels
from llm_platform.serving.multi_node import API_VERSION, KIND, leader_labels, leader_worker_set
from llm_platform.serving.owned import Extras, Kind, Owned
from llm_platform.serving.plain_pods import headless, service_spec
from llm_platform.serving.routes import Part, Variant, part_of
from llm_platform.serving.stateful import headless_name, stateful_set

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs

NOT_WAITED_FOR = {"pulumi.com/skipAwait": "true"}
"""Of a Service whose pods come after it, and of which an autoscaler may leave none: the engine
would wait for one behind it."""


class PlainVariant:
    """A variant made of Kubernetes' own kinds, by the names that KServe would give.

    Args:
        owned: Makes objects of the service.
        shape: The variant.
        account: Name of the service account.
        gates: What must stand before pods do.
    """

    def __init__(
        self,
        owned: Owned,
        shape: ServiceShape,
        account: pulumi.Output[str],
        gates: list[pulumi.Resource],
    ) -> None:
        self._owned = owned
        self._shape = shape
        self._account = account
        self._gates = gates
        self._prefix = "candidate-" if shape.variant is Variant.CANDIDATE else ""

    def server(self, args: "LlmServiceArgs", repository: Any) -> pulumi.Resource:
        """The model server: what runs its pods, and its Services."""
        shape = self._shape
        stateful = shape.form is ServingForm.STATEFUL_SET
        selector = part_labels(shape, Part.SERVER) if stateful else leader_labels(shape)
        name = part_of(shape.service, shape.variant, Part.SERVER)
        spec = service_spec(shape, Part.SERVER, selector)
        services = [self._service("server-address", name, spec)]
        if not stateful:
            groups = leader_worker_set(shape, self._account, repository, args.get("nodes", 1))
            labels = Extras(service_labels(shape.service, shape.variant))
            kind = Kind(API_VERSION, KIND)
            return self._owned.custom(
                f"{self._prefix}server", kind, name, groups, [*self._gates, *services], labels
            )
        services.append(self._service("server-pods", headless_name(shape), headless(spec)))
        cache = args.get("cache", {})
        size, storage_class = cache.get("storage_gib", 1), cache.get("storage_class", "")
        pods: Any = stateful_set(shape, self._account, repository, size, storage_class)
        part = f"{self._prefix}server"
        labels = service_labels(shape.service, shape.variant)
        return kubernetes.apps.v1.StatefulSet(
            self._owned.resource(part),
            metadata=self._owned.metadata(part, name, labels),
            spec=pods,
            opts=self._owned.component.child(depends_on=[*self._gates, *services]),
        )

    def gateway(self, front: GatewayShape, settings: str) -> pulumi.Resource:
        """The gateway: a Deployment and its Service."""
        shape = self._shape
        labels = part_labels(shape, Part.GATEWAY)
        name = part_of(shape.service, shape.variant, Part.GATEWAY)
        pods = transformer(shape, front, self._account, settings)
        replicas = pods.pop("minReplicas")
        annotations, strategy = pods.pop("annotations"), pods.pop("deploymentStrategy")
        for name_of_kserve in ("maxReplicas", "timeout"):
            del pods[name_of_kserve]
        service = self._service("gateway-address", name, service_spec(shape, Part.GATEWAY, labels))
        spec: Any = {
            "selector": {"matchLabels": labels},
            "strategy": strategy,
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pods},
        }
        if not shape.scaled:
            spec["replicas"] = replicas
        part = f"{self._prefix}gateway"
        return kubernetes.apps.v1.Deployment(
            self._owned.resource(part),
            metadata=self._owned.metadata(part, name, service_labels(shape.service, shape.variant)),
            spec=spec,
            opts=self._owned.component.child(depends_on=[*self._gates, service]),
        )

    def _service(self, part: str, name: str, spec: Any) -> kubernetes.core.v1.Service:
        resource = f"{self._prefix}{part}"
        return kubernetes.core.v1.Service(
            self._owned.resource(resource),
            metadata=self._owned.metadata(resource, name, annotations=NOT_WAITED_FOR),
            spec=spec,
            opts=self._owned.component.child(),
        )
