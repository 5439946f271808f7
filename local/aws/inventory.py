"""What stands in the emulated account, asked through boto3 as anybody could ask it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from local.aws.client import client
from local.aws.facts import ACCOUNT

Inventory = dict[str, dict[str, str]]
"""Type of resource, such as ``ec2/vpc``, to id or name, to state."""

TERMINAL_STATES = frozenset(
    {"deleted", "deleting", "DELETING", "PendingDeletion", "delete-complete"}
)
"""States of what is gone, or will be by itself."""


def inventory(endpoint: str, region: str) -> Inventory:
    """Everything that the platform can make and that is in the account.

    Args:
        endpoint: URL of the emulator.
        region: Region to look at; IAM, S3 and Budgets have none.

    Returns:
        Every type is a key, even when nothing of it is there. Terminal states are kept.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        parts = [pool.submit(part, endpoint, region) for part in _PARTS]
    found: Inventory = {}
    for part in parts:
        found.update(part.result())
    return dict(sorted(found.items()))


def alive(found: Inventory) -> Inventory:
    """`found` without what is in a terminal state, and without types of which nothing is left."""
    kept = {
        kind: {name: state for name, state in items.items() if state not in TERMINAL_STATES}
        for kind, items in found.items()
    }
    return {kind: items for kind, items in kept.items() if items}


def count(found: Inventory) -> int:
    """How many resources `found` holds."""
    return sum(len(items) for items in found.values())


@lru_cache(maxsize=64)
def _client(service: str, endpoint: str, region: str) -> Any:
    return client(service, endpoint, region)


def _all(service: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """All items of a list operation, over all pages."""
    if service.can_paginate(operation):
        pages: Iterable[Any] = service.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(service, operation)(**arguments)]
    return [item for page in pages for item in page.get(key, [])]


def _pick(
    items: list[Any], name: str, state: str = "", otherwise: str = "present"
) -> dict[str, str]:
    return {str(item[name]): str(item.get(state) or otherwise) for item in items}


def _network(endpoint: str, region: str) -> Inventory:
    ec2 = _client("ec2", endpoint, region)
    gateways = _all(ec2, "describe_internet_gateways", "InternetGateways")
    return {
        "ec2/vpc": _pick(_all(ec2, "describe_vpcs", "Vpcs"), "VpcId", "State"),
        "ec2/subnet": _pick(_all(ec2, "describe_subnets", "Subnets"), "SubnetId", "State"),
        "ec2/internet-gateway": {
            str(each["InternetGatewayId"]): "attached" if each["Attachments"] else "detached"
            for each in gateways
        },
        "ec2/nat-gateway": _pick(
            _all(ec2, "describe_nat_gateways", "NatGateways"), "NatGatewayId", "State"
        ),
        "ec2/address": {
            str(each["AllocationId"]): "associated" if each.get("AssociationId") else "free"
            for each in _all(ec2, "describe_addresses", "Addresses")
        },
        "ec2/route-table": _pick(_all(ec2, "describe_route_tables", "RouteTables"), "RouteTableId"),
        "ec2/vpc-endpoint": _pick(
            _all(ec2, "describe_vpc_endpoints", "VpcEndpoints"), "VpcEndpointId", "State"
        ),
        "ec2/flow-log": _pick(
            _all(ec2, "describe_flow_logs", "FlowLogs"), "FlowLogId", "FlowLogStatus"
        ),
    }


def _compute(endpoint: str, region: str) -> Inventory:
    ec2 = _client("ec2", endpoint, region)
    reservations = _all(ec2, "describe_instances", "Reservations")
    return {
        "ec2/security-group": _pick(
            _all(ec2, "describe_security_groups", "SecurityGroups"), "GroupId"
        ),
        "ec2/security-group-rule": _pick(
            _all(ec2, "describe_security_group_rules", "SecurityGroupRules"), "SecurityGroupRuleId"
        ),
        "ec2/launch-template": _pick(
            _all(ec2, "describe_launch_templates", "LaunchTemplates"), "LaunchTemplateId"
        ),
        "ec2/network-interface": _pick(
            _all(ec2, "describe_network_interfaces", "NetworkInterfaces"),
            "NetworkInterfaceId",
            "Status",
        ),
        "ec2/placement-group": _pick(
            _all(ec2, "describe_placement_groups", "PlacementGroups"), "GroupName", "State"
        ),
        "ec2/instance": {
            str(instance["InstanceId"]): str(instance["State"]["Name"])
            for reservation in reservations
            for instance in reservation["Instances"]
        },
    }


def _eks(endpoint: str, region: str) -> Inventory:
    eks = _client("eks", endpoint, region)
    kinds = ("cluster", "node-group", "addon", "access-entry", "pod-identity-association")
    found: Inventory = {f"eks/{kind}": {} for kind in kinds}
    for name in _all(eks, "list_clusters", "clusters"):
        cluster = eks.describe_cluster(name=name)["cluster"]
        found["eks/cluster"][name] = cluster["status"]
        for group in _all(eks, "list_nodegroups", "nodegroups", clusterName=name):
            answer = eks.describe_nodegroup(clusterName=name, nodegroupName=group)
            found["eks/node-group"][f"{name}/{group}"] = answer["nodegroup"]["status"]
        for addon in _all(eks, "list_addons", "addons", clusterName=name):
            answer = eks.describe_addon(clusterName=name, addonName=addon)
            found["eks/addon"][f"{name}/{addon}"] = answer["addon"]["status"]
        for item in _all(eks, "list_pod_identity_associations", "associations", clusterName=name):
            who = f"{name}/{item['namespace']}/{item['serviceAccount']}"
            found["eks/pod-identity-association"][who] = "present"
        if cluster["accessConfig"]["authenticationMode"] != "CONFIG_MAP":
            for arn in _all(eks, "list_access_entries", "accessEntries", clusterName=name):
                found["eks/access-entry"][f"{name}/{arn}"] = "present"
    return found


def _identity(endpoint: str, region: str) -> Inventory:
    iam = _client("iam", endpoint, region)
    kms = _client("kms", endpoint, region)
    keys: dict[str, str] = {}
    for key in _all(kms, "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described.get("KeyManager") != "AWS":
            keys[str(key["KeyId"])] = str(described["KeyState"])
    aliases = [
        alias
        for alias in _all(kms, "list_aliases", "Aliases")
        if not alias["AliasName"].startswith("alias/aws/")
    ]
    return {
        "iam/role": _pick(_all(iam, "list_roles", "Roles"), "RoleName"),
        "iam/policy": _pick(_all(iam, "list_policies", "Policies", Scope="Local"), "PolicyName"),
        "iam/instance-profile": _pick(
            _all(iam, "list_instance_profiles", "InstanceProfiles"), "InstanceProfileName"
        ),
        "iam/oidc-provider": _pick(
            _all(iam, "list_open_id_connect_providers", "OpenIDConnectProviderList"), "Arn"
        ),
        "iam/user": _pick(_all(iam, "list_users", "Users"), "UserName"),
        "kms/key": keys,
        "kms/alias": _pick(aliases, "AliasName"),
    }


def _storage(endpoint: str, region: str) -> Inventory:
    s3 = _client("s3", endpoint, region)
    ecr = _client("ecr", endpoint, region)
    logs = _client("logs", endpoint, region)
    buckets: dict[str, str] = {}
    for bucket in _all(s3, "list_buckets", "Buckets"):
        objects = _all(s3, "list_objects_v2", "Contents", Bucket=bucket["Name"])
        buckets[str(bucket["Name"])] = f"{len(objects)} objects"
    return {
        "s3/bucket": buckets,
        "ecr/repository": _pick(
            _all(ecr, "describe_repositories", "repositories"), "repositoryName"
        ),
        "logs/log-group": _pick(_all(logs, "describe_log_groups", "logGroups"), "logGroupName"),
    }


def _messaging(endpoint: str, region: str) -> Inventory:
    sqs, sns = _client("sqs", endpoint, region), _client("sns", endpoint, region)
    events = _client("events", endpoint, region)
    budgets = _client("budgets", endpoint, region)
    costs = _client("ce", endpoint, region)
    queues = [str(url).rpartition("/")[2] for url in _all(sqs, "list_queues", "QueueUrls")]
    return {
        "sqs/queue": dict.fromkeys(queues, "present"),
        "sns/topic": _pick(_all(sns, "list_topics", "Topics"), "TopicArn"),
        "sns/subscription": _pick(
            _all(sns, "list_subscriptions", "Subscriptions"), "SubscriptionArn"
        ),
        "events/rule": _pick(_all(events, "list_rules", "Rules"), "Name", "State"),
        "budgets/budget": _pick(
            _all(budgets, "describe_budgets", "Budgets", AccountId=ACCOUNT), "BudgetName"
        ),
        "ce/anomaly-monitor": _pick(
            _all(costs, "get_anomaly_monitors", "AnomalyMonitors"), "MonitorArn"
        ),
        "ce/anomaly-subscription": _pick(
            _all(costs, "get_anomaly_subscriptions", "AnomalySubscriptions"), "SubscriptionArn"
        ),
    }


_PARTS: tuple[Callable[[str, str], Inventory], ...] = (
    _network,
    _identity,
    _eks,
    _storage,
    _messaging,
    _compute,
)
