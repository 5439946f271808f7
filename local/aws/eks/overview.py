"""What the node of a live cloud has to know of the emulated EKS, in one document.

Real nodes and agents learn it from EKS's own control plane, by calls that are not public.
"""

from typing import Any

from local.aws import backends
from local.aws.eks.checks import find_role, trusts
from local.aws.eks.state import EksCluster, EksNodegroup
from local.aws.operations import Document

_SERVICE = "pods.eks.amazonaws.com"
_ASSOCIATION = ("associationId", "namespace", "serviceAccount", "roleArn")


def overview() -> Document:
    """Clusters of all regions with their node groups and pod identity associations."""
    clusters: list[Document] = []
    for backend in backends.every_eks():
        for name in sorted(backend.clusters):
            cluster = backend.clusters[name]
            if isinstance(cluster, EksCluster):
                clusters.append(_cluster(str(backend.region_name), cluster))
    return {"clusters": clusters}


def _cluster(region: str, cluster: EksCluster) -> Document:
    groups = [cluster.nodegroups[name] for name in sorted(cluster.nodegroups)]
    return {
        "name": str(cluster.name),
        "arn": str(cluster.arn),
        "region": region,
        "version": str(cluster.version),
        "nodeGroups": [_group(region, each) for each in groups if isinstance(each, EksNodegroup)],
        "associations": [
            {
                **{key: association[key] for key in _ASSOCIATION},
                "targetRoleArn": association.get("targetRoleArn", ""),
                "externalId": association.get("externalId", ""),
                "disableSessionTags": bool(association.get("disableSessionTags")),
                "problem": _problem(str(association["roleArn"])),
            }
            for association in cluster.associations.values()
        ],
    }


def _problem(role_arn: str) -> str:
    """Why EKS cannot take a role for pods, in words; empty when it can. moto's STS never asks."""
    role = find_role(role_arn)
    if role is None:
        return f"the role {role_arn} does not exist"
    if not trusts(role, _SERVICE):
        return f"the role {role_arn} does not trust {_SERVICE}"
    return ""


def _group(region: str, group: EksNodegroup) -> Document:
    types = list(group.instance_types or []) or _template_types(region, group.launch_template)
    return {
        "name": str(group.nodegroup_name),
        "desired": int(group.scaling_config["desiredSize"]),
        "instanceTypes": types,
        "capacityType": str(group.capacity_type),
        "amiType": str(group.ami_type),
        "labels": dict(group.labels or {}),
        "taints": [dict(taint) for taint in group.taints or []],
        "zones": _zones(region, list(group.subnets or [])),
    }


def _template_types(region: str, template: Any) -> list[str]:
    """The instance type in a launch template, as a list of one or none."""
    if not template:
        return []
    found: Any = backends.ec2(region).launch_templates.get(template.get("id"))
    if found is None:
        return []
    name = found.get_version(template.get("version") or "$Default").instance_type
    return [str(name)] if name else []


def _zones(region: str, subnets: list[str]) -> list[str]:
    """Availability zones of the subnets that are still there, each once."""
    zones: list[str] = []
    for by_id in list(backends.ec2(region).subnets.values()):
        for subnet in list(by_id.values()):
            if subnet.id in subnets and str(subnet.availability_zone) not in zones:
                zones.append(str(subnet.availability_zone))
    return sorted(zones)
