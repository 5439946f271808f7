"""Add-ons. Nothing is installed in the cluster: the add-on is kept, its pods are not."""

import json
from typing import Any

import yaml

from local.aws.data import addon_releases as table
from local.aws.data.addons import Addon
from local.aws.eks import pod_identity
from local.aws.eks.checks import find_role
from local.aws.eks.state import EksCluster, cluster_of, invalid, now, record_update, short_id
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, page

_CONFLICTS = ("OVERWRITE", "NONE", "PRESERVE")


def create(call: Call) -> Document:
    """CreateAddon."""
    cluster = cluster_of(call)
    name = call.text("addonName")
    if name in cluster.addons:
        raise AwsError(
            "ResourceInUseException",
            "Addon already exists.",
            clusterName=cluster.name,
            addonName=name,
        )
    information = table.find(name)
    if information is None:
        raise invalid(f"Addon {name} specified is not supported", addonName=name)
    version = _version(cluster, information, call.get("addonVersion"))
    _check_conflicts(call, ("OVERWRITE", "NONE"))
    check_configuration(name, call.get("configurationValues"))
    role = call.get("serviceAccountRoleArn")
    _check_role(role)
    namespace = call.document("namespaceConfig").get("namespace") or information.namespace
    path = f"addon/{cluster.name}/{name}/{short_id(8)}-{short_id(12)}"
    addon: Document = {
        "addonName": name,
        "clusterName": cluster.name,
        "addonVersion": version,
        "addonArn": f"arn:aws:eks:{call.region}:{ACCOUNT}:{path}",
        "createdAt": now(),
        "modifiedAt": now(),
        "serviceAccountRoleArn": role,
        "tags": dict(call.get("tags") or {}),
        "publisher": information.maker[0],
        "owner": information.maker[1],
        "configurationValues": call.get("configurationValues"),
        "podIdentityAssociations": [],
        "namespaceConfig": {"namespace": namespace},
    }
    _associate(cluster, call, addon)
    cluster.addons[name] = addon
    return {"addon": _answer(cluster, addon)}


def _version(cluster: EksCluster, information: Addon, wanted: Any) -> str:
    releases = information.releases_for(str(cluster.version))
    if not releases:
        message = f"Addon {information.name} is not offered for Kubernetes {cluster.version}"
        raise invalid(message, clusterName=cluster.name, addonName=information.name)
    if not wanted:
        return information.default_for(str(cluster.version))
    if wanted not in releases:
        message = (
            f"Addon version specified is not supported: {information.name} {wanted} on Kubernetes "
            f"{cluster.version}; known to the local cloud: {', '.join(releases)}"
        )
        raise invalid(message, clusterName=cluster.name, addonName=information.name)
    return str(wanted)


def _check_conflicts(call: Call, allowed: tuple[str, ...]) -> None:
    wanted = call.get("resolveConflicts")
    if wanted and wanted not in allowed:
        message = f"resolveConflicts {wanted} is not one of {list(allowed)}"
        raise invalid(message)


def _check_role(role: Any) -> None:
    if role and find_role(str(role)) is None:
        message = f"The role {role} of the add-on does not exist"
        raise invalid(message)


def check_configuration(name: str, text: Any) -> None:
    """InvalidParameterException unless the values are an object in JSON or YAML."""
    if not text:
        return
    try:
        values: Any = yaml.safe_load(str(text))
    except yaml.YAMLError as error:
        message = f"ConfigurationValue provided in request is not supported: {error}"
        raise invalid(message, addonName=name) from error
    if not isinstance(values, dict):
        message = "ConfigurationValue provided in request is not supported: not an object"
        raise invalid(message, addonName=name)


def _associate(cluster: EksCluster, call: Call, addon: Document) -> None:
    """Replace the pod identity associations that the add-on owns with those of the call."""
    wanted: list[Document] | None = call.get("podIdentityAssociations")
    if wanted is None:
        return
    owned: list[str] = list(addon["podIdentityAssociations"])
    kept = {
        identifier: association
        for identifier, association in cluster.associations.items()
        if association["associationArn"] in owned
    }
    for identifier in kept:
        del cluster.associations[identifier]
    namespace = addon["namespaceConfig"]["namespace"]
    made: list[Document] = []
    try:
        for entry in wanted:
            made.append(  # noqa: PERF401 what was made before an error is taken back below
                pod_identity.add(
                    cluster, call.region, namespace, entry["serviceAccount"], entry["roleArn"]
                )
            )
    except AwsError:
        for association in made:
            del cluster.associations[association["associationId"]]
        cluster.associations.update(kept)
        raise
    for association in made:
        association["ownerArn"] = addon["addonArn"]
    addon["podIdentityAssociations"] = [association["associationArn"] for association in made]


def _answer(cluster: EksCluster, addon: Document) -> Document:
    """The add-on with its state right now: one that runs as pods needs a node to be active."""
    information = table.find(addon["addonName"])
    sizes = [int(group.scaling_config["desiredSize"]) for group in cluster.nodegroups.values()]
    has_place = bool(cluster.compute_config) or bool(cluster.fargate_profiles) or any(sizes)
    issues: list[Document] = []
    if information is not None and information.needs_nodes and not has_place:
        message = "The add-on is unhealthy because it doesn't have the desired number of replicas."
        issues = [{"code": "InsufficientNumberOfReplicas", "message": message, "resourceIds": []}]
    return {
        **addon,
        "status": "DEGRADED" if issues else "ACTIVE",
        "health": {"issues": issues},
    }


def describe(call: Call) -> Document:
    """DescribeAddon."""
    return {"addon": _answer(*_find(call))}


def list_names(call: Call) -> Document:
    """ListAddons."""
    cluster = cluster_of(call)
    names, token = page(sorted(cluster.addons), call, invalid="InvalidParameterException")
    return {"addons": names, "nextToken": token}


def update(call: Call) -> Document:
    """UpdateAddon: what the call does not name stays as it is."""
    cluster, addon = _find(call)
    name = addon["addonName"]
    information = table.find(name)
    wanted = call.get("addonVersion")
    if wanted and information is not None and wanted != addon["addonVersion"]:
        addon["addonVersion"] = _version(cluster, information, wanted)
    _check_conflicts(call, _CONFLICTS)
    values = call.get("configurationValues")
    check_configuration(name, values)
    _check_role(call.get("serviceAccountRoleArn"))
    _associate(cluster, call, addon)
    for parameter in ("configurationValues", "serviceAccountRoleArn"):
        if call.get(parameter) is not None:
            addon[parameter] = call.get(parameter)
    addon["modifiedAt"] = now()
    parameters = {
        "AddonVersion": addon["addonVersion"],
        "ServiceAccountRoleArn": call.get("serviceAccountRoleArn"),
        "ResolveConflicts": call.get("resolveConflicts"),
        "ConfigurationValues": values,
    }
    return {"update": record_update(cluster, "AddonUpdate", parameters, addonName=name)}


def delete(call: Call) -> Document:
    """DeleteAddon, with the pod identity associations that it owns."""
    cluster, addon = _find(call)
    for identifier, association in list(cluster.associations.items()):
        if association.get("ownerArn") == addon["addonArn"]:
            del cluster.associations[identifier]
    del cluster.addons[addon["addonName"]]
    return {"addon": {**_answer(cluster, addon), "status": "DELETING"}}


def _find(call: Call) -> tuple[EksCluster, Document]:
    cluster = cluster_of(call)
    name = call.text("addonName")
    addon = cluster.addons.get(name)
    if addon is None:
        message = f"No addon: {name} found in cluster: {cluster.name}"
        raise AwsError(
            "ResourceNotFoundException", message, clusterName=cluster.name, addonName=name
        )
    return cluster, addon


def describe_versions(call: Call) -> Document:
    """DescribeAddonVersions, newest version first."""
    wanted = call.get("kubernetesVersion")
    found: list[Document] = []
    for addon in table.ADDONS:
        filters = (
            ("types", addon.kind),
            ("publishers", addon.maker[0]),
            ("owners", addon.maker[1]),
        )
        if any(call.get(name) and value not in call.parameters[name] for name, value in filters):
            continue
        if call.get("addonName") in {None, addon.name}:
            described = addon.describe(str(wanted) if wanted else None)
            if described["addonVersions"]:
                found.append(described)
    items, token = page(found, call, invalid="InvalidParameterException")
    return {"addons": items, "nextToken": token}


def describe_configuration(call: Call) -> Document:
    """DescribeAddonConfiguration; the schema only says that values are an object."""
    name, version = call.text("addonName"), call.text("addonVersion")
    information = table.find(name)
    if information is None or version not in {release.version for release in information.releases}:
        message = f"Addon {name} with version {version} is not found"
        raise AwsError("ResourceNotFoundException", message, addonName=name)
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "local cloud: the fields of the values are not checked",
        "type": "object",
    }
    managed = "arn:aws:iam::aws:policy/"
    identities = [
        {
            "serviceAccount": account,
            "recommendedManagedPolicies": [f"{managed}{policy}" for policy in policies],
        }
        for account, policies in information.identities
    ]
    return {
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": json.dumps(schema),
        "podIdentityConfiguration": identities,
    }
