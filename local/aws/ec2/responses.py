"""EC2 over HTTP: guards in front of moto's operations, and operations that moto lacks."""

import secrets
from collections.abc import Mapping
from typing import Any

from moto.ec2.responses import EC2Response

from local.aws import backends
from local.aws.ec2 import guards
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, Guard, Operation, TableResponse

_STRATEGIES = ("cluster", "spread", "partition")


def create_nat_gateway(call: Call) -> Document:
    """CreateNatGateway; the same ``ClientToken`` gives the same gateway."""
    ec2 = backends.ec2(call.region)
    token = str(call.get("ClientToken") or "")
    asked: Document = {
        name: call.get(name) for name in ("SubnetId", "AllocationId", "ConnectivityType")
    }
    if token in ec2.nat_tokens:
        before, identifier = ec2.nat_tokens[token]
        if before != asked:
            message = "The client token was used before with other parameters."
            raise AwsError("IdempotentParameterMismatch", message)
        return {"NatGateway": ec2.nat_gateways[identifier], "ClientToken": token}
    kind = str(call.get("ConnectivityType") or "public")
    if kind == "public" and not call.get("AllocationId"):
        message = "The request must contain the parameter AllocationId"
        raise AwsError("MissingParameter", message)
    gateway = ec2.create_nat_gateway(
        subnet_id=call.text("SubnetId"),
        allocation_id=call.get("AllocationId"),
        tags=_tags(call),
        connectivity_type=kind,
    )
    if token:
        ec2.nat_tokens[token] = (asked, gateway.id)
    return {"NatGateway": gateway, "ClientToken": token or None}


def _tags(call: Call) -> dict[str, str]:
    return {
        str(tag["Key"]): str(tag.get("Value", ""))
        for specification in call.items("TagSpecifications")
        for tag in specification.get("Tags", [])
    }


def create_placement_group(call: Call) -> Document:
    """CreatePlacementGroup."""
    backend = backends.ec2(call.region)
    groups: dict[str, Document] = backend.placement_groups
    name = str(call.get("GroupName") or f"pg-{secrets.token_hex(6)}")
    if name in groups:
        message = f"The placement group '{name}' already exists."
        raise AwsError("InvalidPlacementGroup.Duplicate", message)
    strategy = str(call.get("Strategy") or "cluster")
    if strategy not in _STRATEGIES:
        message = f"The strategy {strategy} is not one of {list(_STRATEGIES)}"
        raise AwsError("InvalidParameterValue", message)
    identifier = f"pg-{secrets.token_hex(9)[:17]}"
    group: Document = {
        "GroupName": name,
        "GroupId": identifier,
        "GroupArn": f"arn:aws:ec2:{call.region}:{ACCOUNT}:placement-group/{name}",
        "State": "available",
        "Strategy": strategy,
    }
    backend.create_tags([identifier], _tags(call))
    if strategy == "partition":
        group["PartitionCount"] = int(call.get("PartitionCount") or 2)
    if strategy == "spread":
        group["SpreadLevel"] = str(call.get("SpreadLevel") or "rack")
    groups[name] = group
    return {"PlacementGroup": _with_tags(group, backend)}


def _with_tags(group: Document, backend: Any) -> Document:
    tags: dict[str, str] = backend.tags.get(group["GroupId"], {})
    return {**group, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def describe_placement_groups(call: Call) -> Document:
    """DescribePlacementGroups by names, ids and the filters group-name, strategy and state."""
    backend = backends.ec2(call.region)
    groups: dict[str, Document] = backend.placement_groups
    for name in call.items("GroupNames"):
        if name not in groups:
            message = f"The Placement Group '{name}' is unknown."
            raise AwsError("InvalidPlacementGroup.Unknown", message)
    found = [_with_tags(group, backend) for group in groups.values() if _is_wanted(group, call)]
    return {"PlacementGroups": found}


def _is_wanted(group: Document, call: Call) -> bool:
    keys = {"group-name": "GroupName", "strategy": "Strategy", "state": "State"}
    wanted: list[tuple[str, list[Any]]] = [
        ("GroupName", call.items("GroupNames")),
        ("GroupId", call.items("GroupIds")),
    ]
    wanted += [
        (keys[entry["Name"]], entry.get("Values", []))
        for entry in call.items("Filters")
        if entry["Name"] in keys
    ]
    return all(not values or group[key] in values for key, values in wanted)


def delete_placement_group(call: Call) -> Document:
    """DeletePlacementGroup."""
    groups: dict[str, Document] = backends.ec2(call.region).placement_groups
    if groups.pop(call.text("GroupName"), None) is None:
        message = f"The Placement Group '{call.text('GroupName')}' is unknown."
        raise AwsError("InvalidPlacementGroup.Unknown", message)
    return {}


class Ec2Response(TableResponse, EC2Response):
    """Ours first, then moto's."""

    operations: Mapping[str, Operation] = {
        "CreateNatGateway": create_nat_gateway,
        "CreatePlacementGroup": create_placement_group,
        "DescribePlacementGroups": describe_placement_groups,
        "DeletePlacementGroup": delete_placement_group,
    }
    guards: Mapping[str, Guard] = {
        "ReleaseAddress": guards.release_address,
        "DisassociateAddress": guards.disassociate_address,
        "DeleteNatGateway": guards.delete_nat_gateway,
        "DeleteSubnet": guards.delete_subnet,
        "DetachInternetGateway": guards.detach_internet_gateway,
        "DeleteSecurityGroup": guards.delete_security_group,
        "DeleteVpc": guards.delete_vpc,
        "AssociateRouteTable": guards.associate_route_table,
    }
