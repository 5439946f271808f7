"""Settings as inputs of components: what a stack file says, in the library's words.

Pure. The stack adds what only the cloud knows, such as the ID of the VPC; the rules hold the
rest against the library's own checks before anything is started.
"""

from typing import TYPE_CHECKING

from infra.settings import GpuPool, Service, Settings, Tenant
from llm_platform.addons.order import default_addons
from llm_platform.aws.kinds import AccessPolicy, NodeAutoscaler
from llm_platform.gpu.advertiser import default_advertiser
from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily

if TYPE_CHECKING:
    from llm_platform import (
        ClusterArgs,
        CostBudgetArgs,
        GpuNodePoolArgs,
        LlmServiceArgs,
        NetworkArgs,
        TenantNamespaceArgs,
    )

SPARE_NODES = 2
"""Nodes beyond every maximum that the network has room for: updates add before they take away."""

PODS_PER_NODE = 58
"""Pods of one m7i.xlarge."""

AUTOSCALER = "cluster-autoscaler"
RUNTIME = "triton"


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
        "max_nodes": nodes + SPARE_NODES,
        "max_pods": nodes * PODS_PER_NODE,
        "flow_log_retention_days": network.flow_log_retention_days,
        "tags": {**cost_tags(settings)},
    }


def cluster_args(settings: Settings) -> "ClusterArgs":
    """Inputs of the cluster; the stack fills in VPC and subnets."""
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
    """Inputs of a GPU pool; the stack fills in the subnets."""
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


def advertised_pools(settings: Settings) -> tuple[tuple[GpuAmiFamily, GpuAdvertiser], ...]:
    """Operating system of every GPU pool, and who tells Kubernetes of its GPUs."""
    return tuple(
        (pool.ami_family, default_advertiser(pool.ami_family)) for pool in settings.gpu_pools
    )


def selected_addons(settings: Settings) -> list[str]:
    """Names of the add-ons of this environment."""
    also = set(settings.addons.also)
    if any(p.autoscaler is NodeAutoscaler.CLUSTER_AUTOSCALER for p in settings.gpu_pools):
        also.add(AUTOSCALER)
    return default_addons(settings.addons.size, settings.addons.without, sorted(also))


def tenant_args(settings: Settings, tenant: Tenant) -> "TenantNamespaceArgs":
    """Inputs of a tenant's namespace."""
    return {
        "namespace_name": tenant.name,
        "gpus": tenant.gpus,
        "cpus": tenant.cpus,
        "memory_gib": tenant.memory_gib,
        "tags": {**cost_tags(settings), "team": tenant.name},
    }


def service_args(settings: Settings, service: Service) -> "LlmServiceArgs":
    """Inputs of a served model; the stack fills in repository, runtime and access."""
    args: LlmServiceArgs = {
        "namespace": service.tenant,
        "model": service.model,
        "repository_uri": "s3://bucket/model_repo/",
        "runtime": RUNTIME,
        "service_name": service.name,
        "gpus": service.gpus,
        "cpus": service.cpus,
        "memory_gib": service.memory_gib,
        "min_replicas": service.replicas,
        "max_replicas": service.maximum_replicas,
        "tags": {**cost_tags(settings), "team": service.tenant},
    }
    if service.pool is not None:
        args["pool"] = service.pool
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
