"""Access entries and the access policies associated with them."""

from typing import Any

from local.aws.data.access_policies import ACCESS_POLICIES, policy_arn
from local.aws.eks.checks import check_principal
from local.aws.eks.state import API_MODES, EksCluster, cluster_of, invalid, now, short_id
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, page

NODE_TYPES = ("EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX")
_INVALID = "InvalidParameterException"


def bootstrap_creator(cluster: EksCluster, region: str, principal: str) -> None:
    """Give the maker of the cluster its entry as administrator, as AWS does."""
    if cluster.access_config["authenticationMode"] not in API_MODES:
        return
    cluster.access_entries[principal] = _entry(cluster, region, principal, "STANDARD")
    admin = policy_arn("AmazonEKSClusterAdminPolicy")
    cluster.access_policies[principal] = {admin: _association(admin, {"type": "cluster"})}


def add_node_entry(cluster: EksCluster, region: str, role_arn: str) -> None:
    """Let the nodes of a managed node group in, as EKS does by itself."""
    if cluster.access_config["authenticationMode"] not in API_MODES:
        return
    if role_arn not in cluster.access_entries:
        cluster.access_entries[role_arn] = _entry(cluster, region, role_arn, "EC2_LINUX")
        cluster.access_policies[role_arn] = {}


def remove_node_entry(cluster: EksCluster, role_arn: str) -> None:
    """Take the nodes' entry away with the last managed node group of the role."""
    entry = cluster.access_entries.get(role_arn)
    used = any(group.node_role == role_arn for group in cluster.nodegroups.values())
    if entry is not None and entry["type"] == "EC2_LINUX" and not used:
        del cluster.access_entries[role_arn]
        cluster.access_policies.pop(role_arn, None)


def create_entry(call: Call) -> Document:
    """CreateAccessEntry."""
    cluster = _cluster(call)
    principal = call.text("principalArn")
    if principal in cluster.access_entries:
        message = "The specified access entry resource is already in use on this cluster."
        raise AwsError("ResourceInUseException", message)
    kind = str(call.get("type") or "STANDARD")
    if kind not in {"STANDARD", *NODE_TYPES}:
        message = f"The type {kind} is not valid; allowed: STANDARD, {', '.join(NODE_TYPES)}"
        raise invalid(message)
    check_principal(principal)
    groups, username = call.get("kubernetesGroups"), call.get("username")
    if kind in NODE_TYPES and (groups or username):
        message = f"kubernetesGroups and username cannot be set for an entry of type {kind}."
        raise AwsError("InvalidRequestException", message)
    entry = _entry(cluster, call.region, principal, kind)
    entry["tags"] = dict(call.get("tags") or {})
    _set_names(entry, groups, username)
    cluster.access_entries[principal] = entry
    cluster.access_policies[principal] = {}
    return {"accessEntry": entry}


def _entry(cluster: EksCluster, region: str, principal: str, kind: str) -> Document:
    described = principal.rpartition(":")[2]
    what, _, name = described.partition("/")
    path = f"{what}/{ACCOUNT}/{name.rpartition('/')[2]}/{short_id(8)}-{short_id(12)}"
    username = principal
    if what == "role":
        account = principal.split(":")[4]
        username = (
            f"arn:aws:sts::{account}:assumed-role/{name.rpartition('/')[2]}/{{{{SessionName}}}}"
        )
    groups: list[str] = []
    if kind in NODE_TYPES:
        username, groups = "system:node:{{EC2PrivateDNSName}}", ["system:nodes"]
    return {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": f"arn:aws:eks:{region}:{ACCOUNT}:access-entry/{cluster.name}/{path}",
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": {},
        "username": username,
        "type": kind,
    }


def _set_names(entry: Document, groups: list[str] | None, username: str | None) -> None:
    for group in groups or []:
        if group.startswith("system:"):
            message = f"The kubernetes group name {group} is invalid, it cannot start with system:"
            raise invalid(message)
    reserved = ("system:", "eks:", "aws:", "amazon:", "iam:")
    if username and username.startswith(reserved):
        message = f"The username {username} is invalid, it cannot start with {', '.join(reserved)}"
        raise invalid(message)
    if groups is not None:
        entry["kubernetesGroups"] = list(groups)
    if username:
        entry["username"] = username


def describe_entry(call: Call) -> Document:
    """DescribeAccessEntry."""
    return {"accessEntry": _find(call)[1]}


def list_entries(call: Call) -> Document:
    """ListAccessEntries, of those with `associatedPolicyArn` when it is given."""
    cluster = _cluster(call)
    wanted = call.get("associatedPolicyArn")
    arns = [
        arn
        for arn in sorted(cluster.access_entries)
        if not wanted or wanted in cluster.access_policies[arn]
    ]
    items, token = page(arns, call, invalid=_INVALID)
    return {"accessEntries": items, "nextToken": token}


def update_entry(call: Call) -> Document:
    """UpdateAccessEntry."""
    entry = _find(call)[1]
    groups, username = call.get("kubernetesGroups"), call.get("username")
    if entry["type"] in NODE_TYPES and (groups or username):
        message = f"The access entry of type {entry['type']} cannot be changed."
        raise AwsError("InvalidRequestException", message)
    _set_names(entry, groups, username)
    entry["modifiedAt"] = now()
    return {"accessEntry": entry}


def delete_entry(call: Call) -> Document:
    """DeleteAccessEntry, with its policy associations."""
    cluster, entry = _find(call)
    del cluster.access_entries[entry["principalArn"]]
    cluster.access_policies.pop(entry["principalArn"], None)
    return {}


def associate(call: Call) -> Document:
    """AssociateAccessPolicy; a policy that is associated already gets the new scope."""
    cluster, entry = _find(call)
    if entry["type"] in NODE_TYPES:
        message = f"Access policies cannot be associated with the type {entry['type']}."
        raise AwsError("InvalidRequestException", message)
    arn = call.text("policyArn")
    if arn not in {policy_arn(name) for name in ACCESS_POLICIES}:
        message = f"The policyArn parameter format is not valid: {arn}"
        raise invalid(message)
    scope: Document = dict(call.parameters["accessScope"])
    namespaces: list[str] = list(scope.get("namespaces") or [])
    if scope.get("type") not in {"cluster", "namespace"}:
        message = "The accessScope type must be cluster or namespace"
        raise invalid(message)
    if (scope["type"] == "namespace") != bool(namespaces):
        message = "Namespaces must be given for the access scope namespace, and only for it"
        raise invalid(message)
    held = cluster.access_policies[entry["principalArn"]]
    association = _association(arn, scope)
    if arn in held:
        association["associatedAt"] = held[arn]["associatedAt"]
    held[arn] = association
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        "associatedAccessPolicy": association,
    }


def _association(arn: str, scope: Document) -> Document:
    given: dict[str, Any] = {"type": scope["type"], "namespaces": scope.get("namespaces") or []}
    return {"policyArn": arn, "accessScope": given, "associatedAt": now(), "modifiedAt": now()}


def disassociate(call: Call) -> Document:
    """DisassociateAccessPolicy."""
    cluster, entry = _find(call)
    arn = call.text("policyArn")
    if cluster.access_policies[entry["principalArn"]].pop(arn, None) is None:
        message = f"The policy {arn} is not associated with {entry['principalArn']}."
        raise AwsError("ResourceNotFoundException", message)
    return {}


def list_associated(call: Call) -> Document:
    """ListAssociatedAccessPolicies."""
    cluster, entry = _find(call)
    held = cluster.access_policies[entry["principalArn"]]
    items, token = page([held[arn] for arn in sorted(held)], call, invalid=_INVALID)
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        "associatedAccessPolicies": items,
        "nextToken": token,
    }


def list_policies(call: Call) -> Document:
    """ListAccessPolicies."""
    known: list[dict[str, Any]] = [
        {"name": name, "arn": policy_arn(name)} for name in ACCESS_POLICIES
    ]
    items, token = page(known, call, invalid=_INVALID)
    return {"accessPolicies": items, "nextToken": token}


def _cluster(call: Call) -> EksCluster:
    cluster = cluster_of(call)
    if cluster.access_config["authenticationMode"] not in API_MODES:
        message = (
            "The cluster's authentication mode must be set to one of "
            "[API, API_AND_CONFIG_MAP] to perform this operation."
        )
        raise AwsError("InvalidRequestException", message)
    return cluster


def _find(call: Call) -> tuple[EksCluster, Document]:
    cluster = _cluster(call)
    entry = cluster.access_entries.get(call.text("principalArn"))
    if entry is None:
        message = "The specified principalArn could not be found. You can view your available "
        message += "access entries with 'aws eks list-access-entries'."
        raise AwsError("ResourceNotFoundException", message)
    return cluster, entry
