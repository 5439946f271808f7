"""Checks of `Cluster`'s inputs. Pure."""

import re
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING

from llm_platform import versions
from llm_platform.aws.checks import (
    enum_problems,
    key_problems,
    name_problems,
    range_problems,
    retention_problems,
    unknown_keys,
)
from llm_platform.aws.kinds import AccessPolicy, NodeAutoscaler
from llm_platform.aws.nodes_data import MAX_SIZE_GIB, MIN_SIZE_GIB
from llm_platform.naming import architecture
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.cluster import ClusterAccess, ClusterArgs, SystemNodes

WIDEST_PUBLIC_PREFIX = 16
MAX_PUBLIC_CIDRS = 40

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_PRINCIPAL = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+\Z")
_ENTRY_NAME = re.compile(r"^[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_ADDON_VERSION = re.compile(r"^v\d+\.\d+\.\d+-eksbuild\.\d+\Z")
_INSTANCE_TYPE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+\Z")


def check_cluster(args: "ClusterArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a cluster."""
    return [
        *name_problems("cluster_name", args.get("cluster_name"), 100),
        *_version_problems(args),
        *_endpoint_problems(args.get("public_access_cidrs", [])),
        *_access_problems(args),
        *_service_cidr_problems(args.get("service_cidr")),
        *key_problems("kms_key_arn", args.get("kms_key_arn")),
        *retention_problems("log_retention_days", args.get("log_retention_days")),
        *system_node_problems(args.get("system_nodes", {}), "system_nodes"),
        *check_tags(args.get("tags", {})),
    ]


def system_node_problems(nodes: "SystemNodes", path: str) -> list[Problem]:
    """What is wrong with the group of nodes that the platform itself runs on."""
    low, high = nodes.get("min_size", 2), nodes.get("max_size", 6)
    desired = nodes.get("desired_size")
    types = nodes.get("instance_types", ["m7i.xlarge"])
    problems = [
        *enum_problems(f"{path}.autoscaler", nodes.get("autoscaler"), NodeAutoscaler),
        *range_problems(f"{path}.min_size", low, 1, 50, " nodes"),
        *range_problems(f"{path}.max_size", high, max(low, 1), 50, " nodes"),
        *range_problems(f"{path}.desired_size", desired, low, high, " nodes"),
        *range_problems(
            f"{path}.volume_gib", nodes.get("volume_gib"), MIN_SIZE_GIB, MAX_SIZE_GIB, " GiB"
        ),
    ]
    if not types:
        problems.append(Problem(f"{path}.instance_types", "none", "at least one EC2 type"))
    for index, name in enumerate(types):
        if not _INSTANCE_TYPE.match(name):
            what = f"'{name}' is not an EC2 instance type"
            problems.append(Problem(f"{path}.instance_types[{index}]", what, "such as m7i.xlarge"))
    if len({architecture(name) for name in types}) > 1:
        what = "types of different processors"
        problems.append(Problem(f"{path}.instance_types", what, "all arm64 or all x86_64"))
    return problems


def _version_problems(args: "ClusterArgs") -> list[Problem]:
    version = args.get("kubernetes_version", versions.KUBERNETES_VERSION)
    pins = args.get("addon_versions", {})
    problems = unknown_keys("addon_versions", pins, versions.ADDONS[versions.KUBERNETES_VERSION])
    if version not in versions.ADDONS:
        allowed = f"one of {', '.join(versions.ADDONS)}"
        what = f"Kubernetes {version} has no pinned add-ons"
        problems.append(Problem("kubernetes_version", what, allowed))
    for name, pin in pins.items():
        if not _ADDON_VERSION.match(pin):
            what = f"'{pin}' is not the version of an EKS add-on"
            problems.append(Problem(f"addon_versions.{name}", what, "vX.Y.Z-eksbuild.N"))
    return problems


def _endpoint_problems(cidrs: list[str]) -> list[Problem]:
    problems: list[Problem] = []
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        allowed = f"at most {MAX_PUBLIC_CIDRS}"
        problems.append(Problem("public_access_cidrs", f"{len(cidrs)} blocks", allowed))
    allowed = f"public IPv4 blocks no larger than /{WIDEST_PUBLIC_PREFIX}; none keeps it private"
    for index, cidr in enumerate(cidrs):
        path = f"public_access_cidrs[{index}]"
        try:
            block = ip_network(cidr)
        except ValueError as error:
            problems.append(Problem(path, str(error), allowed))
            continue
        if not isinstance(block, IPv4Network):
            problems.append(Problem(path, f"'{cidr}' is not an IPv4 block", allowed))
        elif block.prefixlen < WIDEST_PUBLIC_PREFIX:
            what = f"'{cidr}' opens the API server to {block.num_addresses} addresses"
            problems.append(Problem(path, what, allowed))
        elif any(block.subnet_of(IPv4Network(private)) for private in _PRIVATE):
            what = f"'{cidr}' holds private addresses, which come by the private endpoint"
            problems.append(Problem(path, what, allowed))
    return problems


def _access_problems(args: "ClusterArgs") -> list[Problem]:
    access = args.get("access", {})
    problems: list[Problem] = []
    owners: dict[str, str] = {}
    for name, entry in access.items():
        path = f"access.{name}"
        if not _ENTRY_NAME.match(name):
            allowed = "a-z, 0-9 and -, starting with a letter"
            problems.append(Problem(path, f"the name '{name}'", allowed))
        principal = entry.get("principal_arn")
        if isinstance(principal, str):
            if not _PRINCIPAL.match(principal):
                what = f"'{principal}' is not the ARN of an IAM role or user"
                allowed = "arn:aws:iam::ACCOUNT:role/NAME"
                problems.append(Problem(f"{path}.principal_arn", what, allowed))
            elif principal in owners:
                what = f"the same principal as access.{owners[principal]}"
                problems.append(Problem(f"{path}.principal_arn", what, "one entry a principal"))
            owners[principal] = name
        problems += _entry_problems(path, entry)
    administrators = any(_is_administrator(entry) for entry in access.values())
    if not administrators and not args.get("creator_admin", False):
        what = "nobody could administer the cluster"
        allowed = "an entry with CLUSTER_ADMIN for the whole cluster, or creator_admin"
        problems.append(Problem("access", what, allowed))
    return problems


def _entry_problems(path: str, entry: "ClusterAccess") -> list[Problem]:
    policies, groups = entry.get("policies", []), entry.get("kubernetes_groups", [])
    problems: list[Problem] = []
    if not policies and not groups:
        problems.append(Problem(path, "it gives nothing", "policies or kubernetes_groups"))
    for index, policy in enumerate(policies):
        where = f"{path}.policies[{index}]"
        problems += enum_problems(f"{where}.policy", policy.get("policy"), AccessPolicy)
        if policy.get("policy") == AccessPolicy.CLUSTER_ADMIN and policy.get("namespaces"):
            what = "CLUSTER_ADMIN in single namespaces"
            problems.append(Problem(f"{where}.namespaces", what, "ADMIN, or no namespaces"))
    for index, group in enumerate(groups):
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            what = f"'{group}' is reserved; EKS refuses it"
            where = f"{path}.kubernetes_groups[{index}]"
            problems.append(Problem(where, what, "a group of your own, bound by RBAC"))
    return problems


def _is_administrator(entry: "ClusterAccess") -> bool:
    return any(
        policy.get("policy") == AccessPolicy.CLUSTER_ADMIN and not policy.get("namespaces")
        for policy in entry.get("policies", [])
    )


def _service_cidr_problems(cidr: str | None) -> list[Problem]:
    if cidr is None:
        return []
    allowed = "a private IPv4 block from /12 to /24 outside the VPC"
    try:
        block = ip_network(cidr)
    except ValueError as error:
        return [Problem("service_cidr", str(error), allowed)]
    private = isinstance(block, IPv4Network) and any(
        block.subnet_of(IPv4Network(known)) for known in _PRIVATE[:3]
    )
    if not private or not 12 <= block.prefixlen <= 24:
        return [Problem("service_cidr", f"'{cidr}' cannot be the services' block", allowed)]
    return []
