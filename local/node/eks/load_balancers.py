"""Addresses for Services of type LoadBalancer. Pure.

In AWS the load balancer controller makes a Network Load Balancer for each and writes its name
into the Service's status. Here a Service gets an address of the node's network, and kube-proxy
sends what arrives there to the Service's pods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from local.node.eks.kube import Document

CLASS = "service.k8s.aws/nlb"
"""Class of the Services that the AWS load balancer controller looks after."""
FIRST_ADDRESS = IPv4Address("10.88.0.16")
MOST = 64
"""Addresses there are, from `FIRST_ADDRESS` on."""


@dataclass(frozen=True)
class LoadBalancer:
    """A Service with its address.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        address: The address it has.
        ports: Its TCP ports.
        is_told: Whether the Service's status says so already.
    """

    namespace: str
    name: str
    address: str
    ports: Sequence[int]
    is_told: bool


def balanced(services: Sequence[Document]) -> list[LoadBalancer]:
    """The Services that have or get an address, oldest first.

    One that has an address keeps it. When all are given, the youngest stay without.
    """
    ours = sorted((each for each in services if _is_ours(each)), key=_age)
    addresses: dict[str, str] = {}
    for each in ours:
        had = _address_of(each)
        if had and _is_in_range(had) and had not in addresses.values():
            addresses[_key(each)] = had
    free = [str(FIRST_ADDRESS + number) for number in range(MOST)]
    free = [address for address in free if address not in addresses.values()]
    for each in ours:
        if _key(each) not in addresses and free:
            addresses[_key(each)] = free.pop(0)
    return [_balancer(each, addresses[_key(each)]) for each in ours if _key(each) in addresses]


def forsaken(services: Sequence[Document]) -> list[tuple[str, str]]:
    """Namespace and name of Services that have an address of ours but want none any more."""
    return [
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for each in services
        if not _is_ours(each) and _is_in_range(_address_of(each))
    ]


def relays(balancers: Sequence[LoadBalancer]) -> dict[str, str]:
    """Where each port leads that the host reaches: to the oldest Service that has it.

    Returns:
        ``ADDRESS:PORT`` by port.
    """
    found: dict[str, str] = {}
    for balancer in balancers:
        for port in balancer.ports:
            found.setdefault(str(port), f"{balancer.address}:{port}")
    return found


def status(address: str) -> Document:
    """The part of a Service's status that tells its address; empty for none."""
    ingress = [{"ip": address, "ipMode": "VIP"}] if address else []
    return {"status": {"loadBalancer": {"ingress": ingress}}}


def _is_ours(service: Document) -> bool:
    spec = service.get("spec", {})
    leaving = service["metadata"].get("deletionTimestamp")
    return spec.get("type") == "LoadBalancer" and spec.get("loadBalancerClass") == CLASS and (
        not leaving
    )  # fmt: skip


def _age(service: Document) -> tuple[str, str]:
    return str(service["metadata"].get("creationTimestamp", "")), _key(service)


def _key(service: Document) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _address_of(service: Document) -> str:
    entries: Sequence[Mapping[str, str]] = (
        service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    )
    return entries[0].get("ip", "") if entries else ""


def _is_in_range(address: str) -> bool:
    try:
        return 0 <= int(IPv4Address(address)) - int(FIRST_ADDRESS) < MOST
    except ValueError:
        return False


def _balancer(service: Document, address: str) -> LoadBalancer:
    ports = [
        int(port["port"])
        for port in service["spec"].get("ports", [])
        if port.get("protocol", "TCP") == "TCP"
    ]
    metadata = service["metadata"]
    told = _address_of(service) == address
    return LoadBalancer(metadata["namespace"], metadata["name"], address, ports, told)
