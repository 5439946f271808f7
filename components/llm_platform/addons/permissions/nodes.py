"""Permissions of what makes and removes nodes. Pure."""

from typing import TYPE_CHECKING

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import required

if TYPE_CHECKING:
    from llm_platform.aws.workload_identity import PolicyStatement

READING = "AWS allows these reading actions on no single resource"
NO_NAMES = "EC2 names what it makes itself; the cluster's tag decides"

NODE_POOL_TAG = "karpenter.sh/nodepool"
NODE_CLASS_TAG = "karpenter.k8s.aws/ec2nodeclass"

Conditions = dict[str, dict[str, list[str]]]


def cluster_autoscaler(context: AddonContext) -> "list[PolicyStatement]":
    """Sizes of the auto scaling groups that belong to the cluster, and of no others."""
    return [
        {
            "sid": "ReadGroups",
            "actions": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            "resources": ["*"],
            "wildcard_reason": READING,
        },
        {
            "sid": "ReadNodeGroups",
            "actions": ["eks:DescribeNodegroup"],
            "resources": [context.arn("eks", f"nodegroup/{context.cluster_name}/*")],
        },
        {
            "sid": "ResizeOwnGroups",
            "actions": [
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            "resources": [context.arn("autoscaling", "autoScalingGroup:*")],
            "conditions": {
                "StringEquals": {
                    f"aws:ResourceTag/k8s.io/cluster-autoscaler/{context.cluster_name}": ["owned"]
                }
            },
        },
    ]


def karpenter(context: AddonContext) -> "list[PolicyStatement]":
    """Instances of the cluster's node pools, told apart by the tags that Karpenter gives them."""
    return [
        *_karpenter_reading(context),
        *_karpenter_instances(context),
        *_karpenter_profiles(context),
    ]


def _karpenter_reading(context: AddonContext) -> "list[PolicyStatement]":
    queue = required(context.interruption_queue, "a queue of interruption notices", "karpenter")
    return [
        {
            "sid": "ReadRegion",
            "actions": [
                f"ec2:Describe{what}"
                for what in [
                    "CapacityReservations",
                    "Images",
                    "Instances",
                    "InstanceStatus",
                    "InstanceTypeOfferings",
                    "InstanceTypes",
                    "LaunchTemplates",
                    "PlacementGroups",
                    "SecurityGroups",
                    "SpotPriceHistory",
                    "Subnets",
                ]
            ],
            "resources": ["*"],
            "conditions": {"StringEquals": {"aws:RequestedRegion": [context.region]}},
            "wildcard_reason": READING,
        },
        {
            "sid": "ReadPricesAndProfiles",
            "actions": ["pricing:GetProducts", "iam:ListInstanceProfiles"],
            "resources": ["*"],
            "wildcard_reason": READING,
        },
        {
            "sid": "ReadImages",
            "actions": ["ssm:GetParameter"],
            "resources": [context.arn("ssm", "parameter/aws/service/*", account="")],
        },
        {
            "sid": "ReadCluster",
            "actions": ["eks:DescribeCluster"],
            "resources": [context.arn("eks", f"cluster/{context.cluster_name}")],
        },
        {
            "sid": "ReadInterruptions",
            "actions": ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            "resources": [context.arn("sqs", queue)],
        },
    ]


def _karpenter_instances(context: AddonContext) -> "list[PolicyStatement]":
    made = "fleet instance volume network-interface launch-template spot-instances-request"
    new = [context.arn("ec2", f"{kind}/*") for kind in made.split()]
    used = "security-group subnet capacity-reservation placement-group"
    existing = [context.arn("ec2", f"{kind}/*") for kind in used.split()]
    images = [context.arn("ec2", f"{kind}/*", account="") for kind in ("image", "snapshot")]
    templates = context.arn("ec2", "launch-template/*")
    instances = context.arn("ec2", "instance/*")
    creating: Conditions = _asking(context)
    creating["StringEquals"]["ec2:CreateAction"] = [
        "RunInstances",
        "CreateFleet",
        "CreateLaunchTemplate",
    ]
    renaming: Conditions = _owning(context)
    renaming["ForAllValues:StringEquals"] = {
        "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
    }
    run = ["ec2:RunInstances", "ec2:CreateFleet"]
    return [
        {
            "sid": "UseNetworkAndImages",
            "actions": run,
            "resources": [*images, *existing],
            "wildcard_reason": "which ones is said by the node classes",
        },
        {
            "sid": "UseOwnTemplates",
            "actions": run,
            "resources": [templates],
            "conditions": _owning(context),
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "MakeTaggedInstances",
            "actions": [*run, "ec2:CreateLaunchTemplate"],
            "resources": new,
            "conditions": _asking(context),
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagNew",
            "actions": ["ec2:CreateTags"],
            "resources": new,
            "conditions": creating,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagOwnInstances",
            "actions": ["ec2:CreateTags"],
            "resources": [instances],
            "conditions": renaming,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "DeleteOwn",
            "actions": ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            "resources": [instances, templates],
            "conditions": _owning(context),
            "wildcard_reason": NO_NAMES,
        },
    ]


def _karpenter_profiles(context: AddonContext) -> "list[PolicyStatement]":
    role = required(context.node_role_arn, "the role of its nodes", "karpenter")
    profiles = context.arn("iam", "instance-profile/*", region="")
    cluster, region = context.cluster_name, "topology.kubernetes.io/region"
    asked = {
        f"aws:RequestTag/kubernetes.io/cluster/{cluster}": ["owned"],
        "aws:RequestTag/eks:eks-cluster-name": [cluster],
        f"aws:RequestTag/{region}": [context.region],
    }
    owned = {
        f"aws:ResourceTag/kubernetes.io/cluster/{cluster}": ["owned"],
        f"aws:ResourceTag/{region}": [context.region],
    }
    asking_class = {f"aws:RequestTag/{NODE_CLASS_TAG}": ["*"]}
    owning_class = {f"aws:ResourceTag/{NODE_CLASS_TAG}": ["*"]}
    reason = "Karpenter names instance profiles itself; the cluster's tag decides"
    return [
        {
            "sid": "PassNodeRole",
            "actions": ["iam:PassRole"],
            "resources": [role],
            "conditions": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}},
        },
        {
            "sid": "MakeProfiles",
            "actions": ["iam:CreateInstanceProfile"],
            "resources": [profiles],
            "conditions": {"StringEquals": asked, "StringLike": asking_class},
            "wildcard_reason": reason,
        },
        {
            "sid": "TagProfiles",
            "actions": ["iam:TagInstanceProfile"],
            "resources": [profiles],
            "conditions": {
                "StringEquals": {**owned, **asked},
                "StringLike": {**owning_class, **asking_class},
            },
            "wildcard_reason": reason,
        },
        {
            "sid": "ChangeOwnProfiles",
            "actions": [
                "iam:AddRoleToInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:DeleteInstanceProfile",
            ],
            "resources": [profiles],
            "conditions": {"StringEquals": owned, "StringLike": owning_class},
            "wildcard_reason": reason,
        },
        {
            "sid": "ReadProfiles",
            "actions": ["iam:GetInstanceProfile"],
            "resources": [profiles],
            "wildcard_reason": reason,
        },
    ]


def _asking(context: AddonContext) -> Conditions:
    """The request itself carries the cluster's and a node pool's tag."""
    return {
        "StringEquals": {
            f"aws:RequestTag/kubernetes.io/cluster/{context.cluster_name}": ["owned"],
            "aws:RequestTag/eks:eks-cluster-name": [context.cluster_name],
        },
        "StringLike": {f"aws:RequestTag/{NODE_POOL_TAG}": ["*"]},
    }


def _owning(context: AddonContext) -> Conditions:
    """What is touched carries the cluster's and a node pool's tag."""
    return {
        "StringEquals": {
            f"aws:ResourceTag/kubernetes.io/cluster/{context.cluster_name}": ["owned"]
        },
        "StringLike": {f"aws:ResourceTag/{NODE_POOL_TAG}": ["*"]},
    }
