"""Settings as inputs of components: what a stack file says, in the library's words.

Pure. The stack adds what only the cloud knows, such as the ID of the VPC; the rules hold the
rest against the library's own checks before anything is started.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.settings import GpuPool, Settings, Tenant
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import PlatformSize
from llm_platform.addons.order import default_addons
from llm_platform.aws.kinds import AccessPolicy, NodeAutoscaler
from llm_platform.cost import load_catalogue
from llm_platform.gpu.advertiser import default_advertiser
from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily
from llm_platform.node_room import PODS_OF_LARGE_NODE, most_pods
from llm_platform.serving.platform_spec import OPTIONAL

if TYPE_CHECKING:
    from llm_platform import (
        ClusterArgs,
        CostBudgetArgs,
        GpuNodePoolArgs,
        ModelStoreArgs,
        NetworkArgs,
        ServingGatewayArgs,
        ServingPlatformArgs,
        TenantNamespaceArgs,
    )

SPARE_NODES = 2
"""Nodes beyond every maximum that the network has room for: updates add before they take away."""

AUTOSCALER = "cluster-autoscaler"
PASSWORDS = "external-secrets"
WORKFLOWS = "argo-workflows"


def cluster_name(settings: Settings) -> str:
    """Name of the cluster in EKS."""
    return f"llm-{settings.environment.name}"


def cost_tags(settings: Settings) -> dict[str, str]:
    """Tags by which a bill is told apart; the policy pack wants them on everything."""
    environment = settings.environment
    return {
        "environment": environment.name.value,
        "owner": environment.owner,
        "team": environment.team,
        "cost-center": environment.cost_center,
    }


def network_args(settings: Settings) -> "NetworkArgs":
    """Inputs of the network."""
    network = settings.network
    system = settings.cluster.system_nodes
    groups = [(system.maximum, system.instance_types)]
    groups += [(pool.maximum, pool.instance_types) for pool in settings.gpu_pools]
    nodes = sum(maximum for maximum, _ in groups)
    return {
        "cidr": network.cidr,
        "zones": list(network.zones),
        "nat": network.nat_gateways,
        "endpoints": list(network.endpoints),
        "cluster_name": cluster_name(settings),
        "max_nodes": nodes + SPARE_NODES,
        "max_pods": sum(maximum * _most_pods(types) for maximum, types in groups),
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
    """Inputs of a GPU pool; the stack fills in the subnets of its zones."""
    args: GpuNodePoolArgs = {
        "cluster_name": cluster_name(settings),
        "subnet_ids": pool_zones(settings, pool),
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


def pool_zones(settings: Settings, pool: GpuPool) -> list[str]:
    """Zones in which the nodes of a pool stand."""
    return list(pool.zones or settings.network.zones)


def addon_context(settings: Settings) -> AddonContext:
    """What add-ons depend on, as far as settings say; the rest is a place holder.

    It lacks what the stack never makes, so add-ons that need that can be told early.
    """
    return AddonContext(
        cluster_name=cluster_name(settings),
        region=settings.region,
        account_id="",
        vpc_id="",
        domain=settings.serving.domain,
        size=settings.addons.size,
        gpu_pools=advertised_pools(settings),
        log_bucket="logs",
        artifact_bucket="artifacts",
        passwords=PASSWORDS in selected_addons(settings),
    )


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


def platform_args(settings: Settings) -> "ServingPlatformArgs":
    """Inputs of the serving platform: those of the add-ons by which models are served."""
    selected = selected_addons(settings)
    return {
        "domain": settings.serving.domain,
        "cluster_name": cluster_name(settings),
        "region": settings.region,
        "size": settings.addons.size,
        "without": [name for name in OPTIONAL if name not in selected],
        "tags": {**cost_tags(settings)},
    }


def gateway_args(settings: Settings) -> "ServingGatewayArgs":
    """Inputs of the gateway; the stack fills in the namespaces of its add-ons."""
    args: ServingGatewayArgs = {
        "domain": settings.serving.domain,
        "tags": {**cost_tags(settings)},
    }
    if settings.addons.size is PlatformSize.SMALL:
        args["proxies"] = 1
    return args


def model_store_args(settings: Settings) -> "ModelStoreArgs":
    """Inputs of the model store; the stack fills in the files."""
    return {
        "noncurrent_days": settings.models.noncurrent_version_days,
        "delete_with_contents": settings.models.delete_with_contents,
        "tags": {**cost_tags(settings)},
    }


def budget_args(settings: Settings) -> "CostBudgetArgs | None":
    """Inputs of the AWS Budget; none when nobody is to be told."""
    if settings.cost.alert_email is None:
        return None
    return {
        "monthly_usd": settings.cost.monthly_budget_usd,
        "emails": [settings.cost.alert_email],
        "tags": {**cost_tags(settings)},
    }


def _most_pods(instance_types: Sequence[str]) -> int:
    """Pods that a node of any of these types may have; an unknown type counts as a large one."""
    known = load_catalogue().instances
    return max(
        most_pods(known[name].vcpus) if name in known else PODS_OF_LARGE_NODE
        for name in instance_types
    )
