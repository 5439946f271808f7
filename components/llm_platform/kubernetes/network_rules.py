"""Specifications of network policies, as Kubernetes takes them. Pure.

They do something only where the CNI enforces them; the library's `Cluster` turns that on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llm_platform.kubernetes.labels import NAMESPACE_LABEL

POD_IDENTITY_ADDRESSES = ("169.254.170.23/32", "fd00:ec2::23/128")
"""Where the EKS Pod Identity agent answers on every node."""
INSTANCE_METADATA_ADDRESSES = ("169.254.169.254/32", "fd00:ec2::254/128")
"""Where EC2 hands out the node's own credentials; never for pods."""
HTTPS = 443

Spec = dict[str, Any]


def everything_denied() -> Spec:
    """Nothing in, nothing out, for every pod of the namespace."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def names_resolved(pods: Mapping[str, str] | None = None) -> Spec:
    """Out to the cluster's DNS."""
    dns = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return _egress(pods, [{"to": [dns], "ports": [*ports([53], "UDP"), *ports([53])]}])


def credentials_fetched(pods: Mapping[str, str] | None = None) -> Spec:
    """Out to the Pod Identity agent, and to no other link-local address."""
    agent = [{"ipBlock": {"cidr": address}} for address in POD_IDENTITY_ADDRESSES]
    return _egress(pods, [{"to": agent, "ports": ports([80])}])


def neighbours_reached() -> Spec:
    """In from and out to every pod of the same namespace."""
    return {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {}}]}],
        "egress": [{"to": [{"podSelector": {}}]}],
    }


def entered_from(
    namespace: str, on_ports: Sequence[int], pods: Mapping[str, str] | None = None
) -> Spec:
    """In from every pod of another namespace; on every port when none is named."""
    rule: Spec = {"from": [{"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}]}
    if on_ports:
        rule["ports"] = ports(on_ports)
    return {
        "podSelector": _selector(pods),
        "policyTypes": ["Ingress"],
        "ingress": [rule],
    }


def left_for(namespace: str, on_ports: Sequence[int]) -> Spec:
    """Out to every pod of another namespace; on every port when none is named."""
    rule: Spec = {"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}]}
    if on_ports:
        rule["ports"] = ports(on_ports)
    return _egress(None, [rule])


def served_model(
    pods: Mapping[str, str],
    callers: Mapping[str, Sequence[int]],
    storage: Sequence[str],
    neighbours: tuple[Mapping[str, str], Sequence[int]] | None = None,
) -> Spec:
    """In from the callers' namespaces; out to DNS, Pod Identity agent and object storage.

    Object storage has no fixed addresses, so HTTPS is open to `storage`, without the addresses
    at which a node's own credentials are.

    Args:
        pods: Labels of the served model's pods.
        callers: Ports by namespace.
        storage: Blocks of addresses in which the object storage lies.
        neighbours: Labels of pods of the same namespace that may come in, and on which ports.
    """
    entering = [rule for name, on in callers.items() for rule in entered_from(name, on)["ingress"]]
    metadata = [address for address in INSTANCE_METADATA_ADDRESSES if ":" not in address]
    outside = [
        {"ipBlock": {"cidr": cidr} | ({"except": metadata} if cidr == "0.0.0.0/0" else {})}
        for cidr in storage
    ]
    if neighbours:
        labels, on = neighbours
        entering.append({"from": [{"podSelector": _selector(labels)}], "ports": ports(on)})
    leaving = [*names_resolved()["egress"], *credentials_fetched()["egress"]]
    if outside:
        leaving.append({"to": outside, "ports": ports([HTTPS])})
    return {
        "podSelector": _selector(pods),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": entering,
        "egress": leaving,
    }


def gateway_of_model(
    pods: Mapping[str, str],
    callers: Mapping[str, Sequence[int]],
    model: tuple[Mapping[str, str], Sequence[int]],
) -> Spec:
    """In from the callers' namespaces; out to DNS and to the model's own pods.

    Args:
        pods: Labels of the gateway's pods.
        callers: Ports by namespace.
        model: Labels of the model server's pods, and their ports.
    """
    entering = [rule for name, on in callers.items() for rule in entered_from(name, on)["ingress"]]
    labels, on_ports = model
    to_model = {"to": [{"podSelector": _selector(labels)}], "ports": ports(on_ports)}
    return {
        "podSelector": _selector(pods),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": entering,
        "egress": [*names_resolved()["egress"], to_model],
    }


def ports(numbers: Sequence[int], protocol: str = "TCP") -> list[Spec]:
    """Ports of a rule."""
    return [{"port": number, "protocol": protocol} for number in numbers]


def _egress(pods: Mapping[str, str] | None, rules: list[Spec]) -> Spec:
    return {"podSelector": _selector(pods), "policyTypes": ["Egress"], "egress": rules}


def _selector(pods: Mapping[str, str] | None) -> Spec:
    return {"matchLabels": dict(pods)} if pods else {}
