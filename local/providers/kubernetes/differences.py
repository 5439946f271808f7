"""What can be changed in place, and what needs another object."""

from collections.abc import Mapping
from typing import Any

from local.providers.diff import Path, Rule, diff_inputs, parse_path
from local.providers.kubernetes.objects import AUTONAMED, annotations, same_value
from local.providers.model import Diff

ALWAYS_FIXED = ("apiVersion", "kind", "metadata.name", "metadata.namespace")

FIXED: dict[str, tuple[str, ...]] = {
    "ClusterRoleBinding": ("roleRef",),
    "RoleBinding": ("roleRef",),
    "Job": ("spec.completionMode", "spec.selector", "spec.template"),
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "StatefulSet": (
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "Pod": ("spec.containers[*].name", "spec.nodeName", "spec.serviceAccountName", "spec.volumes"),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "PriorityClass": ("preemptionPolicy", "value"),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
    "StorageClass": (
        "allowedTopologies",
        "parameters",
        "provisioner",
        "reclaimPolicy",
        "volumeBindingMode",
    ),
    "RuntimeClass": ("handler",),
    "IngressClass": ("spec.controller",),
    "CustomResourceDefinition": ("spec.group", "spec.names.kind", "spec.scope"),
}
"""Fields that the API server does not let anyone change, by kind."""


def manifest_diff(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], ignore: tuple[str, ...]
) -> Diff:
    """Difference of two manifests; a name that the program chose cannot stand twice."""
    fixed = [parse_path(text) for text in (*ALWAYS_FIXED, *FIXED.get(kind, ()))]
    if kind in {"ConfigMap", "Secret"} and old.get("immutable") is True:
        fixed += [("data",), ("binaryData",), ("stringData",), ("immutable",)]

    def rule(path: Path) -> Rule:
        return Rule(
            replace=any(_within(path, each) for each in fixed),
            same=same_value,
            empty_is_absent=True,
        )

    named_by_program = str(annotations(new).get(AUTONAMED, "")).lower() != "true"
    return diff_inputs(old, new, rule, ignore, delete_before_replace=named_by_program)


def _within(path: Path, fixed: Path) -> bool:
    if len(path) < len(fixed):
        return False
    return all(want in ("*", have) for want, have in zip(fixed, path, strict=False))
