"""Objects of one served model: their names, labels and parent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent
from llm_platform.kubernetes.labels import COMPONENT_LABEL, NAME_LABEL
from llm_platform.kubernetes.objects import metadata
from llm_platform.serving.gateway_transformer import SETTINGS_FILE, settings_name


class Kind(NamedTuple):
    """A kind that a CRD defines."""

    api_version: str
    name: str


@dataclass(frozen=True)
class Extras:
    """What few objects have.

    Attributes:
        labels: Further labels.
        annotations: Annotations.
        ignore_changes: Fields that somebody else decides once the object is there.
    """

    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore_changes: Sequence[str] = ()


class Owned:
    """Makes objects that belong to a served model.

    Args:
        component: The component; parent of everything made.
        label: Its logical name; first part of every logical name.
        service: Name of the service in Kubernetes.
        namespace: Its namespace.
    """

    def __init__(
        self,
        component: PlatformComponent,
        label: str,
        service: str,
        namespace: pulumi.Input[str],
    ) -> None:
        self.component = component
        self.service = service
        self.namespace = namespace
        self._label = label

    def resource(self, part: str) -> str:
        """Logical name of a child."""
        return f"{self._label}-{part}"

    def metadata(
        self,
        part: str,
        name: str,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Any:
        """Metadata of an object.

        Args:
            part: What stands behind the component's name in the logical name.
            name: Name in Kubernetes.
            labels: Further labels.
            annotations: Annotations.
        """
        own = {NAME_LABEL: self.service, COMPONENT_LABEL: "model", **(labels or {})}
        resource = self.resource(part)
        return metadata(self.component, resource, name, self.namespace, own, annotations)

    def custom(
        self,
        part: str,
        kind: Kind,
        name: str,
        spec: Any,
        gates: Sequence[pulumi.Resource] = (),
        extras: Extras | None = None,
    ) -> kubernetes.apiextensions.CustomResource:
        """An object of a kind that a CRD defines.

        Args:
            part: What stands behind the component's name in the logical name.
            kind: Its API version and kind.
            name: Name in Kubernetes.
            spec: Its specification.
            gates: What must stand before it.
            extras: What few objects have.
        """
        more = extras or Extras()
        return kubernetes.apiextensions.CustomResource(
            self.resource(part),
            api_version=kind.api_version,
            kind=kind.name,
            metadata=self.metadata(part, name, more.labels, more.annotations),
            spec=spec,
            opts=self.component.child(
                depends_on=list(gates), ignore_changes=list(more.ignore_changes) or None
            ),
        )

    def settings(
        self, part: str, inference_service: str, text: str
    ) -> kubernetes.core.v1.ConfigMap:
        """The ConfigMap with a gateway's settings."""
        return kubernetes.core.v1.ConfigMap(
            self.resource(f"{part}-settings"),
            metadata=self.metadata(f"{part}-settings", settings_name(inference_service)),
            data={SETTINGS_FILE: text},
            opts=self.component.child(),
        )
