"""Permissions of the AWS Load Balancer Controller. Pure.

It makes its own security groups, target groups and load balancers, tags them with the cluster,
and may afterwards change and delete only what carries that tag. WAF, Shield and Cognito are
left out, as they are off in its values.
"""

from typing import TYPE_CHECKING

from llm_platform.addons.context import AddonContext

if TYPE_CHECKING:
    from llm_platform.aws.workload_identity import PolicyStatement

ELB = "elasticloadbalancing"
CLUSTER_TAG = "elbv2.k8s.aws/cluster"

NO_NAMES = "AWS names load balancers and security groups itself; the cluster's tag decides"
READING = "AWS allows these reading actions on no single resource"
NOT_TAGGABLE = "rules of a security group and listeners carry no tag of the cluster when made"

KINDS = ("targetgroup/*/*", "loadbalancer/net/*/*", "loadbalancer/app/*/*")
LISTENERS = (
    "listener/net/*/*/*",
    "listener/app/*/*/*",
    "listener-rule/net/*/*/*",
    "listener-rule/app/*/*/*",
)

_TAGGED = {"Null": {f"aws:ResourceTag/{CLUSTER_TAG}": ["false"]}}
_TAGGING = {"Null": {f"aws:RequestTag/{CLUSTER_TAG}": ["false"]}}
_KEEPING_TAG = {
    "Null": {
        f"aws:RequestTag/{CLUSTER_TAG}": ["true"],
        f"aws:ResourceTag/{CLUSTER_TAG}": ["false"],
    }
}


def controller(context: AddonContext) -> "list[PolicyStatement]":
    """All of the controller's statements."""
    return [*_reading(), *_security_groups(context), *_balancers(context)]


def _reading() -> "list[PolicyStatement]":
    return [
        {
            "sid": "ReadNetwork",
            "actions": _actions(
                "ec2",
                "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones "
                "DescribeInternetGateways DescribeVpcs DescribeVpcPeeringConnections "
                "DescribeSubnets DescribeSecurityGroups DescribeInstances "
                "DescribeNetworkInterfaces DescribeTags DescribeRouteTables "
                "DescribeCoipPools DescribeIpamPools GetCoipPoolUsage GetSecurityGroupsForVpc",
            ),
            "resources": ["*"],
            "wildcard_reason": READING,
        },
        {
            "sid": "ReadLoadBalancers",
            "actions": _actions(
                ELB,
                "DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeListeners "
                "DescribeListenerCertificates DescribeListenerAttributes DescribeSSLPolicies "
                "DescribeRules DescribeTargetGroups DescribeTargetGroupAttributes "
                "DescribeTargetHealth DescribeTags DescribeTrustStores "
                "DescribeCapacityReservation",
            ),
            "resources": ["*"],
            "wildcard_reason": READING,
        },
        {
            "sid": "ReadCertificates",
            "actions": ["acm:ListCertificates", "acm:DescribeCertificate"],
            "resources": ["*"],
            "wildcard_reason": "certificates are found by host name, among all",
        },
        {
            "sid": "MakeServiceRole",
            "actions": ["iam:CreateServiceLinkedRole"],
            "resources": ["*"],
            "conditions": {"StringEquals": {"iam:AWSServiceName": [f"{ELB}.amazonaws.com"]}},
            "wildcard_reason": "the condition names the one service whose role it may make",
        },
    ]


def _security_groups(context: AddonContext) -> "list[PolicyStatement]":
    groups = context.arn("ec2", "security-group/*")
    created = {"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup"]}}
    return [
        {
            "sid": "MakeSecurityGroups",
            "actions": ["ec2:CreateSecurityGroup"],
            "resources": [groups, context.arn("ec2", "vpc/*")],
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagNewSecurityGroups",
            "actions": ["ec2:CreateTags"],
            "resources": [groups],
            "conditions": {**created, **_TAGGING},
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagOwnSecurityGroups",
            "actions": ["ec2:CreateTags", "ec2:DeleteTags"],
            "resources": [groups],
            "conditions": _KEEPING_TAG,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "OpenSecurityGroups",
            "actions": _actions("ec2", "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress"),
            "resources": [groups],
            "wildcard_reason": "the nodes' own group, which EKS makes, must let balancers in",
        },
        {
            "sid": "DeleteOwnSecurityGroups",
            "actions": ["ec2:DeleteSecurityGroup"],
            "resources": [groups],
            "conditions": _TAGGED,
            "wildcard_reason": NO_NAMES,
        },
    ]


def _balancers(context: AddonContext) -> "list[PolicyStatement]":
    balancers = [context.arn(ELB, kind) for kind in KINDS]
    listeners = [context.arn(ELB, kind) for kind in LISTENERS]
    created = {"StringEquals": {f"{ELB}:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"]}}
    return [
        {
            "sid": "MakeLoadBalancers",
            "actions": _actions(ELB, "CreateLoadBalancer CreateTargetGroup"),
            "resources": balancers,
            "conditions": _TAGGING,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagNewLoadBalancers",
            "actions": _actions(ELB, "AddTags"),
            "resources": balancers,
            "conditions": {**created, **_TAGGING},
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "TagOwnLoadBalancers",
            "actions": _actions(ELB, "AddTags RemoveTags"),
            "resources": balancers,
            "conditions": _KEEPING_TAG,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "ChangeOwnLoadBalancers",
            "actions": _actions(
                ELB,
                "ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups SetSubnets "
                "DeleteLoadBalancer ModifyTargetGroup ModifyTargetGroupAttributes "
                "DeleteTargetGroup ModifyListenerAttributes ModifyCapacityReservation "
                "ModifyIpPools",
            ),
            "resources": [*balancers, *listeners],
            "conditions": _TAGGED,
            "wildcard_reason": NO_NAMES,
        },
        {
            "sid": "ChangeListeners",
            "actions": _actions(
                ELB,
                "CreateListener DeleteListener CreateRule DeleteRule ModifyListener ModifyRule "
                "SetRulePriorities AddListenerCertificates RemoveListenerCertificates AddTags "
                "RemoveTags",
            ),
            "resources": [*balancers, *listeners],
            "wildcard_reason": NOT_TAGGABLE,
        },
        {
            "sid": "ChangeTargets",
            "actions": _actions(ELB, "RegisterTargets DeregisterTargets"),
            "resources": [context.arn(ELB, "targetgroup/*/*")],
            "wildcard_reason": NO_NAMES,
        },
    ]


def _actions(service: str, names: str) -> list[str]:
    return [f"{service}:{name}" for name in names.split()]
