"""Network policies as rules for nftables. Pure.

A policy allows; a pod that one selects for a direction may be reached, or may reach, only what
some policy allows. As with the VPC CNI, the node itself always reaches its pods, and connections
that stand are not broken by a new policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, ip_network
from typing import Any

from local.node.eks.kube import Document
from local.node.eks.selectors import selects
from local.providers.kubernetes.trees import mapping, mappings, sequence

TABLE = "llmp-network-policy"
HTTPS = 443
FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Node:
    """What of the node the rules depend on.

    Attributes:
        name: Its name; only pods on it are protected.
        address: Its address, at which API server and emulated AWS answer.
        services: Their ports. In AWS both are at port 443, so whatever may go to that port of
            this address may go to these.
    """

    name: str
    address: str
    services: Sequence[int]


@dataclass(frozen=True)
class Pod:
    """A pod with an address of its own.

    Attributes:
        address: Its address.
        namespace: Its namespace.
        labels: Its labels.
        ports: Number of each named port, by protocol and name.
        node: The node it is on.
    """

    address: str
    namespace: str
    labels: Mapping[str, str]
    ports: Mapping[tuple[str, str], int]
    node: str


@dataclass(frozen=True)
class _World:
    pods: Sequence[Pod]
    namespaces: Mapping[str, Mapping[str, str]]
    node: Node


@dataclass
class _Chains:
    """Chains by their text: pods with the same rules share one."""

    prefix: str
    names: dict[str, str] = field(default_factory=dict[str, str])

    def of(self, lines: Sequence[str]) -> str:
        text = "\n".join(f"    {line}" for line in [*dict.fromkeys(lines), "drop"])
        return self.names.setdefault(text, f"{self.prefix}-{len(self.names)}")

    def text(self) -> list[str]:
        return [f"  chain {name} {{\n{text}\n  }}" for text, name in self.names.items()]


def pods_of(documents: Sequence[Document]) -> list[Pod]:
    """The pods that have an address of their own and have not ended."""
    return [
        Pod(
            address=each["status"]["podIP"],
            namespace=each["metadata"]["namespace"],
            labels=mapping(each["metadata"].get("labels")),
            ports=_named_ports(each["spec"]),
            node=each["spec"].get("nodeName", ""),
        )
        for each in documents
        if mapping(each.get("status")).get("podIP")
        and not each["spec"].get("hostNetwork")
        and each["status"].get("phase") not in FINISHED
    ]


def _named_ports(spec: Document) -> dict[tuple[str, str], int]:
    containers = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
    return {
        (port.get("protocol", "TCP"), port["name"]): int(port["containerPort"])
        for container in containers
        for port in mappings(container.get("ports"))
        if port.get("name")
    }


def ruleset(
    policies: Sequence[Document],
    pods: Sequence[Pod],
    namespaces: Mapping[str, Mapping[str, str]],
    node: Node,
) -> str:
    """The whole table as ``nft -f`` reads it: it takes the place of the one there is.

    Args:
        policies: All NetworkPolicy objects.
        pods: All pods with an address.
        namespaces: Labels of every namespace.
        node: The node that the rules are for.
    """
    world = _World(pods, namespaces, node)
    leaving, entering = _Chains("from"), _Chains("to")
    out: dict[str, str] = {}
    into: dict[str, str] = {}
    for pod in pods:
        if pod.node != node.name:
            continue
        selected = [each for each in policies if _is_about(each, pod)]
        egress = [each for each in selected if "Egress" in _types(each)]
        ingress = [each for each in selected if "Ingress" in _types(each)]
        if egress:
            out[pod.address] = leaving.of(_egress(world, egress))
        if ingress:
            into[pod.address] = entering.of(_ingress(world, ingress, pod))
    return _table(out, into, [*leaving.text(), *entering.text()])


def _table(out: Mapping[str, str], into: Mapping[str, str], chains: Sequence[str]) -> str:
    established = "    ct state established,related accept"
    itself = _map({f"{each} . {each}": "accept" for each in sorted({*out, *into})})
    forward = [established]
    if itself:
        forward.append(f"    ip saddr . ip daddr vmap {itself}")
    local = [established]
    if out:
        sources = _map({address: f"jump {chain}" for address, chain in sorted(out.items())})
        forward.append(f"    ip saddr vmap {sources}")
        local.append(f"    ip saddr vmap {sources}")
    if into:
        targets = _map({address: f"jump {chain}" for address, chain in sorted(into.items())})
        forward.append(f"    ip daddr vmap {targets}")
    hook = "    type filter hook {} priority filter - 5; policy accept;"
    return "\n".join(
        [
            f"table ip {TABLE} {{}}",
            f"delete table ip {TABLE}",
            f"table ip {TABLE} {{",
            *chains,
            *("  chain forward {", hook.format("forward"), *forward, "  }"),
            *("  chain input {", hook.format("input"), *local, "  }"),
            "}",
            "",
        ]
    )


def _map(entries: Mapping[str, str]) -> str:
    listed = ", ".join(f"{key} : {verdict}" for key, verdict in entries.items())
    return f"{{ {listed} }}" if listed else ""


def _is_about(policy: Document, pod: Pod) -> bool:
    same = policy["metadata"]["namespace"] == pod.namespace
    return same and selects(policy["spec"].get("podSelector") or {}, pod.labels)


def _types(policy: Document) -> Sequence[str]:
    """The directions that a policy is about, as the API server fills them in."""
    spec = policy["spec"]
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _ingress(world: _World, policies: Sequence[Document], pod: Pod) -> list[str]:
    lines: list[str] = []
    for policy in policies:
        for rule in mappings(policy["spec"].get("ingress")):
            peers = _peers(world, policy, rule.get("from"), "saddr")
            ports = _ports(rule.get("ports"), pod.ports)
            lines += [_line(peer.match, port) for peer in peers for port in ports]
    return lines


def _egress(world: _World, policies: Sequence[Document]) -> list[str]:
    lines: list[str] = []
    for policy in policies:
        for rule in mappings(policy["spec"].get("egress")):
            for peer in _peers(world, policy, rule.get("to"), "daddr"):
                lines += _egress_to(world.node, peer, rule.get("ports"))
    return lines


@dataclass(frozen=True)
class _Peer:
    """One side of a rule: a match, and what is known about it.

    Attributes:
        match: The match; empty for everything.
        pods: The pods behind it; none for a block of addresses.
        block: The block behind it, and what is left out of it; None for pods.
    """

    match: str
    pods: Sequence[Pod] = ()
    block: tuple[IPv4Network, Sequence[IPv4Network]] | None = None

    def holds(self, address: str) -> bool:
        if self.block is None:
            return False
        where, without = self.block
        wanted = IPv4Address(address)
        return wanted in where and not any(wanted in each for each in without)


def _egress_to(node: Node, peer: _Peer, ports: Sequence[Document] | None) -> list[str]:
    lines = [_line(peer.match, port) for port in _ports(ports, {})]
    for port in ports or []:
        protocol = port.get("protocol", "TCP")
        if isinstance(port.get("port"), str):
            lines += _named(peer.pods, protocol, port["port"])
        elif protocol == "TCP" and _covers(port, HTTPS) and peer.holds(node.address):
            match = f"ip daddr {node.address}"
            lines += [_line(match, f"tcp dport {number}") for number in node.services]
    return lines


def _named(pods: Sequence[Pod], protocol: str, name: str) -> list[str]:
    """A port by name is another number for each pod that is spoken to."""
    by_number: dict[int, list[str]] = {}
    for pod in pods:
        number = pod.ports.get((protocol, name))
        if number is not None:
            by_number.setdefault(number, []).append(pod.address)
    return [
        _line(f"ip daddr {_set(addresses)}", f"{protocol.lower()} dport {number}")
        for number, addresses in by_number.items()
    ]


def _covers(port: Document, number: int) -> bool:
    first = port.get("port")
    return first is None or int(first) <= number <= int(port.get("endPort") or first)


def _ports(ports: Sequence[Document] | None, named: Mapping[tuple[str, str], int]) -> list[str]:
    """Matches of a rule's ports; one empty match when it is about all."""
    if not ports:
        return [""]
    found: list[str] = []
    for port in ports:
        protocol, number = port.get("protocol", "TCP"), port.get("port")
        if isinstance(number, str):
            number = named.get((protocol, number))
            if number is None:
                continue
        last = port.get("endPort")
        if number is None:
            found.append(f"meta l4proto {protocol.lower()}")
        else:
            found.append(f"{protocol.lower()} dport {number}{f'-{last}' if last else ''}")
    return found


def _peers(
    world: _World, policy: Document, peers: Sequence[Document] | None, side: str
) -> list[_Peer]:
    """Who is on the other side: nothing said means everybody."""
    if not peers:
        everywhere = ip_network("0.0.0.0/0")
        return [_Peer("", world.pods, (_v4(everywhere), ()))]
    chosen: dict[str, Pod] = {}
    found: list[_Peer] = []
    for peer in peers:
        if "ipBlock" in peer:
            found += _block(peer["ipBlock"], side)
            continue
        for pod in world.pods:
            if _is_peer(world, policy, peer, pod):
                chosen[pod.address] = pod
    if chosen:
        found.append(_Peer(f"ip {side} {_set(chosen)}", list(chosen.values())))
    return found


def _is_peer(world: _World, policy: Document, peer: Document, pod: Pod) -> bool:
    wanted: Document | None = peer.get("namespaceSelector")
    if wanted is None:
        in_namespace = pod.namespace == policy["metadata"]["namespace"]
    else:
        in_namespace = selects(wanted, world.namespaces.get(pod.namespace, {}))
    return in_namespace and selects(peer.get("podSelector") or {}, pod.labels)


def _block(block: Mapping[str, Any], side: str) -> list[_Peer]:
    """A block of addresses; one of IPv6 is left out, since pods have none."""
    where = ip_network(block["cidr"], strict=False)
    if where.version != 4:
        return []
    without = [_v4(ip_network(each, strict=False)) for each in sequence(block.get("except"))]
    parts = [] if where.prefixlen == 0 else [f"ip {side} {where}"]
    if without:
        parts.append(f"ip {side} != {_set([str(each) for each in collapse_addresses(without)])}")
    return [_Peer(" ".join(parts), (), (_v4(where), without))]


def _v4(network: Any) -> IPv4Network:
    return IPv4Network(str(network))


def _set(addresses: Sequence[str] | Mapping[str, Any]) -> str:
    return f"{{ {', '.join(sorted(addresses))} }}"


def _line(match: str, port: str) -> str:
    return " ".join(part for part in (match, port, "return") if part)
