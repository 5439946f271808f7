"""Metadata of the library's Kubernetes objects, and the namespaces that it makes."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent, stack_id
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.kubernetes.labels import (
    OWN_LABELS,
    RESOURCE_ANNOTATION,
    STACK_ANNOTATION,
    label_key,
    label_value,
    pod_security_labels,
)


def cost_labels(tags: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
    """A component's tags as labels, by which costs inside the cluster are told apart."""
    return {
        label_key(key): label_value(value)
        if isinstance(value, str)
        else pulumi.Output.from_input(value).apply(label_value)
        for key, value in tags.items()
    }


def metadata(
    component: PlatformComponent,
    resource: str,
    name: str,
    namespace: pulumi.Input[str] | None = None,
    labels: Mapping[str, pulumi.Input[str]] | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> Any:
    """Metadata of an object: its name, whose it is, who pays for it.

    Args:
        component: Component that the object belongs to; its tags become labels.
        resource: Logical name of the resource.
        name: Name of the object in Kubernetes.
        namespace: Namespace of the object; none for one of the whole cluster.
        labels: Further labels; they win over the component's.
        annotations: Further annotations.
    """
    identity = {STACK_ANNOTATION: stack_id(), RESOURCE_ANNOTATION: resource}
    found: dict[str, Any] = {
        "name": name,
        "labels": {**cost_labels(component.base_tags), **OWN_LABELS, **(labels or {})},
        "annotations": {**(annotations or {}), **identity},
    }
    if namespace is not None:
        found["namespace"] = namespace
    return found


def make_namespace(
    component: PlatformComponent,
    resource: str,
    name: str,
    level: PodSecurity,
    version: str,
    labels: Mapping[str, pulumi.Input[str]] | None = None,
) -> kubernetes.core.v1.Namespace:
    """A namespace whose pods are held to a Pod Security level.

    Args:
        component: Parent of the namespace.
        resource: Logical name.
        name: Name in Kubernetes.
        level: What its pods may ask of their node.
        version: Kubernetes minor version whose definition of the levels holds.
        labels: Further labels.
    """
    held = pod_security_labels(PodSecurity(level).value, version)
    return kubernetes.core.v1.Namespace(
        resource,
        metadata=metadata(component, resource, name, labels={**(labels or {}), **held}),
        opts=component.child(),
    )
