"""Clusters: create, describe, list, delete."""

import re
import secrets
from typing import Any

from local.aws import backends, callers
from local.aws.data import cluster_versions
from local.aws.eks import access, log_groups
from local.aws.eks.checks import (
    check_cluster_role,
    check_cluster_subnets,
    check_encryption,
    check_security_groups,
)
from local.aws.eks.state import (
    ISSUER,
    EksBackend,
    EksCluster,
    backend_of,
    cluster_of,
    invalid,
    now,
)
from local.aws.facts import ACCOUNT, current
from local.aws.operations import AwsError, Call, Document, as_document, as_items, page

_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def create(call: Call) -> Document:
    """CreateCluster."""
    backend = backend_of(call)
    name = call.text("name")
    if name in backend.clusters:
        message = f"Cluster already exists with name: {name}"
        raise AwsError("ResourceInUseException", message, clusterName=name)
    if not _NAME.fullmatch(name):
        message = f"The cluster name '{name}' is not valid: letters, digits, - and _, at most 100"
        raise invalid(message)
    version = str(call.get("version") or cluster_versions.DEFAULT_VERSION)
    offered = cluster_versions.offered(version)
    if offered is None:
        message = f"unsupported Kubernetes version {version}"
        raise invalid(message)
    check_cluster_role(call.text("roleArn"))
    network, vpc_id = _network(call)
    encryption: list[dict[str, Any]] = list(call.get("encryptionConfig") or [])
    check_encryption(call.region, encryption)
    cluster = EksCluster(
        name=name,
        role_arn=call.text("roleArn"),
        resources_vpc_config=network,
        version=version,
        logging=logging_of(call.get("logging")),
        tags=dict(call.get("tags") or {}),
        encryption_config=encryption,
        remote_network_config=call.get("remoteNetworkConfig"),
        account_id=ACCOUNT,
        region_name=call.region,
        aws_partition=backend.partition,
    )
    cluster.platformVersion = "eks.1"
    _settle(cluster, call, network, vpc_id)
    backend.clusters[name] = cluster
    log_groups.ensure(cluster, call.region)
    return {"cluster": cluster}


def _settle(cluster: EksCluster, call: Call, network: Document, vpc_id: str) -> None:
    facts = current()
    cluster.created_at = now()
    cluster.endpoint = facts.cluster_endpoint
    cluster.certificate_authority = {"data": facts.cluster_ca}
    issuer = ISSUER.format(region=call.region, identifier=secrets.token_hex(16).upper())
    cluster.identity = {"oidc": {"issuer": issuer}}
    cluster.kubernetes_network_config = _kubernetes_network(call.get("kubernetesNetworkConfig"))
    requested: Document = call.get("accessConfig") or {}
    bootstrap = requested.get("bootstrapClusterCreatorAdminPermissions")
    cluster.access_config = {
        "authenticationMode": requested.get("authenticationMode") or "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": bootstrap is not False,
    }
    cluster.upgrade_policy = dict(call.get("upgradePolicy") or {"supportType": "EXTENDED"})
    cluster.deletion_protection = bool(call.get("deletionProtection"))
    cluster.zonal_shift_config = dict(call.get("zonalShiftConfig") or {"enabled": False})
    cluster.compute_config = call.get("computeConfig")
    cluster.storage_config = call.get("storageConfig")
    cluster.cluster_security_group = _make_group(cluster.name, call.region, vpc_id)
    network["clusterSecurityGroupId"] = cluster.cluster_security_group
    if bootstrap is not False:
        access.bootstrap_creator(cluster, call.region, callers.arn_of(call.access_key))


def _network(call: Call) -> tuple[Document, str]:
    requested: Document = call.parameters["resourcesVpcConfig"]
    subnets: list[str] = list(requested.get("subnetIds") or [])
    if not subnets:
        message = "Required parameter subnetIds in resourcesVpcConfig is missing"
        raise invalid(message)
    vpc_id = check_cluster_subnets(call.region, subnets)
    groups: list[str] = list(requested.get("securityGroupIds") or [])
    check_security_groups(call.region, groups, vpc_id)
    public = requested.get("endpointPublicAccess") is not False
    private = bool(requested.get("endpointPrivateAccess"))
    check_endpoints(public=public, private=private)
    cidrs = requested.get("publicAccessCidrs") or (["0.0.0.0/0"] if public else [])
    return {
        "subnetIds": subnets,
        "securityGroupIds": groups,
        "vpcId": vpc_id,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": private,
        "publicAccessCidrs": list(cidrs),
    }, vpc_id


def check_endpoints(*, public: bool, private: bool) -> None:
    """InvalidParameterException when the API server would be reachable from nowhere."""
    if not public and not private:
        message = "Private and public endpoint access cannot be false"
        raise invalid(message)


def logging_of(requested: Document | None) -> Document:
    """The logging of a cluster in the form of DescribeCluster: what is on, then what is off."""
    enabled: set[str] = set()
    for setup in as_items(as_document(requested).get("clusterLogging")):
        kinds: set[str] = set(as_items(setup.get("types")))
        unknown = kinds - set(LOG_TYPES)
        if unknown:
            message = f"Unknown log types: {sorted(unknown)}; allowed: {list(LOG_TYPES)}"
            raise invalid(message)
        enabled = enabled | kinds if setup.get("enabled") else enabled - kinds
    groups = [
        ([kind for kind in LOG_TYPES if kind in enabled], True),
        ([kind for kind in LOG_TYPES if kind not in enabled], False),
    ]
    return {"clusterLogging": [{"types": kinds, "enabled": on} for kinds, on in groups if kinds]}


def _kubernetes_network(requested: Document | None) -> Document:
    given = requested or {}
    result: Document = {
        "ipFamily": given.get("ipFamily") or "ipv4",
        "elasticLoadBalancing": given.get("elasticLoadBalancing") or {"enabled": False},
    }
    if result["ipFamily"] == "ipv6":
        result["serviceIpv6Cidr"] = "fd00:ec2::/108"
    else:
        result["serviceIpv4Cidr"] = given.get("serviceIpv4Cidr") or "172.20.0.0/16"
    return result


def _make_group(name: str, region: str, vpc_id: str) -> str:
    ec2 = backends.ec2(region)
    group_name = f"eks-cluster-sg-{name}-{secrets.randbelow(10**9)}"
    group = ec2.create_security_group(
        group_name,
        "EKS created security group applied to ENI that is attached to EKS Control Plane master "
        "nodes, as well as any managed workloads.",
        vpc_id=vpc_id,
        tags={
            "Name": group_name,
            f"kubernetes.io/cluster/{name}": "owned",
            "aws:eks:cluster-name": name,
        },
    )
    ec2.authorize_security_group_ingress(
        group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc_id
    )
    return str(group.id)


def describe(call: Call) -> Document:
    """DescribeCluster."""
    return {"cluster": cluster_of(call)}


def list_names(call: Call) -> Document:
    """ListClusters."""
    names, token = page(
        sorted(backend_of(call).clusters), call, invalid="InvalidParameterException"
    )
    return {"clusters": names, "nextToken": token}


def delete(call: Call) -> Document:
    """DeleteCluster: refused while protected, or while it has node groups or Fargate profiles."""
    backend: EksBackend = backend_of(call)
    cluster = cluster_of(call)
    if cluster.deletion_protection:
        message = (
            f"Cluster {cluster.name} cannot be deleted because deletion protection is enabled. "
            "Disable deletion protection first."
        )
        raise AwsError("InvalidRequestException", message, clusterName=cluster.name)
    if cluster.nodegroups:
        names = ",".join(sorted(cluster.nodegroups))
        raise AwsError(
            "ResourceInUseException",
            "Cluster has nodegroups attached",
            clusterName=cluster.name,
            nodegroupName=names,
        )
    if cluster.fargate_profiles:
        message = "Cluster has Fargate profiles attached"
        raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
    del backend.clusters[cluster.name]
    remove_own_group(cluster, call.region)
    cluster.status = "DELETING"
    return {"cluster": cluster}


def remove_own_group(cluster: EksCluster, region: str) -> None:
    """Delete the group that EKS made, unless another group's rules still refer to it.

    AWS leaves it behind too in that case, which then blocks the deletion of the VPC.
    """
    ec2 = backends.ec2(region)
    group: Any = ec2.get_security_group_from_id(cluster.cluster_security_group)
    if group is None or backends.group_users(region, group.id):
        return
    ec2.delete_security_group(group_id=group.id)
