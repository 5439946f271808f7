"""Settings as inputs of components: what a stack file says, in the library's words.

Pure. The stack adds what only the cloud knows, such as the ID of the VPC; the rules hold the
rest against the library's own checks before anything is started.
"""

from typing import TYPE_CHECKING

from infra.settings import GpuPool, Settings

if TYPE_CHECKING:
    from llm_platform import (
        ClusterArgs,
        CostBudgetArgs,
        GpuNodePoolArgs,
        NetworkArgs,
    )

MAX_NODES_HEADROOM = 2
"""Nodes beyond every pool's maximum for which the network leaves room: updates add before they
take away."""

PODS_PER_NODE = 58
"""Pods of one m7i.xlarge without prefix delegation."""


def cluster_name(settings: Settings) -> str:
    """Name of the cluster in EKS."""
    return f"llm-{settings.environment.name}"


def cost_tags(settings: Settings) -> dict[str, str]:
    """Tags by which a bill is told apart; the policy pack wants them on everything."""
    environment = settings.environment
    return {
        "environment": environment.name,
        "owner": environment.owner,
        "team": environment.team,
        "cost-center": environment.cost_center,
    }


def network_args(settings: Settings) -> "NetworkArgs":
    """Inputs of the network."""
    network = settings.network
    nodes = settings.cluster.system_nodes.maximum + sum(p.maximum for p in settings.gpu_pools)
    return {
        "cidr": network.cidr,
        "zones": list(network.zones),
        "nat": network.nat_gateways,
        "endpoints": list(network.endpoints),
        "cluster_name": cluster_name(settings),
        "max_nodes": nodes + MAX_NODES_HEADROOM,
        "max_pods": nodes * PODS_PER_NODE,
        "flow_log_retention_days": network.flow_log_retention_days,
        "tags": {**cost_tags(settings)},
    }


def cluster_args(settings: Settings) -> "ClusterArgs":
    """Inputs of the cluster; the stack fills in VPC and subnets."""
    from llm_platform.aws.kinds import AccessPolicy  # noqa: PLC0415

    cluster = settings.cluster
    nodes = cluster.system_nodes
    return {
        "vpc_id": "",
        "subnet_ids": [],
        "cluster_name": cluster_name(settings),
        "kubernetes_version": cluster.kubernetes_version,
        "public_access_cidrs": list(cluster.public_access_cidrs),
        "access": {
            each.name: {
                "principal_arn": each.principal_arn,
                "policies": [{"policy": AccessPolicy.CLUSTER_ADMIN}],
            }
            for each in cluster.administrators
        },
        "creator_admin": cluster.creator_is_administrator,
        "log_retention_days": cluster.log_retention_days,
        "deletion_protection": cluster.deletion_protection,
        "system_nodes": {
            "instance_types": list(nodes.instance_types),
            "min_size": nodes.minimum,
            "max_size": nodes.maximum,
        },
        "tags": {**cost_tags(settings)},
    }


def gpu_pool_args(settings: Settings, pool: GpuPool) -> "GpuNodePoolArgs":
    """Inputs of a GPU pool; the stack fills in cluster and subnets."""
    args: GpuNodePoolArgs = {
        "cluster_name": cluster_name(settings),
        "subnet_ids": ["subnet-1"],
        "instance_types": list(pool.instance_types),
        "min_size": pool.minimum,
        "max_size": pool.maximum,
        "autoscaler": pool.autoscaler,
        "pool_name": pool.name,
        "ami_family": pool.ami_family,
        "capacity": pool.capacity,
        "volume": {"size_gib": pool.root_volume_gib},
        "tags": {**cost_tags(settings)},
    }
    if pool.reservation_id is not None:
        args["reservation_id"] = pool.reservation_id
    return args


def budget_args(settings: Settings) -> "CostBudgetArgs | None":
    """Inputs of the AWS Budget; none when nobody is to be told."""
    if settings.cost.alert_email is None:
        return None
    return {
        "monthly_usd": settings.cost.monthly_budget_usd,
        "emails": [settings.cost.alert_email],
        "tags": {**cost_tags(settings)},
    }
