"""Managed node groups. No instance is started: the group is kept, its nodes are not."""

from typing import Any

from local.aws.data import ami_releases
from local.aws.data.cluster_versions import offered
from local.aws.eks import access
from local.aws.eks.checks import check_node_role, check_subnets
from local.aws.eks.launch_templates import check_template, resolve_template
from local.aws.eks.state import (
    EksCluster,
    EksNodegroup,
    cluster_of,
    invalid,
    nodegroup_of,
    now,
    record_update,
)
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, as_document, as_items, page

CAPACITY_TYPES = ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK")
TAINT_EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")
_INVALID = "InvalidParameterException"


def create(call: Call) -> Document:
    """CreateNodegroup."""
    cluster = cluster_of(call)
    name = call.text("nodegroupName")
    if name in cluster.nodegroups:
        message = f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
        raise AwsError(
            "ResourceInUseException", message, clusterName=cluster.name, nodegroupName=name
        )
    check_node_role(call.text("nodeRole"))
    subnets: list[str] = list(call.parameters["subnets"])
    for subnet in check_subnets(call.region, subnets):
        if subnet.vpc_id != cluster.resources_vpc_config["vpcId"]:
            message = f"Subnet {subnet.id} is not in the VPC of the cluster"
            raise invalid(message)
    template, own_image = check_template(call)
    ami_type = _ami_type(call, own_image=own_image)
    version, release = _versions(call, cluster, ami_type, own_image=own_image)
    scaling = _scaling(call.get("scalingConfig") or {}, {})
    group = EksNodegroup(
        cluster_name=cluster.name,
        node_role=call.text("nodeRole"),
        nodegroup_name=name,
        subnets=subnets,
        scaling_config=scaling,
        disk_size=call.get("diskSize"),
        instance_types=call.get("instanceTypes"),
        ami_type=ami_type,
        labels=dict(call.get("labels") or {}),
        taints=checked_taints(call.get("taints") or []),
        tags=dict(call.get("tags") or {}),
        launch_template=template,
        capacity_type=_capacity_type(call),
        version=version,
        release_version=release,
        update_config=call.get("updateConfig") or {"maxUnavailable": 1},
        node_repair_config=call.get("nodeRepairConfig"),
        account_id=ACCOUNT,
        region_name=call.region,
        aws_partition="aws",
    )
    _settle(group, call, own_image=own_image)
    cluster.nodegroups[name] = group
    cluster.nodegroup_count = len(cluster.nodegroups)
    access.add_node_entry(cluster, call.region, group.node_role)
    return {"nodegroup": group}


def _settle(group: EksNodegroup, call: Call, *, own_image: bool) -> None:
    """Undo the defaults that moto's constructor fills in and AWS does not."""
    values = group.__dict__
    if not call.get("remoteAccess"):
        values["remote_access"] = None
        values["resources"] = {
            "autoScalingGroups": [{"name": f"eks-{group.nodegroup_name}-{group.uuid}"}]
        }
    if group.launch_template:
        values["disk_size"] = None
        if not call.get("instanceTypes"):
            values["instance_types"] = None
    if own_image:
        values["version"] = values["version"] if call.get("version") else None
    group.created_at = group.modified_at = now()
    group.health = {"issues": []}


def _ami_type(call: Call, *, own_image: bool) -> str:
    requested = call.get("amiType")
    if own_image:
        if requested and requested != "CUSTOM":
            message = (
                "You cannot specify an AMI Type other than CUSTOM, when specifying an image id "
                "in your launch template."
            )
            raise invalid(message)
        return "CUSTOM"
    if requested == "CUSTOM":
        message = "You must specify an image id in your launch template for the AMI type CUSTOM."
        raise invalid(message)
    if requested and requested not in ami_releases.AMI_TYPES:
        message = (
            f"The AMI type {requested} is not offered; offered: {list(ami_releases.AMI_TYPES)}"
        )
        raise invalid(message)
    return str(requested or ami_releases.DEFAULT_AMI_TYPE)


def _versions(
    call: Call, cluster: EksCluster, ami_type: str, *, own_image: bool
) -> tuple[str, str]:
    """Kubernetes version and AMI release of a new group."""
    requested, release = call.get("version"), call.get("releaseVersion")
    if own_image:
        if requested or release:
            message = (
                "You cannot specify the field version or releaseVersion when specifying an "
                "image id in your launch template."
            )
            raise invalid(message)
        return str(cluster.version), "CUSTOM"
    version = str(requested or cluster.version)
    check_node_version(cluster, version)
    return version, _release(ami_type, version, release)


def check_node_version(cluster: EksCluster, version: str) -> None:
    """Nodes may be up to three minor versions behind the control plane, never ahead."""
    if offered(version) is None:
        message = f"Requested Nodegroup kubernetes version {version} is not supported"
        raise invalid(message)
    behind = int(str(cluster.version).partition(".")[2]) - int(version.partition(".")[2])
    if not 0 <= behind <= 3:
        message = (
            f"Nodegroup Kubernetes version {version} is not compatible with the cluster's "
            f"version {cluster.version}"
        )
        raise invalid(message)


def _release(ami_type: str, version: str, requested: Any) -> str:
    if not requested:
        return ami_releases.latest_release(ami_type, version)
    if not ami_releases.is_release_of(ami_type, version, str(requested)):
        message = (
            f"Requested release version {requested} is not valid for kubernetes version {version}."
        )
        raise invalid(message)
    return str(requested)


def _capacity_type(call: Call) -> str:
    requested = str(call.get("capacityType") or "ON_DEMAND")
    if requested not in CAPACITY_TYPES:
        message = f"The capacity type {requested} is not one of {list(CAPACITY_TYPES)}"
        raise invalid(message)
    return requested


def _scaling(requested: Document, present: Document) -> Document:
    merged: Document = {"minSize": 1, "maxSize": 2, "desiredSize": 1, **present, **requested}
    if requested and not present and "desiredSize" not in requested:
        merged["desiredSize"] = max(int(merged["minSize"]), min(1, int(merged["maxSize"])))
    low, wanted, high = (int(merged[key]) for key in ("minSize", "desiredSize", "maxSize"))
    if high < 1:
        message = "Maximum capacity of a node group must be at least 1"
        raise invalid(message)
    if low > wanted:
        message = f"Minimum capacity {low} can't be greater than desired size {wanted}"
        raise invalid(message)
    if wanted > high:
        message = f"desired capacity {wanted} can't be greater than max size {high}"
        raise invalid(message)
    return merged


def checked_taints(taints: list[Document]) -> list[Document]:
    """The taints, all with an effect that EKS knows."""
    for taint in taints:
        if taint.get("effect") not in TAINT_EFFECTS:
            message = (
                f"The effect {taint.get('effect')} of a taint is not one of {list(TAINT_EFFECTS)}"
            )
            raise invalid(message)
    return [dict(taint) for taint in taints]


def describe(call: Call) -> Document:
    """DescribeNodegroup."""
    return {"nodegroup": nodegroup_of(call)[1]}


def list_names(call: Call) -> Document:
    """ListNodegroups."""
    names, token = page(sorted(cluster_of(call).nodegroups), call, invalid=_INVALID)
    return {"nodegroups": names, "nextToken": token}


def delete(call: Call) -> Document:
    """DeleteNodegroup."""
    cluster, group = nodegroup_of(call)
    del cluster.nodegroups[group.nodegroup_name]
    cluster.nodegroup_count = len(cluster.nodegroups)
    access.remove_node_entry(cluster, group.node_role)
    group.status = "DELETING"
    return {"nodegroup": group}


def update_config(call: Call) -> Document:
    """UpdateNodegroupConfig: labels, taints, scaling, update and repair settings."""
    cluster, group = nodegroup_of(call)
    labels = call.document("labels")
    taints = call.document("taints")
    scaling = call.document("scalingConfig")
    added = checked_taints(as_items(taints.get("addOrUpdateTaints")))
    merged = _scaling(scaling, dict(group.scaling_config)) if scaling else None
    group.labels.update(as_document(labels.get("addOrUpdateLabels")))
    for key in as_items(labels.get("removeLabels")):
        group.labels.pop(key, None)
    replaced = {_taint_key(taint) for taint in [*added, *as_items(taints.get("removeTaints"))]}
    group.taints = [taint for taint in group.taints if _taint_key(taint) not in replaced] + added
    if merged is not None:
        group.scaling_config = merged
    if call.get("updateConfig"):
        group.update_config = dict(call.parameters["updateConfig"])
    if call.get("nodeRepairConfig"):
        group.node_repair_config = dict(call.parameters["nodeRepairConfig"])
    group.modified_at = now()
    parameters: Document = {
        "LabelsToAdd": labels.get("addOrUpdateLabels"),
        "LabelsToRemove": labels.get("removeLabels"),
        "TaintsToAdd": taints.get("addOrUpdateTaints"),
        "TaintsToRemove": taints.get("removeTaints"),
        "MinSize": scaling.get("minSize"),
        "MaxSize": scaling.get("maxSize"),
        "DesiredSize": scaling.get("desiredSize"),
        "MaxUnavailable": call.document("updateConfig").get("maxUnavailable"),
        "NodeRepairConfig": call.get("nodeRepairConfig"),
    }
    name = group.nodegroup_name
    return {"update": record_update(cluster, "ConfigUpdate", parameters, nodegroupName=name)}


def _taint_key(taint: Document) -> tuple[Any, Any]:
    return taint.get("key"), taint.get("effect")


def update_version(call: Call) -> Document:
    """UpdateNodegroupVersion: Kubernetes version, AMI release or launch template version."""
    cluster, group = nodegroup_of(call)
    wanted: Document | None = call.get("launchTemplate")
    version, release = call.get("version"), call.get("releaseVersion")
    if group.ami_type == "CUSTOM":
        if version or release:
            message = "You cannot specify a version for a node group with a custom AMI."
            raise invalid(message)
    else:
        chosen = str(version or cluster.version)
        check_node_version(cluster, chosen)
        group.release_version = _release(group.ami_type, chosen, release)
        group.version = chosen
    if wanted is not None:
        if not group.launch_template:
            message = "A launch template cannot be added to a node group that was made without one."
            raise invalid(message)
        group.launch_template = resolve_template(call.region, {**group.launch_template, **wanted})
    group.modified_at = now()
    parameters = {
        "Version": group.version,
        "ReleaseVersion": group.release_version,
        "LaunchTemplateVersion": (group.launch_template or {}).get("version"),
    }
    name = group.nodegroup_name
    return {"update": record_update(cluster, "VersionUpdate", parameters, nodegroupName=name)}
