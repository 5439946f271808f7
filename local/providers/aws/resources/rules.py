"""Security group rules taken apart: one atom per range, group or prefix list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.providers.aws.cloud import Cloud, is_missing
from local.providers.aws.handler import many

CIDR, CIDR6, PREFIX_LIST, GROUP = "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"
ALL = "-1"
_RANGES = {
    CIDR: ("IpRanges", "CidrIp"),
    CIDR6: ("Ipv6Ranges", "CidrIpv6"),
    PREFIX_LIST: ("PrefixListIds", "PrefixListId"),
    GROUP: ("UserIdGroupPairs", "GroupId"),
}
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": ALL}


@dataclass(frozen=True)
class Atom:
    """One thing that a rule lets through.

    Attributes:
        protocol: ``tcp``, ``udp``, ``icmp`` or ``-1``.
        low: First port, 0 for every protocol.
        high: Last port.
        kind: What `value` is: the name of an input such as ``cidrBlocks``.
        value: A range, prefix list id or group id.
        description: May be empty.
    """

    protocol: str
    low: int
    high: int
    kind: str
    value: str
    description: str = ""

    def permission(self) -> dict[str, Any]:
        """The atom as an argument of a call."""
        ranges, key = _RANGES[self.kind]
        item = {key: self.value}
        if self.description:
            item["Description"] = self.description
        permission: dict[str, Any] = {"IpProtocol": self.protocol, ranges: [item]}
        if self.protocol != ALL:
            permission |= {"FromPort": self.low, "ToPort": self.high}
        return permission


def same_protocol(one: Any, other: Any) -> bool:
    """Whether two names or numbers mean the same protocol."""
    return protocol(one) == protocol(other)


def protocol(name: Any) -> str:
    """The name that AWS answers for a protocol."""
    text = str(name).lower()
    return _NUMBERS.get(text, text)


def seen_atoms(permissions: Iterable[Mapping[str, Any]]) -> list[Atom]:
    """Atoms of the permissions of a described group."""
    atoms: list[Atom] = []
    for permission in permissions:
        name = protocol(permission["IpProtocol"])
        low, high = permission.get("FromPort", 0), permission.get("ToPort", 0)
        if name == ALL:
            low = high = 0
        for kind, (ranges, key) in _RANGES.items():
            for item in many(permission, ranges):
                value, text = item.get(key), item.get("Description") or ""
                if value:
                    atoms.append(Atom(name, low, high, kind, value, text))
    return atoms


def rule_atoms(rule: Mapping[str, Any], group: str) -> list[Atom]:
    """Atoms of an inline rule or of a SecurityGroupRule; `group` is what ``self`` means."""
    name = protocol(rule["protocol"])
    low, high = (0, 0) if name == ALL else (rule["fromPort"], rule["toPort"])
    text = rule.get("description") or ""
    atoms = [
        Atom(name, low, high, kind, value, text) for kind in _RANGES for value in many(rule, kind)
    ]
    if rule.get("sourceSecurityGroupId"):
        atoms.append(Atom(name, low, high, GROUP, rule["sourceSecurityGroupId"], text))
    if rule.get("self"):
        atoms.append(Atom(name, low, high, GROUP, group, text))
    return atoms


def grouped(
    atoms: list[Atom], given: Iterable[Mapping[str, Any]], group: str
) -> list[dict[str, Any]]:
    """Inline rules that `atoms` make up: first as `given` groups them, then by port."""
    rest = list(atoms)
    rules: list[dict[str, Any]] = []
    for rule in given:
        found = [atom for atom in rule_atoms(rule, group) if atom in rest]
        if found:
            rules.append(_inline(found, group))
            rest = [atom for atom in rest if atom not in found]
    by_port: dict[tuple[str, int, int, str], list[Atom]] = {}
    for atom in rest:
        key = (atom.protocol, atom.low, atom.high, atom.description)
        by_port.setdefault(key, []).append(atom)
    return rules + [_inline(found, group) for found in by_port.values()]


def _inline(atoms: list[Atom], group: str) -> dict[str, Any]:
    head = atoms[0]
    rule: dict[str, Any] = {
        "protocol": head.protocol,
        "fromPort": head.low,
        "toPort": head.high,
    }
    if head.description:
        rule["description"] = head.description
    for atom in atoms:
        if atom.kind == GROUP and atom.value == group:
            rule["self"] = True
        else:
            rule.setdefault(atom.kind, []).append(atom.value)
    return rule


def authorize(cloud: Cloud, group: str, direction: str, atoms: Iterable[Atom]) -> None:
    """Add rules; `direction` is ``ingress`` or ``egress``."""
    permissions = [atom.permission() for atom in atoms]
    if permissions:
        call = getattr(cloud.client("ec2"), f"authorize_security_group_{direction}")
        call(GroupId=group, IpPermissions=permissions)


def revoke(cloud: Cloud, group: str, direction: str, atoms: Iterable[Atom]) -> None:
    """Remove rules; those that are gone already do not matter."""
    call = getattr(cloud.client("ec2"), f"revoke_security_group_{direction}")
    for atom in atoms:
        try:
            call(GroupId=group, IpPermissions=[atom.permission()])
        except ClientError as error:
            if not is_missing(error):
                raise
