"""Subnet arithmetic: where each subnet lies in the VPC, and how many pods fit.

The layout is fixed and does not depend on how many zones are used: the VPC is cut into eight
equal parts. Parts 0 to 5 are the private subnets of zones 0 to 5; part 6 holds the public and
part 7 the isolated subnets, each an eighth of its part. So a zone added at the end of the list
moves no subnet that exists.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, ip_network

MAX_ZONES = 6
LARGEST_PREFIX = 16
SMALLEST_PREFIX = 20

AWS_RESERVED_ADDRESSES = 5
"""Addresses that AWS keeps in every subnet: network, router, DNS, future, broadcast."""
ADDRESSES_PER_NODE = 17
"""A node's own address and the spare /28 block that the VPC CNI keeps warm on it."""

_PARTS_BITS = 3
_PUBLIC_PART = 6
_ISOLATED_PART = 7


class Tier(StrEnum):
    """Who a subnet is for."""

    PUBLIC = "public"
    PRIVATE = "private"
    ISOLATED = "isolated"


@dataclass(frozen=True)
class SubnetPlan:
    """One subnet.

    Attributes:
        tier: Who it is for.
        zone: Availability zone.
        cidr: Address block.
    """

    tier: Tier
    zone: str
    cidr: str


def plan_subnets(cidr: str, zones: list[str], isolated: bool) -> list[SubnetPlan]:
    """Lay out the subnets of a VPC, zone by zone within each tier.

    Args:
        cidr: Block of the VPC, from /16 to /20.
        zones: Availability zones, at most six, in an order that never changes.
        isolated: Whether to make subnets without any way out of the VPC.
    """
    parts = list(ip_network(cidr).subnets(_PARTS_BITS))
    small = {
        Tier.PUBLIC: list(parts[_PUBLIC_PART].subnets(_PARTS_BITS)),
        Tier.ISOLATED: list(parts[_ISOLATED_PART].subnets(_PARTS_BITS)),
    }
    blocks = {Tier.PUBLIC: small[Tier.PUBLIC], Tier.PRIVATE: parts[:MAX_ZONES]}
    if isolated:
        blocks[Tier.ISOLATED] = small[Tier.ISOLATED]
    return [
        SubnetPlan(tier, zone, str(tier_blocks[index]))
        for tier, tier_blocks in blocks.items()
        for index, zone in enumerate(zones)
    ]


def usable_addresses(cidr: str) -> int:
    """Addresses of a subnet that instances and pods can have."""
    return ip_network(cidr).num_addresses - AWS_RESERVED_ADDRESSES


def pod_room(cidr: str, zones: int, nodes: int) -> int:
    """Pods that fit into the private subnets of `zones` zones beside `nodes` nodes.

    Negative when not even the nodes fit. Pods and nodes are taken as spread evenly.
    """
    private = next(ip_network(cidr).subnets(_PARTS_BITS))
    return zones * usable_addresses(str(private)) - nodes * ADDRESSES_PER_NODE


def parse_vpc_block(cidr: str) -> IPv4Network | str:
    """The block, or why it cannot be a VPC's."""
    try:
        block = ip_network(cidr)
    except ValueError as error:
        return str(error)
    if not isinstance(block, IPv4Network):
        return "it is not an IPv4 block"
    if not LARGEST_PREFIX <= block.prefixlen <= SMALLEST_PREFIX:
        return f"a /{block.prefixlen} block"
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
    if not any(block.subnet_of(IPv4Network(known)) for known in private):
        return "a block of public addresses"
    return block
