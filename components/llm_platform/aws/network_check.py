"""Checks of `Network`'s inputs. Pure."""

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from llm_platform.aws.checks import (
    duplicate_problems,
    enum_problems,
    key_problems,
    name_problems,
    range_problems,
    retention_problems,
)
from llm_platform.aws.kinds import NEEDED_WITHOUT_NAT, AwsEndpoint, NatMode
from llm_platform.aws.subnets import (
    ADDRESSES_PER_NODE,
    MAX_ZONES,
    parse_vpc_block,
    pod_room,
)
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.network import NetworkArgs

DEFAULT_MAX_PODS = 500
DEFAULT_MAX_NODES = 20

_ZONE = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d[a-z]\Z")


def check_network(args: "NetworkArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a network."""
    return [
        *_zone_problems(args),
        *_cidr_problems(args),
        *_way_out_problems(args),
        *name_problems("cluster_name", args.get("cluster_name"), 100),
        *retention_problems("flow_log_retention_days", args.get("flow_log_retention_days")),
        *key_problems("kms_key_arn", args.get("kms_key_arn")),
        *check_tags(args.get("tags", {})),
    ]


def _zone_problems(args: "NetworkArgs") -> list[Problem]:
    if "zones" not in args:
        return []
    zones = args["zones"]
    problems = duplicate_problems("zones", zones, "zone")
    if not 2 <= len(zones) <= MAX_ZONES:
        allowed = f"2 to {MAX_ZONES} zones; EKS needs two"
        problems.append(Problem("zones", f"{len(zones)} zones", allowed))
    for index, zone in enumerate(zones):
        if not _ZONE.match(zone):
            what = f"'{zone}' is not the name of an availability zone"
            problems.append(Problem(f"zones[{index}]", what, "such as eu-central-1a"))
    if len({zone[:-1] for zone in zones}) > 1:
        problems.append(Problem("zones", "zones of different regions", "zones of one region"))
    return problems


def _cidr_problems(args: "NetworkArgs") -> list[Problem]:
    if "cidr" not in args:
        return []
    cidr = args["cidr"]
    block = parse_vpc_block(cidr)
    if not isinstance(block, IPv4Network):
        allowed = "a private IPv4 block from /16 to /20, such as 10.0.0.0/16"
        return [Problem("cidr", f"'{cidr}' cannot be a VPC's block: {block}", allowed)]
    pods = args.get("max_pods", DEFAULT_MAX_PODS)
    nodes = args.get("max_nodes", DEFAULT_MAX_NODES)
    problems = [
        *range_problems("max_pods", pods, 1, 100_000),
        *range_problems("max_nodes", nodes, 1, 5_000),
    ]
    zones = min(len(args.get("zones", [])), MAX_ZONES)
    room = pod_room(cidr, zones, nodes)
    if not problems and zones and room < pods:
        what = f"{cidr} has room for {max(room, 0)} pods beside {nodes} nodes, not for {pods}"
        allowed = (
            "a larger block, more zones, or lower max_pods and max_nodes; a node takes "
            f"{ADDRESSES_PER_NODE} addresses"
        )
        problems.append(Problem("cidr", what, allowed))
    return problems


def _way_out_problems(args: "NetworkArgs") -> list[Problem]:
    nat = args.get("nat", NatMode.PER_ZONE)
    endpoints = args.get("endpoints", [])
    problems = [
        *enum_problems("nat", nat, NatMode),
        *duplicate_problems("endpoints", endpoints, "endpoint"),
    ]
    for index, endpoint in enumerate(endpoints):
        problems += enum_problems(f"endpoints[{index}]", endpoint, AwsEndpoint)
    missing = [needed.value for needed in NEEDED_WITHOUT_NAT if needed not in endpoints]
    if nat == NatMode.NONE and missing:
        what = f"without NAT nodes cannot work without the endpoints {', '.join(missing)}"
        problems.append(Problem("endpoints", what, "those endpoints, or a NAT mode"))
    return problems
