"""EKS: every object has a natural name within its cluster, and tags that say whose it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.recovery.model import Condition, Found
from infra.recovery.search import Rule, Search, everything, items, or_none

_STATES = {
    "CREATING": Condition.MAKING,
    "PENDING": Condition.MAKING,
    "DELETING": Condition.ENDING,
    "FAILED": Condition.FAILED,
    "CREATE_FAILED": Condition.FAILED,
    "DELETE_FAILED": Condition.ENDING,
}


def _described(search: Search, rid: str, item: Mapping[str, Any] | None) -> Sequence[Found]:
    if item is None:
        return []
    status = str(item.get("status") or "")
    return [
        Found(
            rid,
            condition=_STATES.get(status, Condition.READY),
            ours=search.ours(item.get("tags") or {}),
            made=item.get("createdAt"),
            status=status,
        )
    ]


def _cluster(search: Search) -> Sequence[Found]:
    name = search.text("name")
    answer = or_none(search.client("eks").describe_cluster, name=name)
    return _described(search, name, answer and answer["cluster"])


def _node_group(search: Search) -> Sequence[Found]:
    cluster, name = search.text("clusterName"), search.text("nodeGroupName")
    answer = or_none(
        search.client("eks").describe_nodegroup, clusterName=cluster, nodegroupName=name
    )
    return _described(search, f"{cluster}:{name}", answer and answer["nodegroup"])


def _addon(search: Search) -> Sequence[Found]:
    cluster, name = search.text("clusterName"), search.text("addonName")
    answer = or_none(search.client("eks").describe_addon, clusterName=cluster, addonName=name)
    return _described(search, f"{cluster}:{name}", answer and answer["addon"])


def _access_entry(search: Search) -> Sequence[Found]:
    cluster, principal = search.text("clusterName"), search.text("principalArn")
    answer = or_none(
        search.client("eks").describe_access_entry, clusterName=cluster, principalArn=principal
    )
    return _described(search, f"{cluster}:{principal}", answer and answer["accessEntry"])


def _access_policy(search: Search) -> Sequence[Found]:
    names = [search.text(name) for name in ("clusterName", "principalArn", "policyArn")]
    eks = search.client("eks")
    answer = or_none(
        eks.list_associated_access_policies, clusterName=names[0], principalArn=names[1]
    )
    listed = items(answer, "associatedAccessPolicies")
    return [Found("#".join(names)) for each in listed if each["policyArn"] == names[2]]


def _pod_identity(search: Search) -> Sequence[Found]:
    eks, cluster = search.client("eks"), search.text("clusterName")
    if or_none(eks.describe_cluster, name=cluster) is None:
        return []
    listed = everything(
        eks,
        "list_pod_identity_associations",
        "associations",
        clusterName=cluster,
        namespace=search.text("namespace"),
        serviceAccount=search.text("serviceAccount"),
    )
    found: list[Found] = []
    for each in listed:
        rid = str(each["associationId"])
        answer = or_none(
            eks.describe_pod_identity_association, clusterName=cluster, associationId=rid
        )
        if answer is not None:
            item = answer["association"]
            ours = search.ours(item.get("tags") or {})
            found.append(Found(rid, f"{cluster},{rid}", ours=ours, made=item.get("createdAt")))
    return found


RULES: Mapping[str, Rule] = {
    "aws:eks/cluster:Cluster": Rule(_cluster, ("name",)),
    "aws:eks/nodeGroup:NodeGroup": Rule(_node_group, ("clusterName", "nodeGroupName")),
    "aws:eks/addon:Addon": Rule(_addon, ("clusterName", "addonName")),
    "aws:eks/accessEntry:AccessEntry": Rule(_access_entry, ("clusterName", "principalArn")),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Rule(
        _access_policy, ("clusterName", "principalArn", "policyArn")
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Rule(
        _pod_identity, ("clusterName", "namespace", "serviceAccount")
    ),
}
"""Type token to rule."""
