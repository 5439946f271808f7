"""The control plane of a `Cluster`: pulumi-eks' own component, its key and its log group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from llm_platform import versions
from llm_platform.aws.cluster_children import completed
from llm_platform.aws.iam import Account
from llm_platform.aws.keys import key_arn
from llm_platform.aws.kinds import ACCESS_POLICY_NAMES, AccessPolicy
from llm_platform.component import PlatformComponent, stack_id
from llm_platform.naming import cluster_log_group
from llm_platform.tags import resource_tags

if TYPE_CHECKING:
    from llm_platform.aws.cluster import ClusterAccess, ClusterArgs

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


@dataclass(frozen=True)
class ControlPlane:
    """The control plane.

    Attributes:
        component: pulumi-eks' component; done once vpc-cni and kube-proxy are installed.
        cluster: The EKS cluster in it.
        name: The cluster's name, as an output that waits for the cluster.
        key_arn: The key of secrets and logs.
        log_group: Name of the log group.
    """

    component: eks.Cluster
    cluster: pulumi.Output[aws.eks.Cluster]
    name: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    log_group: pulumi.Output[str]


def control_plane(
    component: PlatformComponent,
    name: str,
    args: "ClusterArgs",
    account: pulumi.Output[Account],
    pins: Mapping[str, str],
) -> ControlPlane:
    """Make the log group, then the control plane with vpc-cni and kube-proxy.

    EKS would make the log group itself, unencrypted and for ever, so it must be there first.

    Args:
        component: Parent of what is made.
        name: First part of the logical names.
        args: Inputs of the cluster.
        account: Where it stands.
        pins: Versions of the add-ons.
    """
    cluster_name = args.get("cluster_name", name)
    group_name = cluster_log_group(cluster_name)
    purpose = f"Secrets and control plane logs of the cluster {cluster_name}"
    key = pulumi.Output.from_input(
        args.get("kms_key_arn") or key_arn(component, f"{name}-key", account, purpose, [group_name])
    )
    group = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=group_name,
        retention_in_days=args.get("log_retention_days", 90),
        kms_key_id=key,
        tags=component.tagged(f"{name}-logs"),
        opts=component.child(),
    )
    cluster = _eks_cluster(component, name, args, account, pins, key, group)
    inner = cluster.eks_cluster
    return ControlPlane(cluster, inner, inner.apply(_name), key, group.name)


def _eks_cluster(
    component: PlatformComponent,
    name: str,
    args: "ClusterArgs",
    account: pulumi.Output[Account],
    pins: Mapping[str, str],
    key: pulumi.Output[str],
    group: aws.cloudwatch.LogGroup,
) -> eks.Cluster:
    public = args.get("public_access_cidrs", [])
    creator_admin = args.get("creator_admin", False)

    def complete(child: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        return _completed_child(child, stack_id(), creator_admin=creator_admin)

    return eks.Cluster(
        name,
        name=args.get("cluster_name", name),
        version=args.get("kubernetes_version", versions.KUBERNETES_VERSION),
        vpc_id=args["vpc_id"],
        private_subnet_ids=args["subnet_ids"],
        kubernetes_service_ip_address_range=args.get("service_cidr"),
        authentication_mode=eks.AuthenticationMode.API,
        access_entries={
            entry: _access_entry(access, account, dict(component.base_tags))
            for entry, access in args.get("access", {}).items()
        },
        endpoint_private_access=True,
        endpoint_public_access=bool(public),
        public_access_cidrs=public or None,
        encryption_config_key_arn=key,
        enabled_cluster_log_types=LOG_TYPES,
        upgrade_policy={"support_type": "STANDARD"},
        deletion_protection=args.get("deletion_protection", True),
        bootstrap_self_managed_addons=False,
        create_oidc_provider=args.get("enable_irsa", False),
        skip_default_node_group=True,
        skip_default_security_groups=True,
        vpc_cni_options={
            "addon_version": pins[versions.VPC_CNI],
            "enable_network_policy": True,
            "enable_prefix_delegation": True,
            "warm_prefix_target": 1,
            "log_level": "INFO",
        },
        kube_proxy_addon_options={"version": pins[versions.KUBE_PROXY]},
        coredns_addon_options={"enabled": False},
        tags=dict(component.base_tags),
        opts=component.child(depends_on=[group], transforms=[complete]),
    )


def _access_entry(
    access: "ClusterAccess",
    account: pulumi.Output[Account],
    tags: dict[str, pulumi.Input[str]],
) -> eks.AccessEntryArgsDict:
    policies: dict[str, Any] = {}
    for policy in access.get("policies", []):
        kind = AccessPolicy(policy["policy"])
        namespaces = policy.get("namespaces", [])
        scope: dict[str, Any] = {"type": "cluster"}
        if namespaces:
            scope = {"type": "namespace", "namespaces": namespaces}
        policies[kind.lower().replace("_", "-")] = {
            "policy_arn": account.apply(_policy_arn(kind)),
            "access_scope": scope,
        }
    entry: eks.AccessEntryArgsDict = {
        "principal_arn": access["principal_arn"],
        "access_policies": policies,
        "tags": tags,
    }
    if groups := access.get("kubernetes_groups"):
        entry["kubernetes_groups"] = groups
    return entry


def _policy_arn(kind: AccessPolicy) -> Callable[[Account], str]:
    def arn(where: Account) -> str:
        return where.access_policy(ACCESS_POLICY_NAMES[kind])

    return arn


def _completed_child(
    child: pulumi.ResourceTransformArgs, stack: str, *, creator_admin: bool
) -> pulumi.ResourceTransformResult | None:
    props: dict[str, Any] = dict(child.props)
    tags: pulumi.Output[Any] | dict[str, Any] | None = props.get("tags")
    if not isinstance(tags, pulumi.Output):
        done = completed(child.type_, child.name, props, stack, creator_admin=creator_admin)
        return None if done is None else pulumi.ResourceTransformResult(done, child.opts)
    bare = {**props, "tags": None}
    done = completed(child.type_, child.name, bare, stack, creator_admin=creator_admin)
    if done is None:
        return None

    def identified(value: Any) -> dict[str, Any]:
        return resource_tags(value or {}, stack, child.name)

    done["tags"] = tags.apply(identified)
    return pulumi.ResourceTransformResult(done, child.opts)


def _name(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.name
