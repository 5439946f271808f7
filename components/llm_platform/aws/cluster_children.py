"""What the children of pulumi-eks' own component get that its arguments cannot say. Pure."""

from collections.abc import Mapping
from typing import Any

from llm_platform.tags import resource_tags

CLUSTER_TYPE = "aws:eks/cluster:Cluster"

TAGGABLE = frozenset(
    {
        CLUSTER_TYPE,
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/addon:Addon",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/role:Role",
    }
)
"""Types of children that carry tags."""


def completed(
    type_: str, name: str, props: Mapping[str, Any], stack: str, *, creator_admin: bool
) -> dict[str, Any] | None:
    """The inputs of a child with its identity tags; None when nothing changes.

    The cluster also gets its creator's rights decided: pulumi-eks always makes the creator an
    administrator.

    Args:
        type_: Type token of the child.
        name: Its logical name.
        props: Its inputs, camelCased; `tags` a plain mapping.
        stack: ``project/stack``.
        creator_admin: Whether whoever creates the cluster administers it.
    """
    if type_ not in TAGGABLE:
        return None
    tags: Mapping[str, Any] = props.get("tags") or {}
    done = {**props, "tags": resource_tags(tags, stack, name)}
    if type_ == CLUSTER_TYPE:
        access: Mapping[str, Any] = props.get("accessConfig") or {}
        done["accessConfig"] = {
            **access,
            "bootstrapClusterCreatorAdminPermissions": creator_admin,
        }
    return done
