"""Fields that somebody other than Pulumi decides, declared once. Pure.

The one source for what components leave out of updates by ``ignore_changes`` and for what
`llmp drift` calls left alone. A field belongs here when a controller of the platform changes it
for good reasons after Pulumi has set its first value.

Paths of Kubernetes objects end above any list: the provider takes a field out of what it applies
only when its path names no item of a list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

_INDEX = re.compile(r"\[\d+\]")


class FieldOwner(Enum):
    """Who decides the value of a field after its creation."""

    AUTOSCALER = "autoscaler"
    """HPA, KEDA, the Cluster Autoscaler or Karpenter."""
    ROLLOUT = "rollout"
    """KServe, or the workflow that moves traffic from one version to the next."""
    CREATION = "creation"
    """Nobody: the cloud takes the value at creation and never reports it again."""


@dataclass(frozen=True)
class Declared:
    """Fields of a type of resource that somebody else decides.

    Attributes:
        type: Type token, with ``*`` for any text, as in ``kubernetes:*:Rollout``.
        path: Property path in the provider's spelling, with ``[*]`` for any position of a list.
        owner: Who decides.
        why: The reason, as a sentence for people.
    """

    type: str
    path: str
    owner: FieldOwner
    why: str

    def covers(self, type_token: str, path: str) -> bool:
        """Whether `path` of a resource of that type is this field or something in it."""
        if not fnmatchcase(type_token, self.type):
            return False
        general = _INDEX.sub("[*]", path)
        return general == self.path or general.startswith((f"{self.path}.", f"{self.path}["))


NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
GRPC_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:GRPCRoute"

DECLARED: tuple[Declared, ...] = (
    Declared(
        NODE_GROUP,
        "scalingConfig.desiredSize",
        FieldOwner.AUTOSCALER,
        "The Cluster Autoscaler sets the number of nodes between the bounds.",
    ),
    *(
        Declared(
            f"kubernetes:{kind}",
            "spec.replicas",
            FieldOwner.AUTOSCALER,
            "An HPA or KEDA sets the number of pods between its bounds.",
        )
        for kind in (
            "apps/v1:Deployment",
            "apps/v1:ReplicaSet",
            "apps/v1:StatefulSet",
            "argoproj.io/v1alpha1:Rollout",
        )
    ),
    *(
        Declared(
            route,
            "spec.rules",
            FieldOwner.ROLLOUT,
            "A rollout moves the weights of the backends; the list of rules has one owner as a "
            "whole.",
        )
        for route in (HTTP_ROUTE, GRPC_ROUTE)
    ),
    *(
        Declared(
            "aws:eks/cluster:Cluster",
            path,
            FieldOwner.CREATION,
            "EKS takes it when the cluster is made and does not report it afterwards.",
        )
        for path in (
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
            "bootstrapSelfManagedAddons",
        )
    ),
)
"""Every declared field. Which of them a resource leaves alone is in its ``ignore_changes``."""


def left_to(owner: FieldOwner, type_token: str, table: Sequence[Declared] = DECLARED) -> list[str]:
    """What to put into ``ignore_changes`` of a resource where `owner` is at work.

    Args:
        owner: Who changes fields of the resource.
        type_token: Type of the resource, such as ``kubernetes:apps/v1:Deployment``.
        table: The declarations.

    Raises:
        LookupError: Nothing of that type is declared to be the owner's.
    """
    paths = [
        each.path for each in table if each.owner is owner and fnmatchcase(type_token, each.type)
    ]
    if not paths:
        raise LookupError(f"no field of {type_token} is declared to belong to {owner.value}")
    return paths


def declared(type_token: str, path: str, table: Sequence[Declared] = DECLARED) -> Declared | None:
    """The declaration that holds for a field, if there is one."""
    return next((each for each in table if each.covers(type_token, path)), None)
