"""Cluster: EKS with everything that must stand before workloads come."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform import versions
from llm_platform.aws.account import current_account
from llm_platform.aws.cluster_addons import ClusterAddons
from llm_platform.aws.cluster_check import check_cluster
from llm_platform.aws.control_plane import ControlPlane, control_plane
from llm_platform.aws.kinds import AccessPolicy, NodeAutoscaler
from llm_platform.aws.nodes import launch_template, node_role, template_reference
from llm_platform.aws.nodes_data import Volume, block_devices
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.naming import architecture
from llm_platform.ownership import NODE_GROUP, FieldOwner, left_to


class ClusterAccessPolicy(TypedDict):
    """One of EKS's access policies, and where it holds."""

    policy: AccessPolicy
    """What may be done."""
    namespaces: NotRequired[list[str]]
    """Where. Default: in the whole cluster."""


class ClusterAccess(TypedDict):
    """What one IAM principal may do in the cluster: an EKS access entry."""

    principal_arn: pulumi.Input[str]
    """ARN of an IAM role or user."""
    policies: NotRequired[list[ClusterAccessPolicy]]
    """EKS access policies. Default: none."""
    kubernetes_groups: NotRequired[list[str]]
    """Kubernetes groups, given rights by RBAC. Default: none."""


class SystemNodes(TypedDict):
    """The managed node group that the platform itself runs on, always on demand."""

    instance_types: NotRequired[list[str]]
    """EC2 instance types of one processor architecture. Default: m7i.xlarge."""
    min_size: NotRequired[int]
    """Fewest nodes. Default: 2."""
    max_size: NotRequired[int]
    """Most nodes. Default: 6."""
    desired_size: NotRequired[int]
    """Nodes at the start, and for good when nothing scales them. Default: `min_size`."""
    autoscaler: NotRequired[NodeAutoscaler]
    """Who changes the size afterwards. Default: nobody."""
    volume_gib: NotRequired[int]
    """Size of a node's volume. Default: 100."""


class ClusterArgs(TypedDict):
    """Inputs of a `Cluster`."""

    vpc_id: pulumi.Input[str]
    """VPC that the cluster stands in."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets in at least two zones: for the control plane's interfaces and the nodes."""
    cluster_name: NotRequired[str]
    """Name of the cluster in EKS. Default: the component's name."""
    kubernetes_version: NotRequired[str]
    """Kubernetes minor version of control plane and system nodes. Default: 1.35."""
    public_access_cidrs: NotRequired[list[str]]
    """Public IPv4 blocks, /16 or smaller, from which the API server can be reached besides the
    VPC. Default: none, the endpoint is private."""
    access: NotRequired[dict[str, ClusterAccess]]
    """Access entries by a name of your choice. One must be CLUSTER_ADMIN of the whole cluster,
    unless `creator_admin` is set."""
    creator_admin: NotRequired[bool]
    """Whether whoever creates the cluster becomes an administrator for good. Takes effect at
    creation only. Default: no."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key for secrets and control plane logs; its policy must let CloudWatch Logs use it.
    Default: a key of its own."""
    log_retention_days: NotRequired[int]
    """How long control plane logs are kept, one of CloudWatch's periods. Default: 90."""
    deletion_protection: NotRequired[bool]
    """Whether EKS refuses to delete the cluster. Default: yes; turn it off before destroying."""
    system_nodes: NotRequired[SystemNodes]
    """The node group that the platform itself runs on."""
    addon_versions: NotRequired[dict[str, str]]
    """Versions of EKS add-ons other than the library's pins, by add-on."""
    service_cidr: NotRequired[str]
    """IPv4 block of Kubernetes Services, outside the VPC. Default: EKS chooses."""
    enable_irsa: NotRequired[bool]
    """Whether to make an OIDC provider, so that roles for service accounts work beside Pod
    Identity. Default: no."""
    mounted_bucket_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Buckets that pods may mount read-only; installs the Mountpoint for S3 driver.
    Default: none, the driver is left out."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class Cluster(PlatformComponent):
    """An EKS cluster with pinned add-ons and a node group for the platform itself.

    The API server is private, access is by access entries alone, secrets are encrypted with a
    customer key, all logs are kept for a limited time, network policies are enforced, and pods
    get AWS credentials by Pod Identity. Made in the order in which each part works at once:
    control plane with vpc-cni and kube-proxy, Pod Identity agent, system nodes, then the
    add-ons that need nodes. Deleted the other way round.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster; known once nodes and add-ons stand, so what uses it comes after."""
    endpoint: pulumi.Output[str]
    """URL of the API server."""
    certificate_authority: pulumi.Output[str]
    """Certificate authority of the API server, in base64."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig in JSON; runs ``aws eks get-token`` and holds no secret. Known once nodes and
    add-ons stand."""
    version: pulumi.Output[str]
    """Kubernetes version of the control plane."""
    node_role_arn: pulumi.Output[str]
    """ARN of the system nodes' role."""
    node_role_name: pulumi.Output[str]
    """Name of the system nodes' role."""
    security_group_id: pulumi.Output[str]
    """The security group that EKS makes for control plane and managed nodes."""
    oidc_issuer: pulumi.Output[str]
    """URL of the cluster's OIDC issuer."""
    oidc_provider_arn: pulumi.Output[str | None]
    """ARN of the OIDC provider; none unless IRSA is enabled."""
    kms_key_arn: pulumi.Output[str]
    """The KMS key of secrets and control plane logs."""
    log_group: pulumi.Output[str]
    """Name of the log group that holds the control plane's logs."""

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"Cluster '{name}'", ClusterArgs, args, check_cluster)
        super().__init__("Cluster", name, args, args.get("tags", {}), opts)
        version = args.get("kubernetes_version", versions.KUBERNETES_VERSION)
        pins = {**versions.ADDONS[version], **args.get("addon_versions", {})}
        account = current_account(self)
        plane = control_plane(self, name, args, account, pins)
        addons = ClusterAddons(self, name, plane, pins)
        early = addons.before_nodes()
        role, attachments = node_role(self, f"{name}-system", account, session_manager=False)
        nodes = self._system_nodes(
            f"{name}-system", args, plane.name, role, [plane.component, *early, *attachments]
        )
        late = addons.after_nodes(nodes, args.get("mounted_bucket_arns", []))
        self._outputs(args, plane, role, [nodes, *late])

    def _system_nodes(
        self,
        name: str,
        args: ClusterArgs,
        cluster_name: pulumi.Output[str],
        role: aws.iam.Role,
        gates: list[pulumi.Resource],
    ) -> aws.eks.NodeGroup:
        nodes = args.get("system_nodes", {})
        types = nodes.get("instance_types", ["m7i.xlarge"])
        smallest = nodes.get("min_size", 2)
        scaled = nodes.get("autoscaler", NodeAutoscaler.NONE) != NodeAutoscaler.NONE
        volume = Volume(nodes.get("volume_gib", 100))
        template = launch_template(self, name, block_devices(volume, bottlerocket=False))
        return aws.eks.NodeGroup(
            name,
            cluster_name=cluster_name,
            node_role_arn=role.arn,
            subnet_ids=args["subnet_ids"],
            version=args.get("kubernetes_version", versions.KUBERNETES_VERSION),
            ami_type=versions.STANDARD_AMI[architecture(types[0])],
            capacity_type="ON_DEMAND",
            instance_types=types,
            launch_template=template_reference(template),
            scaling_config={
                "min_size": smallest,
                "max_size": nodes.get("max_size", 6),
                "desired_size": nodes.get("desired_size", smallest),
            },
            update_config={"max_unavailable": 1},
            node_repair_config={"enabled": True},
            labels={"llm-platform.dev/pool": "system"},
            tags=self.tagged(name),
            opts=self.child(
                depends_on=gates,
                ignore_changes=left_to(FieldOwner.AUTOSCALER, NODE_GROUP) if scaled else None,
            ),
        )

    def _outputs(
        self,
        args: ClusterArgs,
        plane: ControlPlane,
        role: aws.iam.Role,
        ready: list[pulumi.Resource],
    ) -> None:
        self.cluster_name = after(plane.name, ready)
        self.endpoint = plane.cluster.apply(_endpoint)
        self.certificate_authority = plane.cluster.apply(_certificate_authority)
        self.kubeconfig = after(plane.component.kubeconfig_json, ready)
        self.version = plane.cluster.apply(_version)
        self.node_role_arn = role.arn
        self.node_role_name = role.name
        self.security_group_id = plane.component.cluster_security_group_id
        self.oidc_issuer = plane.cluster.apply(_issuer)
        self.oidc_provider_arn = (
            plane.component.oidc_provider_arn.apply(_optional)
            if args.get("enable_irsa", False)
            else pulumi.Output.from_input(None)
        )
        self.kms_key_arn = plane.key_arn
        self.log_group = plane.log_group
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "certificate_authority": self.certificate_authority,
                "kubeconfig": self.kubeconfig,
                "version": self.version,
                "node_role_arn": self.node_role_arn,
                "node_role_name": self.node_role_name,
                "security_group_id": self.security_group_id,
                "oidc_issuer": self.oidc_issuer,
                "oidc_provider_arn": self.oidc_provider_arn,
                "kms_key_arn": self.kms_key_arn,
                "log_group": self.log_group,
            }
        )


def _endpoint(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.endpoint


def _version(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.version


def _certificate_authority(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.certificate_authority.data


def _issuer(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.identities[0].oidcs[0].issuer


def _optional(arn: str) -> str | None:
    return arn
