"""Checks of `TenantNamespace`'s inputs. Pure."""

from typing import TYPE_CHECKING

from llm_platform.aws.checks import duplicate_problems, enum_problems, range_problems
from llm_platform.kubernetes.checks import object_name_problems, own_namespace_problems
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.problems import Problem
from llm_platform.tags import check_tags
from llm_platform.versions import KUBERNETES_SUPPORT

if TYPE_CHECKING:
    from llm_platform.kubernetes.tenant_namespace import NamespacePeer, TenantNamespaceArgs

_AMOUNTS = {
    "gpus": (0, 512, ""),
    "cpus": (1, 4096, ""),
    "memory_gib": (1, 32768, " GiB"),
    "pods": (1, 5000, ""),
    "volumes": (0, 1000, ""),
    "storage_gib": (0, 1_000_000, " GiB"),
}


def check_tenant_namespace(args: "TenantNamespaceArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a tenant's namespace."""
    problems = [
        *own_namespace_problems("namespace_name", args.get("namespace_name")),
        *enum_problems("pod_security", args.get("pod_security"), PodSecurity),
        *version_problems("kubernetes_version", args.get("kubernetes_version")),
        *check_tags(args.get("tags", {})),
    ]
    if args.get("pod_security") == PodSecurity.PRIVILEGED:
        what = "tenants' pods would reach into their nodes"
        problems.append(Problem("pod_security", what, "restricted or baseline"))
    for name, (low, high, unit) in _AMOUNTS.items():
        problems += range_problems(name, args.get(name), low, high, unit)
    accounts = args.get("service_accounts", [])
    for index, account in enumerate(accounts):
        problems += object_name_problems(f"service_accounts[{index}]", account)
        if account == "default":
            allowed = "a name of its own; nothing shall run as default"
            problems.append(Problem(f"service_accounts[{index}]", "'default' is taken", allowed))
    problems += duplicate_problems("service_accounts", accounts, "service account")
    problems += _peer_problems("allow_from", args.get("allow_from", []))
    problems += _peer_problems("allow_to", args.get("allow_to", []))
    return problems


def version_problems(path: str, version: object) -> list[Problem]:
    """What is wrong with a Kubernetes minor version."""
    if not isinstance(version, str) or version in KUBERNETES_SUPPORT:
        return []
    allowed = f"one of {', '.join(sorted(KUBERNETES_SUPPORT))}"
    return [Problem(path, f"'{version}' is not known", allowed)]


def _peer_problems(path: str, peers: "list[NamespacePeer]") -> list[Problem]:
    problems = duplicate_problems(path, [peer.get("namespace") for peer in peers], "namespace")
    for index, peer in enumerate(peers):
        problems += object_name_problems(f"{path}[{index}].namespace", peer.get("namespace"))
        for place, port in enumerate(peer.get("ports", [])):
            problems += range_problems(f"{path}[{index}].ports[{place}]", port, 1, 65535)
    return problems
