"""Storage parameters and priorities of a cluster. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

STORAGE_CLASS = "gp3"
RETAINED_CLASS = "gp3-retain"


@dataclass(frozen=True)
class Priority:
    """A priority class.

    Attributes:
        value: The higher, the earlier its pods are scheduled; EKS's own start at two billion.
        preemption: ``PreemptLowerPriority`` or ``Never``.
        description: For people.
    """

    value: int
    preemption: str
    description: str


PRIORITIES: Mapping[str, Priority] = MappingProxyType(
    {
        "llm-platform": Priority(
            1_000_000, "PreemptLowerPriority", "Add-ons without which nothing is served or seen."
        ),
        "llm-serving": Priority(100_000, "PreemptLowerPriority", "Models that answer requests."),
        "llm-batch": Priority(-1_000, "Never", "Training and evaluation; waits and makes way."),
    }
)
"""By name. Pods that name none have priority 0, between serving and batch."""


STORAGE_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {"type": "gp3", "encrypted": "true", "csi.storage.k8s.io/fstype": "ext4"}
)
"""Parameters of the EBS driver for every class."""

TAG_PARAMETER = "tagSpecification_{number}"
"""Parameter that gives every volume of a class a tag, as ``key=value``; counted from 1."""
