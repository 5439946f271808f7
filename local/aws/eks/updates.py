"""Changes of clusters: configuration, version, encryption; and the record of updates."""

from collections.abc import Callable
from typing import Any

from local.aws.data.cluster_versions import offered
from local.aws.eks import access, log_groups
from local.aws.eks.checks import check_cluster_subnets, check_encryption, check_security_groups
from local.aws.eks.clusters import check_endpoints, logging_of
from local.aws.eks.state import EksCluster, cluster_of, invalid, record_update
from local.aws.operations import AwsError, Call, Document, page

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


def update_config(call: Call) -> Document:
    """UpdateClusterConfig: one kind of change per call, merged into what is there."""
    cluster = cluster_of(call)
    asked = [name for name in _CHANGES if call.get(name) is not None]
    auto_mode = {"computeConfig", "storageConfig", "kubernetesNetworkConfig"}
    if not asked:
        message = "No changes needed: the request names no configuration"
        raise invalid(message)
    if len(asked) > 1 and not set(asked) <= auto_mode:
        message = f"Only one type of update can be allowed, got {', '.join(asked)}"
        raise invalid(message)
    update: Document = {}
    for name in asked:
        update = _CHANGES[name](cluster, call.parameters[name], call.region)
    return {"update": update}


def _vpc(cluster: EksCluster, wanted: Document, region: str) -> Document:
    present: Document = cluster.resources_vpc_config
    endpoint = {"endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"}
    network = {"subnetIds", "securityGroupIds"}
    named = {key for key, value in wanted.items() if value is not None}
    if named & endpoint and named & network:
        message = (
            "Cluster endpoint access and subnets or security groups cannot be changed in the "
            "same call"
        )
        raise invalid(message)
    merged: Document = {**present, **{key: wanted[key] for key in named}}
    if merged == present:
        message = (
            "Cluster is already at the desired configuration with endpointPrivateAccess: "
            f"{present['endpointPrivateAccess']} , endpointPublicAccess: "
            f"{present['endpointPublicAccess']}, and Public Endpoint Restrictions: "
            f"{present['publicAccessCidrs']}"
        )
        raise invalid(message)
    check_endpoints(
        public=bool(merged["endpointPublicAccess"]), private=bool(merged["endpointPrivateAccess"])
    )
    if check_cluster_subnets(region, merged["subnetIds"]) != present["vpcId"]:
        message = "The subnets of a cluster must stay in its VPC"
        raise invalid(message)
    check_security_groups(region, merged["securityGroupIds"], present["vpcId"])
    cluster.resources_vpc_config = merged
    kind = "EndpointAccessUpdate" if named & endpoint else "VpcConfigUpdate"
    return record_update(
        cluster,
        kind,
        {
            "EndpointPublicAccess": wanted.get("endpointPublicAccess"),
            "EndpointPrivateAccess": wanted.get("endpointPrivateAccess"),
            "PublicAccessCidrs": wanted.get("publicAccessCidrs"),
            "Subnets": wanted.get("subnetIds"),
            "SecurityGroups": wanted.get("securityGroupIds"),
        },
    )


def _logging(cluster: EksCluster, wanted: Document, region: str) -> Document:
    setups: list[Document] = [*cluster.logging["clusterLogging"], *wanted["clusterLogging"]]
    merged = logging_of({"clusterLogging": setups})
    if merged == cluster.logging:
        message = "No changes needed for the logging config provided"
        raise invalid(message)
    cluster.logging = merged
    log_groups.ensure(cluster, region)
    return record_update(cluster, "LoggingUpdate", {"ClusterLogging": wanted["clusterLogging"]})


def _access(cluster: EksCluster, wanted: Document, region: str) -> Document:
    present = str(cluster.access_config["authenticationMode"])
    mode = str(wanted.get("authenticationMode") or present)
    if mode == present:
        message = f"Cluster is already at the desired authentication mode {mode}"
        raise invalid(message)
    if mode not in _MODES or _MODES.index(mode) < _MODES.index(present):
        message = f"Unsupported authentication mode update from {present} to {mode}"
        raise invalid(message)
    cluster.access_config = {**cluster.access_config, "authenticationMode": mode}
    for group in cluster.nodegroups.values():
        access.add_node_entry(cluster, region, group.node_role)
    return record_update(cluster, "AccessConfigUpdate", {"AuthenticationMode": mode})


def _upgrade_policy(cluster: EksCluster, wanted: Document, _region: str) -> Document:
    kind = str(wanted.get("supportType"))
    if kind not in {"STANDARD", "EXTENDED"}:
        message = f"The support type {kind} is not one of [STANDARD, EXTENDED]"
        raise invalid(message)
    cluster.upgrade_policy = {"supportType": kind}
    return record_update(cluster, "UpgradePolicyUpdate", {"UpgradePolicy": kind})


def _deletion_protection(cluster: EksCluster, wanted: Any, _region: str) -> Document:
    cluster.deletion_protection = bool(wanted)
    value = {"DeletionProtection": cluster.deletion_protection}
    return record_update(cluster, "DeletionProtectionUpdate", value)


def _kept(
    attribute: str, kind: str, parameter: str
) -> "Callable[[EksCluster, Any, str], Document]":
    """A change that the emulator keeps and answers, but which changes nothing else."""

    def change(cluster: EksCluster, wanted: Any, _region: str) -> Document:
        present: Document = getattr(cluster, attribute) or {}
        setattr(cluster, attribute, {**present, **wanted})
        return record_update(cluster, kind, {parameter: wanted})

    return change


_CHANGES: dict[str, Callable[[EksCluster, Any, str], Document]] = {
    "resourcesVpcConfig": _vpc,
    "logging": _logging,
    "accessConfig": _access,
    "upgradePolicy": _upgrade_policy,
    "deletionProtection": _deletion_protection,
    "zonalShiftConfig": _kept("zonal_shift_config", "ZonalShiftConfigUpdate", "ZonalShiftConfig"),
    "computeConfig": _kept("compute_config", "AutoModeUpdate", "ComputeConfig"),
    "storageConfig": _kept("storage_config", "AutoModeUpdate", "StorageConfig"),
    "kubernetesNetworkConfig": _kept(
        "kubernetes_network_config", "AutoModeUpdate", "KubernetesNetworkConfig"
    ),
    "remoteNetworkConfig": _kept(
        "remote_network_config", "RemoteNetworkConfigUpdate", "RemoteNetworkConfig"
    ),
}


def update_version(call: Call) -> Document:
    """UpdateClusterVersion: one minor version up at a time."""
    cluster = cluster_of(call)
    present, wanted = str(cluster.version), call.text("version")
    if offered(wanted) is None:
        message = f"unsupported Kubernetes version {wanted}"
        raise invalid(message)
    if wanted == present:
        message = f"Cluster is already at the desired version {wanted}"
        raise invalid(message)
    step = int(wanted.partition(".")[2]) - int(present.partition(".")[2])
    if step != 1:
        message = f"Unsupported Kubernetes minor version update from {present} to {wanted}"
        raise invalid(message)
    for group in cluster.nodegroups.values():
        if int(wanted.partition(".")[2]) - int(str(group.version).partition(".")[2]) > 3:
            message = f"Nodegroups {group.nodegroup_name} must be updated before the cluster"
            raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
    cluster.version = wanted
    parameters = {"Version": wanted, "PlatformVersion": "eks.1"}
    return {"update": record_update(cluster, "VersionUpdate", parameters)}


def associate_encryption(call: Call) -> Document:
    """AssociateEncryptionConfig: once, and for good."""
    cluster = cluster_of(call)
    if cluster.encryption_config:
        message = f"Cluster {cluster.name} already has an encryption configuration"
        raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
    wanted: list[Document] = list(call.parameters["encryptionConfig"])
    check_encryption(call.region, wanted)
    cluster.encryption_config = wanted
    parameters = {"EncryptionConfig": wanted}
    return {"update": record_update(cluster, "AssociateEncryptionConfig", parameters)}


def describe(call: Call) -> Document:
    """DescribeUpdate of a cluster, or of the node group or add-on that the call names."""
    cluster = cluster_of(call)
    kept = cluster.updates.get(call.text("updateId"))
    if kept is None or kept["owner"] != _owner(call):
        message = f"No update found for ID: {call.text('updateId')}"
        raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
    return {"update": kept["update"]}


def list_ids(call: Call) -> Document:
    """ListUpdates, oldest first."""
    cluster = cluster_of(call)
    owner = _owner(call)
    ids = [identifier for identifier, kept in cluster.updates.items() if kept["owner"] == owner]
    items, token = page(ids, call, invalid="InvalidParameterException")
    return {"updateIds": items, "nextToken": token}


def _owner(call: Call) -> dict[str, str]:
    names = ("nodegroupName", "addonName")
    return {name: str(call.get(name)) for name in names if call.get(name)}
