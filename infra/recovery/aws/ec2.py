"""EC2: almost everything carries tags and is found by them, with the service's own filters.

EC2's filters see what was just made; the resource groups tagging API lags behind by minutes, and
the emulator's knows only some of these types.
"""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from infra.recovery.model import Condition, Found
from infra.recovery.search import Rule, Search, everything, part

_STATES = {
    "pending": Condition.MAKING,
    "pendingAcceptance": Condition.MAKING,
    "creating": Condition.MAKING,
    "deleting": Condition.ENDING,
    "deleted": Condition.ENDING,
    "shutting-down": Condition.ENDING,
    "terminated": Condition.ENDING,
    "expired": Condition.FAILED,
    "rejected": Condition.FAILED,
    "failed": Condition.FAILED,
}


def _tagged(operation: str, key: str, name: str, state: str = "", filters: str = "Filters") -> Rule:
    def find(search: Search) -> Sequence[Found]:
        wanted = [
            {"Name": f"tag:{tag}", "Values": [value]} for tag, value in search.identity.items()
        ]
        items = everything(search.client("ec2"), operation, key, **{filters: wanted})
        return [_found(item, name, state) for item in items]

    return Rule(find)


def _found(item: Mapping[str, Any], name: str, state: str) -> Found:
    status = str(item.get(state) or "") if state else ""
    words = _STATES.get(status.lower(), Condition.READY)
    return Found(str(item[name]), condition=words, status=status)


_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}


_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}


def _tables(search: Search, **by: str) -> list[Any]:
    filters = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in by.items()]
    return everything(search.client("ec2"), "describe_route_tables", "RouteTables", Filters=filters)


def _route(search: Search) -> Sequence[Found]:
    table = search.text("routeTableId")
    names = {**_DESTINATIONS, **_TARGETS}
    wanted = {key: search.input(name) for name, key in names.items() if search.input(name)}
    destination = str(next((wanted[k] for k in _DESTINATIONS.values() if k in wanted), ""))
    rid = f"r-{table}{binascii.crc32(destination.encode())}"
    return [
        Found(rid, f"{table}_{destination}")
        for each in _tables(search, route_table_id=table)
        for route in each.get("Routes") or ()
        if all(route.get(key) == value for key, value in wanted.items())
    ]


def _association(search: Search) -> Sequence[Found]:
    table = search.text("routeTableId")
    end = search.input("subnetId") or search.text("gatewayId")
    return [
        Found(str(item["RouteTableAssociationId"]), f"{end}/{table}")
        for each in _tables(search, route_table_id=table)
        for item in each.get("Associations") or ()
        if end in {item.get("SubnetId"), item.get("GatewayId")}
    ]


def _endpoint_association(search: Search) -> Sequence[Found]:
    table, endpoint = search.text("routeTableId"), search.text("vpcEndpointId")
    filters = [{"Name": "vpc-endpoint-id", "Values": [endpoint]}]
    items = everything(
        search.client("ec2"), "describe_vpc_endpoints", "VpcEndpoints", Filters=filters
    )
    tables = [name for each in items for name in each.get("RouteTableIds") or ()]
    return [Found(f"{endpoint}/{table}")] if table in tables else []


def _group_rule(search: Search) -> Sequence[Found]:
    """A rule without tags or an id of its own: what it lets through is its name."""
    group, direction = search.text("securityGroupId"), search.text("type")
    asked = str(search.input("protocol")).lower()
    protocol = _PROTOCOLS.get(asked, asked)
    low, high = search.input("fromPort"), search.input("toPort")
    sources = _sources(search, group)
    filters = [{"Name": "group-id", "Values": [group]}]
    seen = everything(
        search.client("ec2"), "describe_security_group_rules", "SecurityGroupRules", Filters=filters
    )
    through = {
        _source(rule)
        for rule in seen
        if bool(rule.get("IsEgress")) == (direction == "egress")
        and str(rule.get("IpProtocol")) == protocol
        and (protocol == "-1" or (rule.get("FromPort"), rule.get("ToPort")) == (low, high))
    }
    if not sources or not set(sources.values()) <= through:
        return []
    ports = f"{int(low or 0)}_{int(high or 0)}"
    name = f"{group}_{direction}_{protocol}_{ports}_{'_'.join(sources)}"
    return [Found(name)]


def _sources(search: Search, group: str) -> dict[str, str]:
    """What an import calls a source, to what EC2 calls it."""
    lists = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds")
    found = {str(each): str(each) for name in lists for each in search.input(name) or ()}
    if search.input("sourceSecurityGroupId"):
        found[search.text("sourceSecurityGroupId")] = search.text("sourceSecurityGroupId")
    if search.input("self"):
        found["self"] = group
    return found


def _source(rule: Mapping[str, Any]) -> str:
    group = part(rule, "ReferencedGroupInfo").get("GroupId")
    named = ("CidrIpv4", "CidrIpv6", "PrefixListId")
    return str(group or next((rule[key] for key in named if rule.get(key)), ""))


def _nothing(search: Search) -> Sequence[Found]:
    """What AWS made with the VPC is only taken over, which can be done again."""
    del search
    return []


_SINGLE_RULE = _tagged("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId")

RULES: Mapping[str, Rule] = {
    "aws:ec2/vpc:Vpc": _tagged("describe_vpcs", "Vpcs", "VpcId", "State"),
    "aws:ec2/subnet:Subnet": _tagged("describe_subnets", "Subnets", "SubnetId", "State"),
    "aws:ec2/internetGateway:InternetGateway": _tagged(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/natGateway:NatGateway": _tagged(
        "describe_nat_gateways", "NatGateways", "NatGatewayId", "State", "Filter"
    ),
    "aws:ec2/eip:Eip": _tagged("describe_addresses", "Addresses", "AllocationId"),
    "aws:ec2/routeTable:RouteTable": _tagged(
        "describe_route_tables", "RouteTables", "RouteTableId"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _tagged(
        "describe_security_groups", "SecurityGroups", "GroupId"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _tagged(
        "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _tagged(
        "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "State"
    ),
    "aws:ec2/flowLog:FlowLog": _tagged(
        "describe_flow_logs", "FlowLogs", "FlowLogId", filters="Filter"
    ),
    "aws:ec2/placementGroup:PlacementGroup": _tagged(
        "describe_placement_groups", "PlacementGroups", "GroupName", "State"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SINGLE_RULE,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SINGLE_RULE,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Rule(_nothing),
    "aws:ec2/route:Route": Rule(_route, ("routeTableId", *_DESTINATIONS)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Rule(
        _association, ("subnetId", "gatewayId")
    ),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": Rule(
        _endpoint_association, ("routeTableId", "vpcEndpointId")
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Rule(
        _group_rule,
        (
            "securityGroupId", "type", "protocol", "fromPort", "toPort", "sourceSecurityGroupId",
            "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self",
        ),
    ),
}  # fmt: skip
"""Type token to rule."""
