"""VPC and subnet."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.aws.handler import Change, Properties, given
from local.providers.aws.resources.ec2 import Ec2Handler, filters, find, first, remove, seen_tags
from local.providers.aws.schema import Field, Schema

_VPC_ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}


class _Vpc(Ec2Handler):
    """aws:ec2/vpc:Vpc."""

    urn_type = "aws:ec2/vpc:Vpc"
    kind = "vpc"
    schema = Schema(
        fields={
            "cidrBlock": Field(replace=True, required=True),
            "instanceTenancy": Field(default="default", replace=True),
            "enableDnsSupport": Field(default=True),
            "enableDnsHostnames": Field(computed=True),
            "enableNetworkAddressUsageMetrics": Field(computed=True),
        },
        computed=(
            "arn",
            "defaultNetworkAclId",
            "defaultRouteTableId",
            "defaultSecurityGroupId",
            "dhcpOptionsId",
            "mainRouteTableId",
            "ownerId",
        ),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("ec2").create_vpc(
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs["instanceTenancy"],
            **self.tagged(inputs),
        )
        return answer["Vpc"]["VpcId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        cloud.wait(f"VPC {rid} available", lambda: self._is_available(cloud, rid))
        self._set(cloud, rid, inputs, frozenset(inputs))

    def _is_available(self, cloud: Cloud, rid: str) -> bool:
        vpc = find(cloud, "describe_vpcs", "Vpcs", VpcIds=[rid])
        return vpc is not None and vpc["State"] == "available"

    def _set(self, cloud: Cloud, rid: str, new: Mapping[str, Any], names: frozenset[str]) -> None:
        for name, argument in _VPC_ATTRIBUTES.items():
            if name in names and new.get(name) is not None:
                cloud.client("ec2").modify_vpc_attribute(
                    VpcId=rid, **{argument: {"Value": new[name]}}
                )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        ec2 = cloud.client("ec2")
        vpc = find(cloud, "describe_vpcs", "Vpcs", VpcIds=[rid])
        if vpc is None:
            return None
        main = first(
            ec2.describe_route_tables(Filters=filters(vpc_id=rid, **{"association.main": "true"})),
            "RouteTables",
        )
        group = first(
            ec2.describe_security_groups(Filters=filters(vpc_id=rid, group_name="default")),
            "SecurityGroups",
        )
        acl = first(
            ec2.describe_network_acls(Filters=filters(vpc_id=rid, default="true")), "NetworkAcls"
        )
        seen: Properties = {
            "arn": cloud.arn("ec2", f"vpc/{rid}"),
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "ownerId": vpc.get("OwnerId", cloud.account),
            "mainRouteTableId": main and main["RouteTableId"],
            "defaultRouteTableId": main and main["RouteTableId"],
            "defaultSecurityGroupId": group and group["GroupId"],
            "defaultNetworkAclId": acl and acl["NetworkAclId"],
            "tagsAll": seen_tags(vpc),
        }
        for name, argument in _VPC_ATTRIBUTES.items():
            attribute = argument[0].lower() + argument[1:]
            answer = ec2.describe_vpc_attribute(VpcId=rid, Attribute=attribute)
            seen[name] = answer[argument]["Value"]
        return seen

    def update(self, cloud: Cloud, change: Change) -> None:
        self._set(cloud, change.id, change.new, change.changed)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "delete_vpc", VpcId=rid)


_SUBNET_ATTRIBUTES = {
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
}


class _Subnet(Ec2Handler):
    """aws:ec2/subnet:Subnet."""

    urn_type = "aws:ec2/subnet:Subnet"
    kind = "subnet"
    schema = Schema(
        fields={
            "vpcId": Field(required=True, replace=True),
            "cidrBlock": Field(required=True, replace=True),
            "availabilityZone": Field(computed=True, replace=True),
            "availabilityZoneId": Field(computed=True, replace=True),
            "mapPublicIpOnLaunch": Field(default=False),
            "assignIpv6AddressOnCreation": Field(default=False),
        },
        computed=("arn", "ownerId"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {
                "vpcId": "VpcId",
                "cidrBlock": "CidrBlock",
                "availabilityZone": "AvailabilityZone",
                "availabilityZoneId": "AvailabilityZoneId",
            },
        )
        answer = cloud.client("ec2").create_subnet(**arguments, **self.tagged(inputs))
        return answer["Subnet"]["SubnetId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        cloud.wait(f"subnet {rid} available", lambda: self._is_available(cloud, rid))
        self._set(cloud, rid, inputs, frozenset(n for n in _SUBNET_ATTRIBUTES if inputs.get(n)))

    def _is_available(self, cloud: Cloud, rid: str) -> bool:
        subnet = find(cloud, "describe_subnets", "Subnets", SubnetIds=[rid])
        return subnet is not None and subnet["State"] == "available"

    def _set(self, cloud: Cloud, rid: str, new: Mapping[str, Any], names: frozenset[str]) -> None:
        for name, argument in _SUBNET_ATTRIBUTES.items():
            if name in names:
                value = {argument: {"Value": new.get(name, False)}}
                cloud.client("ec2").modify_subnet_attribute(SubnetId=rid, **value)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        subnet = find(cloud, "describe_subnets", "Subnets", SubnetIds=[rid])
        if subnet is None:
            return None
        return {
            "arn": subnet.get("SubnetArn") or cloud.arn("ec2", f"subnet/{rid}"),
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet["CidrBlock"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch", False),
            "assignIpv6AddressOnCreation": subnet.get("AssignIpv6AddressOnCreation", False),
            "ownerId": subnet.get("OwnerId"),
            "tagsAll": seen_tags(subnet),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._set(cloud, change.id, change.new, change.changed)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "delete_subnet", SubnetId=rid)


HANDLERS = (_Vpc(), _Subnet())
