"""GpuNodePool: a managed node group of GPU nodes."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform import versions
from llm_platform.aws.account import current_account
from llm_platform.aws.kinds import NodeAutoscaler
from llm_platform.aws.nodes import launch_template, node_role, template_reference
from llm_platform.aws.nodes_data import MIN_IOPS, Volume, block_devices
from llm_platform.component import PlatformComponent
from llm_platform.gpu.advertiser import default_advertiser
from llm_platform.gpu.catalogue import GpuInstanceType
from llm_platform.gpu.kinds import CapacityType, GpuAdvertiser, GpuAmiFamily
from llm_platform.gpu.node_pool_check import (
    DEFAULT_THROUGHPUT,
    check_gpu_node_pool,
    known_types,
)
from llm_platform.gpu.pool_data import (
    TAINT_KEY,
    TAINT_VALUE,
    autoscaler_tags,
    efa_interfaces,
    pool_labels,
)
from llm_platform.gpu.user_data import user_data
from llm_platform.inputs import raise_if_wrong
from llm_platform.ownership import NODE_GROUP, FieldOwner, left_to

DEFAULT_VOLUME_GIB = 200


class GpuNodeVolume(TypedDict):
    """The gp3 volume of a GPU node: images and what pods write."""

    size_gib: NotRequired[int]
    """Size, at least 100. Default: 200."""
    iops: NotRequired[int]
    """Operations a second. Default: 3000."""
    throughput: NotRequired[int]
    """MiB a second, at most a quarter of `iops`. Default: 750."""
    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key; Auto Scaling must be allowed to use it. Default: the account's key for EBS."""


class GpuEfa(TypedDict):
    """What nodes with an Elastic Fabric Adapter need of their network."""

    vpc_id: pulumi.Input[str]
    """VPC of the nodes."""
    cluster_security_group_id: pulumi.Input[str]
    """The security group that EKS made for the cluster."""


class GpuNodePoolArgs(TypedDict):
    """Inputs of a `GpuNodePool`."""

    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets of the nodes; exactly one with EFA or a capacity block."""
    instance_types: list[str]
    """EC2 types with equal GPUs; several give spot and scarce types a better chance."""
    min_size: int
    """Fewest nodes. 0 needs an autoscaler, since nothing else would ever add the first."""
    max_size: int
    """Most nodes; bounds what the pool can cost."""
    desired_size: NotRequired[int]
    """Nodes at the start, and for good when nothing scales them. Default: `min_size`."""
    autoscaler: NotRequired[NodeAutoscaler]
    """Who changes the size afterwards. Default: nobody."""
    pool_name: NotRequired[str]
    """Value of the nodes' pool label, by which pods choose it. Default: the component's name."""
    ami_family: NotRequired[GpuAmiFamily]
    """Operating system. Default: Amazon Linux 2023."""
    advertiser: NotRequired[GpuAdvertiser]
    """Who advertises the GPUs. Default: the GPU Operator; on Bottlerocket its own plugin."""
    capacity: NotRequired[CapacityType]
    """How the nodes are bought. Default: on demand."""
    reservation_id: NotRequired[str]
    """Capacity reservation that the nodes come from; needed for a capacity block."""
    kubernetes_version: NotRequired[pulumi.Input[str]]
    """Kubernetes version of the nodes, an output of `Cluster`, so that they follow its upgrades.
    Default: the cluster's at creation."""
    release_version: NotRequired[str]
    """Release of EKS's image. Default: the newest at creation; give one to decide when it
    changes."""
    volume: NotRequired[GpuNodeVolume]
    """The nodes' volume."""
    efa: NotRequired[GpuEfa]
    """Gives the nodes Elastic Fabric Adapters and a placement group. Default: neither."""
    max_unavailable: NotRequired[int]
    """Nodes that an update may take away at once. Default: 1."""
    labels: NotRequired[dict[str, str]]
    """Further labels of the nodes."""
    enable_session_manager: NotRequired[bool]
    """Whether people may open a shell on nodes by Systems Manager. Default: no."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource and of what EC2 makes with a node."""


class GpuNodePool(PlatformComponent):
    """GPU nodes of one shape, tainted so that only pods which ask for GPUs land on them.

    The image is EKS's own for NVIDIA, chosen by type and not by ID, so that a release can be
    pinned and EKS can replace nodes by newer ones. The metadata service needs session tokens
    and is out of reach of pods; volumes are encrypted; broken nodes are replaced.
    """

    node_group_name: pulumi.Output[str]
    """Name of the node group in EKS."""
    node_role_arn: pulumi.Output[str]
    """ARN of the nodes' role."""
    pool_name: pulumi.Output[str]
    """Value of the label ``llm-platform.dev/pool``; known once the pool stands."""
    gpus_per_node: pulumi.Output[int]
    """GPUs of one node."""

    def __init__(
        self, name: str, args: GpuNodePoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"GpuNodePool '{name}'", GpuNodePoolArgs, args, check_gpu_node_pool)
        super().__init__("GpuNodePool", name, args, args.get("tags", {}), opts)
        self._label = name
        self._args = args
        self._types = known_types(args)
        self._family = GpuAmiFamily(args.get("ami_family", GpuAmiFamily.AL2023))
        self._capacity = CapacityType(args.get("capacity", CapacityType.ON_DEMAND))
        session_manager = args.get("enable_session_manager", False)
        role, attachments = node_role(
            self, name, current_account(self), session_manager=session_manager
        )
        group = self._node_group(role, self._template(), attachments)
        pool = args.get("pool_name", name)

        def named(_: str) -> str:
            return pool

        self.node_group_name = group.node_group_name
        self.node_role_arn = role.arn
        self.pool_name = group.urn.apply(named)
        self.gpus_per_node = pulumi.Output.from_input(self._types[0].gpu_count)
        self.register_outputs(
            {
                "node_group_name": self.node_group_name,
                "node_role_arn": self.node_role_arn,
                "pool_name": self.pool_name,
                "gpus_per_node": self.gpus_per_node,
            }
        )

    def _node_group(
        self,
        role: aws.iam.Role,
        template: aws.ec2.LaunchTemplate,
        attachments: list[pulumi.Resource],
    ) -> aws.eks.NodeGroup:
        args, name = self._args, f"{self._label}-nodes"
        labels = self._labels()
        scaled = args.get("autoscaler", NodeAutoscaler.NONE) != NodeAutoscaler.NONE
        volume_gib = args.get("volume", {}).get("size_gib", DEFAULT_VOLUME_GIB)
        scaling_tags = autoscaler_tags(labels, self._types[0], volume_gib) if scaled else {}
        in_template = self._capacity is CapacityType.CAPACITY_BLOCK
        return aws.eks.NodeGroup(
            name,
            cluster_name=args["cluster_name"],
            node_role_arn=role.arn,
            subnet_ids=args["subnet_ids"],
            version=args.get("kubernetes_version"),
            release_version=args.get("release_version"),
            ami_type=ami_type(self._family, self._types[0]),
            capacity_type=self._capacity.value,
            instance_types=None if in_template else args["instance_types"],
            launch_template=template_reference(template),
            scaling_config={
                "min_size": args["min_size"],
                "max_size": args["max_size"],
                "desired_size": args.get("desired_size", args["min_size"]),
            },
            update_config={"max_unavailable": args.get("max_unavailable", 1)},
            node_repair_config={"enabled": True},
            labels=labels,
            taints=[{"key": TAINT_KEY, "value": TAINT_VALUE, "effect": "NO_SCHEDULE"}],
            tags=self.tagged(name, scaling_tags),
            opts=self.child(
                depends_on=attachments,
                ignore_changes=left_to(FieldOwner.AUTOSCALER, NODE_GROUP) if scaled else None,
            ),
        )

    def _labels(self) -> dict[str, str]:
        args = self._args
        own = pool_labels(
            args.get("pool_name", self._label),
            self._types[0],
            self._family,
            self._capacity,
            GpuAdvertiser(args.get("advertiser", default_advertiser(self._family))),
        )
        return {**args.get("labels", {}), **own}

    def _template(self) -> aws.ec2.LaunchTemplate:
        args = self._args
        asked = args.get("volume", {})
        volume = Volume(
            asked.get("size_gib", DEFAULT_VOLUME_GIB),
            asked.get("iops", MIN_IOPS),
            asked.get("throughput", DEFAULT_THROUGHPUT),
        )
        devices = block_devices(
            volume,
            bottlerocket=self._family is GpuAmiFamily.BOTTLEROCKET,
            key_arn=asked.get("key_arn"),
        )
        return launch_template(
            self,
            f"{self._label}-nodes",
            devices,
            user_data=user_data(self._family, self._types),
            **self._purchase(),
            **self._fabric(),
        )

    def _purchase(self) -> dict[str, Any]:
        """What the template says of how the nodes are bought."""
        reservation = self._args.get("reservation_id")
        if reservation is None:
            return {}
        target = {"capacity_reservation_target": {"capacity_reservation_id": reservation}}
        purchase: dict[str, Any] = {"capacity_reservation_specification": target}
        if self._capacity is CapacityType.CAPACITY_BLOCK:
            purchase["instance_market_options"] = {"market_type": "capacity-block"}
            purchase["instance_type"] = self._args["instance_types"][0]
        return purchase

    def _fabric(self) -> dict[str, Any]:
        """Interfaces and placement of nodes with EFA: all traffic among them, and nothing else."""
        if "efa" not in self._args:
            return {}
        efa, name = self._args["efa"], f"{self._label}-efa"
        group = aws.ec2.SecurityGroup(
            name,
            description="EFA traffic among the nodes of one pool",
            vpc_id=efa["vpc_id"],
            ingress=[
                {
                    "description": "From the pool's nodes",
                    "protocol": "-1",
                    "from_port": 0,
                    "to_port": 0,
                    "self": True,
                }
            ],
            egress=[
                {
                    "description": "To the pool's nodes",
                    "protocol": "-1",
                    "from_port": 0,
                    "to_port": 0,
                    "self": True,
                }
            ],
            tags=self.tagged(name),
            opts=self.child(),
        )
        close = aws.ec2.PlacementGroup(
            name, strategy="cluster", tags=self.tagged(name), opts=self.child()
        )
        groups = [efa["cluster_security_group_id"], group.id]
        return {
            "network_interfaces": efa_interfaces(self._types[0], groups),
            "placement": {"group_name": close.name},
        }


def ami_type(family: GpuAmiFamily, instance_type: GpuInstanceType) -> str:
    """EKS's image type for an operating system on the processors of an instance type."""
    if family is GpuAmiFamily.BOTTLEROCKET:
        return versions.BOTTLEROCKET_NVIDIA_AMI[instance_type.architecture]
    return versions.AL2023_NVIDIA_AMI[instance_type.architecture]
