"""The stack that is killed in test_recovery.py, in the versions that it goes through."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from llm_platform import Network, PrivateBucket, TenantNamespace, WorkloadIdentity
from llm_platform.aws.account import current_account
from llm_platform.aws.cluster import ClusterArgs
from llm_platform.aws.control_plane import control_plane
from llm_platform.aws.kinds import NatMode
from llm_platform.component import PlatformComponent
from llm_platform.tags import resource_tags
from llm_platform.versions import ADDONS, KUBERNETES_VERSION

CLUSTER = "killed"
ZONES = ["eu-central-1a", "eu-central-1b"]


class Plane(PlatformComponent):
    """pulumi-eks' cluster as our `Cluster` makes it, without nodes and their add-ons."""

    def __init__(self, network: Network, tags: dict[str, pulumi.Input[str]]) -> None:
        super().__init__("TestPlane", "plane", {}, tags, None)
        args: ClusterArgs = {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.private_subnet_ids,
            "cluster_name": CLUSTER,
            "creator_admin": True,
            "deletion_protection": False,
        }
        made = control_plane(self, "plane", args, current_account(self), ADDONS[KUBERNETES_VERSION])
        self.key_arn = made.key_arn
        self.cluster_name = made.name
        self.kubeconfig = made.component.kubeconfig_json
        self.register_outputs({})


def platform(version: int) -> Callable[[], None]:
    """The program: `version` 1 as it is made, 2 with changes in place, 3 with replacements."""

    def run() -> None:
        tags: dict[str, pulumi.Input[str]] = {"team": "ml" if version == 1 else "platform"}
        network = Network(
            "net",
            {
                "cidr": "10.0.0.0/16",
                "zones": ZONES,
                "nat": NatMode.SINGLE,
                "cluster_name": CLUSTER,
                "tags": tags,
            },
        )
        plane = Plane(network, tags)
        PrivateBucket("data", {"purpose": "Data", "kms_key_arn": plane.key_arn, "tags": tags})
        # one after the other, so that every point of the test is reached in its own run
        identity = WorkloadIdentity(
            "app",
            {
                "cluster_name": plane.cluster_name,
                "namespace": "team",
                "service_account": "app",
                "managed_policies": ["AmazonEKS_CNI_Policy"],
                "tags": tags,
            },
            pulumi.ResourceOptions(depends_on=[plane]),
        )
        _replaced(version, network)
        _in_cluster(version, plane, identity)

    return run


def _replaced(version: int, network: Network) -> None:
    """A group that a new description replaces: the new one is made beside the old one."""
    name = "door"
    aws.ec2.SecurityGroup(
        name,
        vpc_id=network.vpc_id,
        description="as it was" if version < 3 else "made anew",
        tags={**resource_tags({}, "llm-platform/local", name)},
    )


def _in_cluster(version: int, plane: Plane, identity: WorkloadIdentity) -> None:
    provider = kubernetes.Provider(
        "kubernetes",
        kubeconfig=plane.kubeconfig,
        cluster_identifier=CLUSTER,
        enable_patch_force=True,
    )
    options = pulumi.ResourceOptions(provider=provider)
    tenant = TenantNamespace(
        "team",
        {
            "namespace_name": "team",
            "service_accounts": ["app"],
            "pods": 10 if version == 1 else 20,
        },
        pulumi.ResourceOptions(provider=provider, depends_on=[identity]),
    )
    kubernetes.core.v1.ConfigMap(
        "settings",
        metadata={"name": "settings", "namespace": tenant.namespace},
        data={"version": str(version)},
        # changed data replaces it, and two cannot stand under one name
        immutable=True,
        opts=options,
    )
    kubernetes.helm.v3.Release(
        "metrics",
        chart="metrics-server",
        version="3.13.0",
        namespace=tenant.namespace,
        name="metrics",
        repository_opts={"repo": "https://kubernetes-sigs.github.io/metrics-server"},
        values={"replicas": 1},
        opts=options,
    )


def small() -> None:
    """Three things for the runs without recovery, one after the other."""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    vpc = aws.ec2.Vpc(
        "small-vpc", cidr_block="10.9.0.0/16", tags={**resource_tags({}, stack, "small-vpc")}
    )
    address = aws.ec2.Eip(
        "small-address",
        domain="vpc",
        tags={**resource_tags({}, stack, "small-address")},
        opts=pulumi.ResourceOptions(depends_on=[vpc]),
    )
    aws.kms.Key(
        "small-key",
        description="Small",
        tags={**resource_tags({}, stack, "small-key")},
        opts=pulumi.ResourceOptions(depends_on=[address]),
    )
