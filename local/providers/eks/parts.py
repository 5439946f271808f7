"""The components inside `eks.Cluster`: its service role and the vpc-cni add-on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi

from local.providers.eks import values
from local.providers.eks.raw import AwsResource, Role

CLUSTER_POLICY = "AmazonEKSClusterPolicy"


class ServiceRole(pulumi.ComponentResource):
    """The role that EKS assumes, with its managed policy."""

    def __init__(self, name: str, tags: Any, parent: pulumi.Resource) -> None:
        super().__init__("eks:index:ServiceRole", name, {}, pulumi.ResourceOptions(parent=parent))
        statement = {
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Effect": "Allow",
            "Principal": {"Service": ["eks.amazonaws.com"]},
        }
        role = AwsResource(
            "aws:iam/role:Role",
            f"{name}-role",
            {
                "assumeRolePolicy": json.dumps(
                    {"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")
                ),
                "description": "Allows EKS to manage clusters on your behalf.",
                "tags": tags,
            },
            self,
            outputs=("arn", "name"),
        )
        arn = f"arn:aws:iam::aws:policy/{CLUSTER_POLICY}"
        digest = hashlib.sha1(arn.encode(), usedforsecurity=False).hexdigest()[:8]
        attachment = AwsResource(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            f"{name}-{digest}",
            {"policyArn": arn, "role": role.output("name")},
            self,
        )
        self.made = Role(role, [attachment])
        self.register_outputs({})


class VpcCniAddon(pulumi.ComponentResource):
    """The vpc-cni add-on with its environment worked out."""

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        cluster: AwsResource,
        tags: Any,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("eks:index:VpcCniAddon", name, {}, opts)
        version = options.get("addonVersion") or newest_version("vpc-cni", cluster, self)
        AwsResource(
            "aws:eks/addon:Addon",
            name,
            {
                "addonName": "vpc-cni",
                "addonVersion": version,
                "clusterName": cluster.output("name"),
                "configurationValues": pulumi.Output.from_input(dict(options)).apply(
                    values.cni_configuration
                ),
                "preserve": True,
                "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
                "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
                "serviceAccountRoleArn": options.get("serviceAccountRoleArn"),
                "tags": tags,
            },
            self,
        )
        self.register_outputs({})


def newest_version(addon: str, cluster: AwsResource, parent: pulumi.Resource) -> pulumi.Output[Any]:
    """The newest version of an add-on, asked when none is pinned."""
    return pulumi.Output.all(cluster.output("version")).apply(
        lambda known: pulumi.runtime.invoke(
            "aws:eks/getAddonVersion:getAddonVersion",
            {"addonName": addon, "kubernetesVersion": known[0], "mostRecent": True},
            pulumi.InvokeOptions(parent=parent),
        ).value["version"]
    )
