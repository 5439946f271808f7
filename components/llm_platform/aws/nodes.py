"""The role and the launch template of a managed node group."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws

from llm_platform.aws.iam import Account, service_trust
from llm_platform.aws.nodes_data import (
    NODE_POLICIES,
    SESSION_MANAGER_POLICY,
    TAGGED_WITH_NODE,
)
from llm_platform.component import PlatformComponent
from llm_platform.naming import slug


def node_role(
    component: PlatformComponent,
    name: str,
    account: pulumi.Output[Account],
    *,
    session_manager: bool,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role of nodes and the policies that must be attached before the first one starts.

    Args:
        component: Parent of what is made.
        name: First part of the logical names.
        account: Where it stands.
        session_manager: Whether people may open a shell by Systems Manager.
    """
    role = aws.iam.Role(
        f"{name}-role",
        description=f"Nodes of {name}",
        assume_role_policy=service_trust("ec2.amazonaws.com"),
        tags=component.tagged(f"{name}-role"),
        opts=component.child(),
    )
    policies = [*NODE_POLICIES, SESSION_MANAGER_POLICY] if session_manager else NODE_POLICIES
    attachments: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{slug(policy)}",
            role=role.name,
            policy_arn=account.apply(_managed(policy)),
            opts=component.child(),
        )
        for policy in policies
    ]
    return role, attachments


def launch_template(
    component: PlatformComponent, name: str, devices: list[Any], **more: Any
) -> aws.ec2.LaunchTemplate:
    """A launch template for a managed node group: no image, no key pair, no public address.

    The metadata service answers to session tokens only, and is out of reach of pods.

    Args:
        component: Parent of the template.
        name: First part of the logical name.
        devices: Block device mappings.
        more: Whatever else this group's template says.
    """
    own = f"{name}-template"
    tags = component.tagged(name)
    return aws.ec2.LaunchTemplate(
        own,
        description=f"Nodes of {name}",
        update_default_version=True,
        block_device_mappings=devices,
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
            "instance_metadata_tags": "disabled",
        },
        tag_specifications=[{"resource_type": kind, "tags": tags} for kind in TAGGED_WITH_NODE],
        tags=component.tagged(own),
        opts=component.child(),
        **more,
    )


def template_reference(template: aws.ec2.LaunchTemplate) -> Any:
    """What a node group says of its launch template: exactly this version."""

    def text(version: int) -> str:
        return str(version)

    return {"id": template.id, "version": template.latest_version.apply(text)}


def _managed(policy: str) -> Callable[[Account], str]:
    def arn(where: Account) -> str:
        return where.managed_policy(policy)

    return arn
