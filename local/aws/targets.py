"""Which resource a call is about: a name or id, never a value."""

import re
from collections.abc import Mapping
from typing import Any

_VERB = re.compile(
    r"^(Create|Delete|Describe|Modify|Attach|Detach|Associate|Disassociate|Allocate|Release|Get"
    r"|Put|Update|Terminate|Run|Schedule\w+?|Enable|Disable|Authorize|Revoke|Replace)"
)

_BY_SERVICE: dict[str, tuple[tuple[str, ...], ...]] = {
    "eks": (
        ("name", "clusterName", "resourceArn"),
        ("nodegroupName", "addonName", "associationId", "serviceAccount", "updateId"),
        ("principalArn",),
        ("policyArn",),
    ),
    "iam": (
        (
            "RoleName",
            "InstanceProfileName",
            "UserName",
            "OpenIDConnectProviderArn",
            "Url",
            "GroupName",
        ),
        ("PolicyName", "PolicyArn"),
    ),
    "s3": (("Bucket",), ("Key",)),
    "kms": (("AliasName",), ("KeyId", "TargetKeyId")),
    "logs": (("logGroupName", "logGroupNamePrefix", "resourceArn"), ("logStreamName",)),
    "ssm": (("Name", "Path"),),
    "sns": (("TopicArn", "ResourceArn", "Name", "SubscriptionArn"),),
    "sqs": (("QueueUrl", "QueueName"),),
    "events": (("Name", "Rule", "ResourceARN"),),
    "ecr": (("repositoryName", "resourceArn"),),
    "budgets": (("BudgetName", "ResourceARN"),),
    "servicequotas": (("ServiceCode",), ("QuotaCode",)),
    "ce": (("MonitorArn", "SubscriptionArn", "AnomalyMonitor.MonitorName"),),
    "sts": (("RoleArn",),),
    "autoscaling": (("AutoScalingGroupName",),),
    "elasticloadbalancing": (("LoadBalancerArn", "Name", "TargetGroupArn"),),
    "rds": (("DBInstanceIdentifier", "DBClusterIdentifier", "DBSubnetGroupName"),),
    "secretsmanager": (("Name", "SecretId"),),
}

_EC2_NOUNS: dict[str, tuple[str, str]] = {
    "SecurityGroup": ("GroupId", "groupId"),
    "SecurityGroupIngress": ("GroupId", "groupId"),
    "SecurityGroupEgress": ("GroupId", "groupId"),
    "Address": ("AllocationId", "allocationId"),
    "FlowLogs": ("FlowLogId.1", "item"),
    "VpcEndpoints": ("VpcEndpointId.1", "vpcEndpointId"),
    "Tags": ("ResourceId.1", ""),
    "PlacementGroup": ("GroupName", "groupName"),
    "Route": ("RouteTableId", "routeTableId"),
    "VpcAttribute": ("VpcId", "vpcId"),
    "SubnetAttribute": ("SubnetId", "subnetId"),
    "LaunchTemplateVersion": ("LaunchTemplateId", "launchTemplateId"),
}


def find_target(service: str, action: str, parameters: Mapping[str, Any], answer: bytes) -> str:
    """The main resource of a call.

    Args:
        service: Service as signed for.
        action: Operation.
        parameters: Parameters of the request.
        answer: Body of the answer, where ids of new resources are found.

    Returns:
        Names or ids joined by ``/``; "" when the call is about no single resource.
    """
    if service == "ec2":
        return _ec2(action, parameters, answer)
    named: list[str] = []
    for alternatives in _BY_SERVICE.get(service, ()):
        found = next((_get(parameters, key) for key in alternatives if _get(parameters, key)), "")
        if found:
            named.append(found)
    if service == "eks" and action == "CreatePodIdentityAssociation":
        named.insert(1, str(parameters.get("namespace", "")))
    if service == "budgets" and not named:
        named = [_get(parameters, "Budget.BudgetName")]
    if service == "kms" and action == "CreateKey":
        named = [_json_value(answer, "KeyId")]
    return "/".join(part for part in named if part)


def _get(parameters: Mapping[str, Any], path: str) -> str:
    value: Any = parameters
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value if isinstance(value, str) else ""


def _ec2(action: str, parameters: Mapping[str, Any], answer: bytes) -> str:
    noun = _VERB.sub("", action)
    key, element = _EC2_NOUNS.get(noun, (f"{noun}Id", f"{noun[:1].lower()}{noun[1:]}Id"))
    singular = noun.removesuffix("s")
    named = str(
        parameters.get(key) or parameters.get(f"{key}.1") or parameters.get(f"{singular}Id.1") or ""
    )
    if named or not element or action.startswith(("Describe", "Get")):
        return named
    if noun == "LaunchTemplate" and parameters.get("LaunchTemplateName"):
        return str(parameters["LaunchTemplateName"])
    found = re.search(rf"<{element}>([^<]+)</{element}>".encode(), answer)
    return found.group(1).decode() if found else ""


def _json_value(answer: bytes, name: str) -> str:
    found = re.search(rf'"{name}":\s*"([^"]+)"'.encode(), answer)
    return found.group(1).decode() if found else ""
