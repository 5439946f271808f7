"""Labels and annotations of Kubernetes objects: who pays for them, and whose they are. Pure."""

import re
from collections.abc import Mapping

from llm_platform.naming import shortened

LABEL_LIMIT = 63

NAME_LABEL = "app.kubernetes.io/name"
COMPONENT_LABEL = "app.kubernetes.io/component"
OWN_LABELS: Mapping[str, str] = {
    "app.kubernetes.io/managed-by": "pulumi",
    "app.kubernetes.io/part-of": "llm-platform",
}
"""Labels of everything that the library makes."""

STACK_ANNOTATION = "llm-platform.dev/stack"
"""Names the stack, as ``project/stack``; a label could not hold the slash."""
RESOURCE_ANNOTATION = "llm-platform.dev/resource"
"""Names the logical resource within the stack."""

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Set by Kubernetes on every namespace; cannot be forged."""
TENANT_LABEL = "llm-platform.dev/tenant"
"""Marks namespaces of tenants, whose routes the platform's gateway accepts."""

_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9_.-]+")


def label_value(text: str) -> str:
    """`text` as the value of a label: other characters than Kubernetes allows become hyphens.

    A text that is too long keeps its beginning and gets a digest, so that two stay apart.
    """
    cleaned = _NOT_IN_LABELS.sub("-", text).strip("-_.")
    return shortened(cleaned, LABEL_LIMIT)


def label_key(text: str) -> str:
    """A tag's key as the key of a label; what stands before a colon or slash stays part of it."""
    return label_value(text)


def pod_security_labels(level: str, version: str) -> dict[str, str]:
    """Labels that hold the pods of a namespace to a Pod Security level.

    Whatever the level, users are warned of what `restricted` would refuse, and it is audited.

    Args:
        level: The level that is enforced.
        version: Kubernetes minor version whose definition of the levels holds, such as 1.35.
    """
    prefix = "pod-security.kubernetes.io"
    labels: dict[str, str] = {}
    for mode, value in (("enforce", level), ("audit", "restricted"), ("warn", "restricted")):
        labels[f"{prefix}/{mode}"] = value
        labels[f"{prefix}/{mode}-version"] = f"v{version}"
    return labels
