"""What AWS refuses because something still depends on it; moto would let it go."""

from collections.abc import Iterator
from typing import Any

from local.aws import backends
from local.aws.operations import AwsError, Call


def _refuse(message: str) -> AwsError:
    return AwsError("DependencyViolation", message)


def _gateways(region: str) -> list[Any]:
    """NAT gateways that are not deleted."""
    found: list[Any] = list(backends.ec2(region).nat_gateways.values())
    return [gateway for gateway in found if gateway.state != "deleted"]


def _endpoints(region: str) -> list[Any]:
    found: list[Any] = list(backends.ec2(region).vpc_end_points.values())
    return [endpoint for endpoint in found if endpoint.state != "deleted"]


def _clusters(region: str) -> list[Any]:
    return list(backends.eks(region).clusters.values())


def _addresses(call: Call, allocation: str, public: str) -> Iterator[Any]:
    for address in list(backends.ec2(call.region).addresses):
        by_id = call.get(allocation)
        named = address.allocation_id == by_id if by_id else address.public_ip == call.get(public)
        if named:
            yield address


def release_address(call: Call) -> None:
    """ReleaseAddress of an address that something uses."""
    for address in _addresses(call, "AllocationId", "PublicIp"):
        if address.association_id:
            message = f"Address {address.public_ip} is in use."
            raise AwsError("InvalidIPAddress.InUse", message)


def disassociate_address(call: Call) -> None:
    """DisassociateAddress of the address of a NAT gateway."""
    for address in list(backends.ec2(call.region).addresses):
        if call.get("AssociationId") not in {None, address.association_id}:
            continue
        if call.get("PublicIp") not in {None, address.public_ip}:
            continue
        nats = {gateway._eni.id for gateway in _gateways(call.region)}  # noqa: SLF001 moto's only link
        if address.eni is not None and address.eni.id in nats:
            message = "You do not have permission to access the specified resource."
            raise AwsError("AuthFailure", message)


def delete_nat_gateway(call: Call) -> None:
    """DeleteNatGateway of one that does not exist."""
    identifier = call.text("NatGatewayId")
    if identifier not in backends.ec2(call.region).nat_gateways:
        message = f"NAT gateway {identifier} was not found"
        raise AwsError("NatGatewayNotFound", message)


def delete_subnet(call: Call) -> None:
    """DeleteSubnet while a NAT gateway, an interface, a cluster or a node group is in it."""
    identifier = call.text("SubnetId")
    ec2 = backends.ec2(call.region)
    used = any(gateway.subnet_id == identifier for gateway in _gateways(call.region))
    used = used or any(eni.subnet.id == identifier for eni in list(ec2.enis.values()))
    for cluster in _clusters(call.region):
        used = used or identifier in cluster.resources_vpc_config.get("subnetIds", [])
        used = used or any(identifier in group.subnets for group in cluster.nodegroups.values())
    if used:
        message = f"The subnet '{identifier}' has dependencies and cannot be deleted."
        raise _refuse(message)


def detach_internet_gateway(call: Call) -> None:
    """DetachInternetGateway while public addresses are mapped in the VPC."""
    vpc_id = call.text("VpcId")
    public = [
        gateway
        for gateway in _gateways(call.region)
        if gateway.vpc_id == vpc_id and gateway.connectivity_type != "private"
    ]
    enis: list[Any] = list(backends.ec2(call.region).enis.values())
    mapped = [eni for eni in enis if eni.subnet.vpc_id == vpc_id and eni.public_ip]
    if public or mapped:
        message = (
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public "
            "address(es) before detaching the gateway."
        )
        raise _refuse(message)


def delete_security_group(call: Call) -> None:
    """DeleteSecurityGroup while rules, interfaces, endpoints or clusters use it."""
    ec2 = backends.ec2(call.region)
    wanted = str(call.get("GroupId") or call.get("GroupName"))
    group = ec2.get_security_group_by_name_or_id(wanted)
    if group is None:
        return
    if group.is_default:
        message = f"the specified group: '{group.id}' name: 'default' cannot be deleted by a user"
        raise AwsError("CannotDelete", message)
    users = backends.group_users(call.region, group.id)
    for eni in list(ec2.enis.values()):
        if any(each.id == group.id for each in eni.group_set):
            users.append(eni.id)
    for cluster in _clusters(call.region):
        network = cluster.resources_vpc_config
        own = [network.get("clusterSecurityGroupId"), *network.get("securityGroupIds", [])]
        if group.id in own:
            users.append(cluster.name)
    users += [each.id for each in _endpoints(call.region) if group.id in each.security_group_ids]
    if users:
        message = f"resource {group.id} has a dependent object ({', '.join(sorted(users))})"
        raise _refuse(message)


def delete_vpc(call: Call) -> None:
    """DeleteVpc while anything but its default group, main route table and ACL is left."""
    vpc_id = call.text("VpcId")
    ec2 = backends.ec2(call.region)
    left: list[str] = [
        group.id for group in ec2.groups.get(vpc_id, {}).values() if not group.is_default
    ]
    left += [
        gateway.id
        for gateway in ec2.internet_gateways.values()
        if gateway.vpc is not None and gateway.vpc.id == vpc_id
    ]
    left += [each.id for each in _endpoints(call.region) if each.vpc_id == vpc_id]
    left += [each.id for each in _gateways(call.region) if each.vpc_id == vpc_id]
    left += [eni.id for eni in ec2.enis.values() if eni.subnet.vpc_id == vpc_id]
    if left:
        message = f"The vpc '{vpc_id}' has dependencies and cannot be deleted. ({', '.join(left)})"
        raise _refuse(message)


def associate_route_table(call: Call) -> None:
    """AssociateRouteTable of a subnet that has another table."""
    subnet, table_id = call.get("SubnetId"), call.text("RouteTableId")
    for table in list(backends.ec2(call.region).route_tables.values()):
        for identifier, associated in table._associations.items():  # noqa: SLF001 moto's only link
            if subnet and associated == subnet and table.id != table_id:
                message = (
                    f"the specified association for route table {table_id} conflicts with an "
                    f"existing association ({identifier})"
                )
                raise AwsError("Resource.AlreadyAssociated", message)
