"""The rules are read as nftables reads them, and asked about connections."""

import re
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from local.node.eks.policy_rules import Node, Pod, pods_of, ruleset
from local.node.eks.selectors import selects

NODE = Node("node", "10.88.0.1", (6443, 21000))
NAMESPACES = {"a": {"team": "a"}, "b": {"team": "b"}, "kube-system": {"system": "yes"}}


def pod(address: str, namespace: str = "a", node: str = "node", **labels: str) -> Pod:
    return Pod(address, namespace, labels, {("TCP", "http"): 8080}, node)


WEB = pod("10.244.0.2", app="web")
CLIENT = pod("10.244.0.3", app="client")
STRANGER = pod("10.244.0.4", "b", app="client")
DNS = pod("10.244.0.5", "kube-system", app="dns")
PODS = [WEB, CLIENT, STRANGER, DNS]


def policy(namespace: str = "a", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": "p"}, "spec": {"podSelector": {}, **spec}}


class Firewall:
    """Just enough of nftables to read what `ruleset` writes."""

    def __init__(self, *policies: dict[str, Any]) -> None:
        self.text = ruleset(policies, PODS, NAMESPACES, NODE)
        found = re.findall(r"chain (\S+) \{\n(.*?)\n  \}", self.text, re.DOTALL)
        self._chains = {name: [line.strip() for line in body.split("\n")] for name, body in found}

    def allows(self, source: str, target: str, port: int = 80, protocol: str = "tcp") -> bool:
        hook = "input" if target in (NODE.address, "169.254.170.23") else "forward"
        packet = {"saddr": source, "daddr": target, "port": port, "protocol": protocol}
        return self._verdict(hook, packet) != "drop"

    def _verdict(self, chain: str, packet: dict[str, Any]) -> str:
        for line in self._chains[chain]:
            if line.startswith(("type ", "ct state")):
                continue
            said = self._mapped(line, packet) if "vmap" in line else self._matched(line, packet)
            if said.startswith("jump "):
                said = self._verdict(said.removeprefix("jump "), packet)
                said = "" if said == "return" else said
            if said:
                return said
        return ""

    def _mapped(self, line: str, packet: dict[str, Any]) -> str:
        key, entries = _groups(r"(.*) vmap \{ (.*) \}", line)
        keys = [packet[part.removeprefix("ip ")] for part in key.split(" . ")]
        known = dict(entry.split(" : ") for entry in entries.split(", "))
        return known.get(" . ".join(keys), "")

    def _matched(self, line: str, packet: dict[str, Any]) -> str:
        *parts, verdict = re.findall(
            r"ip [sd]addr (?:!= )?(?:\{[^}]*\}|\S+)|\w+ dport \S+|meta l4proto \w+|return|drop",
            line,
        )
        assert " ".join([*parts, verdict]) == line
        return verdict if all(_fits(part, packet) for part in parts) else ""


def _fits(part: str, packet: dict[str, Any]) -> bool:
    if part.startswith("meta"):
        return part.split()[2] == packet["protocol"]
    if "dport" in part:
        protocol, _, ports = part.split()
        first, _, last = ports.partition("-")
        return protocol == packet["protocol"] and int(first) <= packet["port"] <= int(last or first)
    side, negated, values = _groups(r"ip ([sd]addr) (!= )?(.*)", part)
    networks = [ip_network(each) for each in values.strip("{} ").split(", ")]
    inside = any(ip_address(packet[side]) in each for each in networks)
    return inside != bool(negated)


def _groups(pattern: str, text: str) -> tuple[Any, ...]:
    found = re.fullmatch(pattern, text)
    assert found is not None, text
    return found.groups()


def everything(firewall: Firewall) -> dict[tuple[str, str], bool]:
    return {
        (one.address, other.address): firewall.allows(one.address, other.address)
        for one in PODS
        for other in PODS
        if one is not other
    }


def test_without_policies_everything_passes() -> None:
    assert all(everything(Firewall()).values())


def test_denied_means_nothing_in_and_nothing_out_but_for_others() -> None:
    firewall = Firewall(policy(policyTypes=["Ingress", "Egress"]))
    for (source, target), passes in everything(firewall).items():
        about_a = {source, target} & {WEB.address, CLIENT.address}
        assert passes is (not about_a), (source, target)
    assert firewall.allows(WEB.address, WEB.address), "a pod always reaches itself"
    assert not firewall.allows(WEB.address, NODE.address, 6443)
    assert not firewall.allows(WEB.address, "169.254.170.23", 80)


def test_in_is_not_out() -> None:
    firewall = Firewall(policy(policyTypes=["Ingress"]))
    assert not firewall.allows(STRANGER.address, WEB.address)
    assert firewall.allows(WEB.address, STRANGER.address)
    assert firewall.allows(WEB.address, NODE.address, 6443)


def test_policies_add_up() -> None:
    deny = policy(policyTypes=["Ingress"])
    from_clients = {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}
    allow = policy(
        podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Ingress"], ingress=[from_clients]
    )
    firewall = Firewall(deny, allow)
    assert firewall.allows(CLIENT.address, WEB.address)
    assert not firewall.allows(STRANGER.address, WEB.address), "a pod selector is of the namespace"
    assert not firewall.allows(WEB.address, CLIENT.address)


PEERS: list[tuple[dict[str, Any], set[str]]] = [
    ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, {STRANGER.address}),
    ({"namespaceSelector": {}}, {CLIENT.address, STRANGER.address, DNS.address}),
    (
        {
            "namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]},
            "podSelector": {"matchLabels": {"app": "client"}},
        },
        {CLIENT.address, STRANGER.address},
    ),
    ({"podSelector": {"matchLabels": {"app": "nobody"}}}, set()),
    ({"ipBlock": {"cidr": "10.244.0.4/31"}}, {STRANGER.address, DNS.address}),
    (
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.244.0.4/32", "10.244.0.4/31"]}},
        {CLIENT.address},
    ),
    ({"ipBlock": {"cidr": "fd00::/8"}}, set()),
]


@pytest.mark.parametrize(("peer", "reached"), PEERS)
def test_peers(peer: dict[str, Any], reached: set[str]) -> None:
    web = {"matchLabels": {"app": "web"}}
    out = Firewall(policy(podSelector=web, policyTypes=["Egress"], egress=[{"to": [peer]}]))
    into = Firewall(policy(podSelector=web, policyTypes=["Ingress"], ingress=[{"from": [peer]}]))
    for other in (CLIENT, STRANGER, DNS):
        assert out.allows(WEB.address, other.address) is (other.address in reached)
        assert into.allows(other.address, WEB.address) is (other.address in reached)


@pytest.mark.parametrize(
    ("ports", "passing", "stopped"),
    [
        ([{"port": 80}], [("tcp", 80)], [("tcp", 81), ("udp", 80)]),
        ([{"port": 53, "protocol": "UDP"}], [("udp", 53)], [("tcp", 53)]),
        ([{"port": 90, "endPort": 99}], [("tcp", 90), ("tcp", 99)], [("tcp", 100)]),
        ([{"port": "http"}], [("tcp", 8080)], [("tcp", 80)]),
        ([{"port": "nameless"}], [], [("tcp", 80), ("tcp", 8080)]),
        ([{"protocol": "TCP"}], [("tcp", 1), ("tcp", 65535)], [("udp", 1)]),
        ([{"port": 1}, {"port": 2}], [("tcp", 1), ("tcp", 2)], [("tcp", 3)]),
        ([], [("tcp", 1), ("udp", 1)], []),
    ],
)
def test_ports(
    ports: list[dict[str, Any]], passing: list[tuple[str, int]], stopped: list[tuple[str, int]]
) -> None:
    web = {"matchLabels": {"app": "web"}}
    peers = [{"podSelector": {"matchLabels": {"app": "client"}}}]
    into = Firewall(
        policy(podSelector=web, policyTypes=["Ingress"], ingress=[{"from": peers, "ports": ports}])
    )
    out = Firewall(
        policy(podSelector=web, policyTypes=["Egress"], egress=[{"to": peers, "ports": ports}])
    )
    for expected, cases in ((True, passing), (False, stopped)):
        for protocol, port in cases:
            assert into.allows(CLIENT.address, WEB.address, port, protocol) is expected
            assert out.allows(WEB.address, CLIENT.address, port, protocol) is expected


def test_https_to_the_world_reaches_the_emulated_aws_and_the_api_server() -> None:
    rule = {
        "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}],
        "ports": [{"port": 443}],
    }
    firewall = Firewall(policy(policyTypes=["Egress"], egress=[rule]))
    for port in NODE.services:
        assert firewall.allows(WEB.address, NODE.address, port)
    assert not firewall.allows(WEB.address, NODE.address, 10250), "the kubelet is not AWS"
    assert not firewall.allows(WEB.address, "10.244.0.9", 21000)
    assert not firewall.allows(WEB.address, "169.254.170.23", 80)


@pytest.mark.parametrize(
    ("block", "port"),
    [({"cidr": "10.0.0.0/8", "except": ["10.88.0.0/16"]}, 443), ({"cidr": "0.0.0.0/0"}, 80)],
)
def test_who_may_not_reach_https_there_reaches_neither(block: dict[str, Any], port: int) -> None:
    rule = {"to": [{"ipBlock": block}], "ports": [{"port": port}]}
    firewall = Firewall(policy(policyTypes=["Egress"], egress=[rule]))
    assert not any(firewall.allows(WEB.address, NODE.address, each) for each in NODE.services)


def test_pods_with_the_same_rules_share_a_chain() -> None:
    text = Firewall(policy(policyTypes=["Ingress", "Egress"])).text
    assert text.count("chain from-") == 1
    assert text.count("chain to-") == 1


def test_pods_of_other_nodes_are_peers_only() -> None:
    far = pod("10.245.0.2", node="simulated", app="client")
    rules = ruleset([policy(policyTypes=["Ingress"])], [WEB, far], NAMESPACES, NODE)
    assert "10.245.0.2" not in rules
    peers = [{"podSelector": {"matchLabels": {"app": "client"}}}]
    allow = policy(policyTypes=["Ingress"], ingress=[{"from": peers}])
    assert "10.245.0.2" in ruleset([allow], [WEB, far], NAMESPACES, NODE)


def test_only_pods_with_an_address_of_their_own_count() -> None:
    def document(**changes: Any) -> dict[str, Any]:
        spec = {"nodeName": "node", "containers": [{"ports": [{"name": "h", "containerPort": 1}]}]}
        status = {"podIP": "10.244.0.9", "phase": "Running"}
        return {
            "metadata": {"namespace": "a", "name": "p", "labels": {"x": "y"}},
            "spec": {**spec, **changes.get("spec", {})},
            "status": {**status, **changes.get("status", {})},
        }

    found = pods_of([document()])[0]
    assert (found.address, found.ports, found.labels) == (
        "10.244.0.9",
        {("TCP", "h"): 1},
        {"x": "y"},
    )
    assert pods_of([document(spec={"hostNetwork": True})]) == []
    assert pods_of([document(status={"phase": "Succeeded"})]) == []
    assert pods_of([document(status={"podIP": ""})]) == []


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["x", "y"], True),
        ("In", ["z"], False),
        ("NotIn", ["z"], True),
        ("NotIn", ["y"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
    ],
)
def test_expressions_of_selectors(operator: str, values: list[str] | None, *, fits: bool) -> None:
    selector = {"matchExpressions": [{"key": "k", "operator": operator, "values": values}]}
    assert selects(selector, {"k": "y"}) is fits


def test_not_in_fits_what_has_no_such_label() -> None:
    expression = {"key": "k", "operator": "NotIn", "values": ["y"]}
    assert selects({"matchExpressions": [expression]}, {})
    assert not selects({"matchExpressions": [{**expression, "operator": "In"}]}, {})


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="Gt"):
        selects({"matchExpressions": [{"key": "k", "operator": "Gt"}]}, {})
