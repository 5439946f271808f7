"""Route tables, routes, associations."""

import binascii
from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.handler import Change, Handler, Properties, given, many, renamed
from local.providers.aws.resources.ec2 import Ec2Handler, filters, find, remove, seen_tags
from local.providers.aws.schema import Field, Schema
from local.providers.model import CheckFailure, ProviderError

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
# The inline routes of a table name their destination without the word.
_INLINE = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
    **_TARGETS,
}
_INLINE_DESTINATIONS = ("cidrBlock", "ipv6CidrBlock", "destinationPrefixListId")


class _RouteTable(Ec2Handler):
    """aws:ec2/routeTable:RouteTable."""

    urn_type = "aws:ec2/routeTable:RouteTable"
    kind = "route-table"
    schema = Schema(
        fields={
            "vpcId": Field(required=True, replace=True),
            "routes": Field(computed=True, unordered=True, fields=dict.fromkeys(_INLINE, Field())),
        },
        computed=("arn", "ownerId"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("ec2").create_route_table(
            VpcId=inputs["vpcId"], **self.tagged(inputs)
        )
        return answer["RouteTable"]["RouteTableId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        for route in many(inputs, "routes"):
            cloud.client("ec2").create_route(RouteTableId=rid, **given(route, _INLINE))

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        table = find(cloud, "describe_route_tables", "RouteTables", RouteTableIds=[rid])
        if table is None:
            return None
        return {
            "arn": cloud.arn("ec2", f"route-table/{rid}"),
            "vpcId": table["VpcId"],
            "ownerId": table.get("OwnerId") or cloud.account,
            "routes": [renamed(r, _INLINE) for r in table["Routes"] if _is_made_by_user(r)],
            "tagsAll": seen_tags(table),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        ec2 = cloud.client("ec2")
        old = {_destination(r): r for r in many(change.old, "routes")}
        new = {_destination(r): r for r in many(change.new, "routes")}
        for destination in set(old) - set(new):
            where = {k: v for k, v in given(old[destination], _INLINE).items() if k[:4] == "Dest"}
            missing_as_none(lambda w=where: ec2.delete_route(RouteTableId=change.id, **w))
        for destination, route in new.items():
            if route != old.get(destination):
                call = ec2.replace_route if destination in old else ec2.create_route
                call(RouteTableId=change.id, **given(route, _INLINE))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "delete_route_table", RouteTableId=rid)


def _destination(route: Mapping[str, Any]) -> str:
    return next(str(route[name]) for name in _INLINE_DESTINATIONS if route.get(name))


def _is_made_by_user(route: Mapping[str, Any]) -> bool:
    """Not the local route, and not one that a gateway endpoint made."""
    target = str(route.get("GatewayId", ""))
    return target != "local" and not target.startswith("vpce-")


class _Route(Handler):
    """aws:ec2/route:Route; id as the official one's: ``r-`` table CRC-of-destination."""

    looks_first = True
    urn_type = "aws:ec2/route:Route"
    schema = Schema(
        fields={
            "routeTableId": Field(required=True, replace=True),
            **dict.fromkeys(_DESTINATIONS, Field(replace=True)),
            **dict.fromkeys(_TARGETS, Field()),
        },
        tags=False,
        computed=("origin", "state"),
    )

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        failures: list[CheckFailure] = []
        for what, names in (("destination", _DESTINATIONS), ("target", _TARGETS)):
            count = sum(inputs.get(name) is not None for name in names)
            if count != 1:
                reason = f"a route has one {what}, not {count}; one of: {', '.join(names)}"
                failures.append(CheckFailure(next(iter(names)), reason))
        return failures

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return _route_id(inputs)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(inputs, {**_DESTINATIONS, **_TARGETS})
        if self._find(cloud, inputs) is not None:
            where = next(iter(given(inputs, _DESTINATIONS).values()))
            raise ProviderError(
                f"CreateRoute: RouteAlreadyExists: {inputs['routeTableId']} has a route to {where}"
            )
        cloud.client("ec2").create_route(RouteTableId=inputs["routeTableId"], **arguments)
        return _route_id(inputs)

    def _find(self, cloud: Cloud, known: Mapping[str, Any]) -> Any:
        table = find(
            cloud, "describe_route_tables", "RouteTables", RouteTableIds=[known["routeTableId"]]
        )
        wanted = given(known, _DESTINATIONS)
        routes = many(table, "Routes")
        return next(
            (r for r in routes if all(r.get(k) == v for k, v in wanted.items())),
            None,
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        where = known if known.get("routeTableId") else _imported_route(rid)
        route = self._find(cloud, where)
        if route is None:
            return None
        seen = renamed(route, {**_DESTINATIONS, **_TARGETS})
        return {
            **seen,
            "id": _route_id({**seen, "routeTableId": where["routeTableId"]}),
            "routeTableId": where["routeTableId"],
            "origin": route.get("Origin"),
            "state": route.get("State"),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        cloud.client("ec2").replace_route(
            RouteTableId=change.new["routeTableId"],
            **given(change.new, {**_DESTINATIONS, **_TARGETS}),
        )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(
            cloud,
            "delete_route",
            RouteTableId=state["routeTableId"],
            **given(state, _DESTINATIONS),
        )


def _route_id(route: Mapping[str, Any]) -> str:
    destination = str(next(route[name] for name in _DESTINATIONS if route.get(name)))
    return f"r-{route['routeTableId']}{binascii.crc32(destination.encode())}"


def _imported_route(rid: str) -> dict[str, str]:
    """Where to look for ``rtb-1_10.0.0.0/16``, the form that an import takes."""
    table, _, destination = rid.partition("_")
    if not destination:
        raise ProviderError(f"{rid!r} has to be ROUTETABLEID_DESTINATION")
    if destination.startswith("pl-"):
        return {"routeTableId": table, "destinationPrefixListId": destination}
    kind = "destinationIpv6CidrBlock" if ":" in destination else "destinationCidrBlock"
    return {"routeTableId": table, kind: destination}


class _RouteTableAssociation(Handler):
    """aws:ec2/routeTableAssociation:RouteTableAssociation."""

    urn_type = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    schema = Schema(
        fields={
            "routeTableId": Field(required=True),
            "subnetId": Field(replace=True),
            "gatewayId": Field(replace=True),
        },
        tags=False,
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {"routeTableId": "RouteTableId", "subnetId": "SubnetId", "gatewayId": "GatewayId"},
        )
        return cloud.client("ec2").associate_route_table(**arguments)["AssociationId"]

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str]:
        found = cloud.client("ec2").describe_route_tables(RouteTableIds=[inputs["routeTableId"]])
        subnet, gateway = inputs.get("subnetId"), inputs.get("gatewayId")
        return frozenset(
            item["RouteTableAssociationId"]
            for table in found["RouteTables"]
            for item in table["Associations"]
            if (subnet and item.get("SubnetId") == subnet)
            or (gateway and item.get("GatewayId") == gateway)
        )

    def _find(self, cloud: Cloud, where: dict[str, Any]) -> Any:
        """The association and its table; changing the table gives it another id."""
        answer = cloud.client("ec2").describe_route_tables(Filters=filters(**where))
        for table in answer["RouteTables"]:
            for item in table["Associations"]:
                values = [item.get("RouteTableAssociationId"), item.get("SubnetId")]
                if next(iter(where.values())) in values:
                    return item
        return None

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        subnet, _, imported_table = rid.partition("/")
        where = known.get("subnetId") or (subnet if imported_table else None)
        key = "association.subnet-id" if where else "association.route-table-association-id"
        item = self._find(cloud, {key: where or rid})
        if item is None or item.get("Main"):
            return None
        return {
            "id": item["RouteTableAssociationId"] if imported_table else rid,
            "routeTableId": item["RouteTableId"],
            "subnetId": item.get("SubnetId"),
            "gatewayId": item.get("GatewayId"),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        cloud.client("ec2").replace_route_table_association(
            AssociationId=self._current_id(cloud, change.id, change.state),
            RouteTableId=change.new["routeTableId"],
        )

    def _current_id(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> str:
        if not state.get("subnetId"):
            return rid
        item = self._find(cloud, {"association.subnet-id": state["subnetId"]})
        return item["RouteTableAssociationId"] if item else rid

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        current = self._current_id(cloud, rid, state)
        remove(cloud, "disassociate_route_table", AssociationId=current)


class _VpcEndpointRouteTableAssociation(Handler):
    """aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation."""

    urn_type = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
    schema = Schema(
        fields={
            "routeTableId": Field(required=True, replace=True),
            "vpcEndpointId": Field(required=True, replace=True),
        },
        tags=False,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return _endpoint_id(inputs["vpcEndpointId"], inputs["routeTableId"])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        table, endpoint = inputs["routeTableId"], inputs["vpcEndpointId"]
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
        return _endpoint_id(endpoint, table)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        endpoint, table = known.get("vpcEndpointId"), known.get("routeTableId")
        if not endpoint:
            endpoint, _, table = rid.partition("/")
        found = find(cloud, "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=[endpoint])
        if found is None or table not in many(found, "RouteTableIds"):
            return None
        return {
            "id": _endpoint_id(str(endpoint), str(table)),
            "vpcEndpointId": endpoint,
            "routeTableId": table,
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(
            cloud,
            "modify_vpc_endpoint",
            VpcEndpointId=state["vpcEndpointId"],
            RemoveRouteTableIds=[state["routeTableId"]],
        )


def _endpoint_id(endpoint: str, table: str) -> str:
    return f"a-{endpoint}{binascii.crc32(table.encode())}"


HANDLERS = (
    _RouteTable(),
    _Route(),
    _RouteTableAssociation(),
    _VpcEndpointRouteTableAssociation(),
)
