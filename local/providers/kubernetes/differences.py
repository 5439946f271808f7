"""What can be changed in place, and what needs another object. Pure."""

from collections.abc import Mapping
from typing import Any

from local.providers.diff import Path, Rule, covers, diff_inputs, parse_path
from local.providers.kubernetes.objects import AUTONAMED, TypeToken, is_annotated, metadata
from local.providers.kubernetes.quantities import is_quantity, same_quantity
from local.providers.model import Diff

ALWAYS_FIXED = ("kind", "metadata.name", "metadata.namespace")

FIXED: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.dataSource",
        "spec.dataSourceRef",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    ("", "Pod"): (
        "spec.containers[*].name",
        "spec.nodeName",
        "spec.serviceAccountName",
        "spec.volumes",
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.names.kind",
        "spec.names.plural",
        "spec.scope",
    ),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): (
        "spec.completionMode",
        "spec.completions",
        "spec.selector",
        "spec.template",
    ),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("resource.k8s.io", "ResourceClaim"): ("spec",),
    ("resource.k8s.io", "ResourceClaimTemplate"): ("spec",),
    ("scheduling.k8s.io", "PriorityClass"): ("preemptionPolicy", "value"),
    ("storage.k8s.io", "StorageClass"): (
        "parameters",
        "provisioner",
        "reclaimPolicy",
        "volumeBindingMode",
    ),
}
"""Fields that the API server does not let anyone change, by group and kind."""

DATA = ("data", "binaryData", "stringData", "immutable")


def manifest_diff(
    token: TypeToken, old: Mapping[str, Any], new: Mapping[str, Any], ignore: tuple[str, ...] = ()
) -> Diff:
    """Difference of two manifests; a name that the program chose cannot stand twice.

    Another version of the same group is another way to write the same object; another group is
    another object.
    """
    group = group_of(token.api_version)
    fixed = [parse_path(text) for text in (*ALWAYS_FIXED, *FIXED.get((group, token.kind), ()))]
    if group_of(old.get("apiVersion")) != group_of(new.get("apiVersion")):
        fixed.append(("apiVersion",))
    if group == "" and token.kind in {"ConfigMap", "Secret"} and old.get("immutable") is True:
        fixed += [(name,) for name in DATA]

    def rule(path: Path) -> Rule:
        return Rule(
            replace=any(covers(each, path) for each in fixed),
            same=same_quantity if is_quantity(path) else None,
        )

    named_by_program = not is_annotated(new, AUTONAMED)
    return diff_inputs(old, new, rule, ignore, delete_before_replace=named_by_program)


def group_of(api_version: Any) -> str:
    """Group of an API version; empty for the oldest kinds."""
    return str(api_version).rpartition("/")[0]


def with_room(manifest: Mapping[str, Any], namespace: str | None) -> Mapping[str, Any]:
    """`manifest` with its namespace written out, where it is left to the provider."""
    given = manifest.get("metadata")
    if namespace is None or not isinstance(given, Mapping) or "namespace" in given:
        return manifest
    return {**manifest, "metadata": {**metadata(manifest), "namespace": namespace}}
