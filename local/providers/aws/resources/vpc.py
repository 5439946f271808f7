"""VPC, subnet, internet gateway, Elastic IP, NAT gateway."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud, missing_as_none, settled
from local.providers.aws.handler import Change, Properties, given, many
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


_ATTACHED = frozenset({"Resource.AlreadyAssociated"})
_DETACHED = frozenset({"Gateway.NotAttached"})


class _InternetGateway(Ec2Handler):
    """aws:ec2/internetGateway:InternetGateway."""

    urn_type = "aws:ec2/internetGateway:InternetGateway"
    kind = "internet-gateway"
    schema = Schema(fields={"vpcId": Field(computed=True)}, computed=("arn", "ownerId"))

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("ec2").create_internet_gateway(**self.tagged(inputs))
        return answer["InternetGateway"]["InternetGatewayId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs.get("vpcId"):
            self._attach(cloud, rid, inputs["vpcId"])

    def _attach(self, cloud: Cloud, rid: str, vpc: str) -> None:
        ec2 = cloud.client("ec2")
        settled(_ATTACHED, lambda: ec2.attach_internet_gateway(InternetGatewayId=rid, VpcId=vpc))

    def _detach(self, cloud: Cloud, rid: str, vpc: str) -> None:
        names = {"InternetGatewayId": rid, "VpcId": vpc}
        settled(_DETACHED, lambda: remove(cloud, "detach_internet_gateway", **names))

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        gateway = find(
            cloud, "describe_internet_gateways", "InternetGateways", InternetGatewayIds=[rid]
        )
        if gateway is None:
            return None
        attached = [a["VpcId"] for a in many(gateway, "Attachments") if a.get("VpcId")]
        return {
            "arn": cloud.arn("ec2", f"internet-gateway/{rid}"),
            "vpcId": attached[0] if attached else None,
            "ownerId": gateway.get("OwnerId") or cloud.account,
            "tagsAll": seen_tags(gateway),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        if change.state.get("vpcId"):
            self._detach(cloud, change.id, change.state["vpcId"])
        if change.new.get("vpcId"):
            self._attach(cloud, change.id, change.new["vpcId"])

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        now = self.read(cloud, rid, state)
        if now is None:
            return
        if now["vpcId"]:
            missing_as_none(lambda: self._detach(cloud, rid, now["vpcId"]))
        remove(cloud, "delete_internet_gateway", InternetGatewayId=rid)


class _Eip(Ec2Handler):
    """aws:ec2/eip:Eip, in a VPC."""

    urn_type = "aws:ec2/eip:Eip"
    kind = "elastic-ip"
    schema = Schema(
        fields={
            "domain": Field(computed=True, replace=True, choices=("vpc", "standard")),
            "publicIpv4Pool": Field(computed=True, replace=True),
            "networkBorderGroup": Field(computed=True, replace=True),
        },
        computed=("allocationId", "arn", "publicIp", "publicDns", "ptrRecord"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {"publicIpv4Pool": "PublicIpv4Pool", "networkBorderGroup": "NetworkBorderGroup"},
        )
        answer = cloud.client("ec2").allocate_address(
            Domain=inputs.get("domain", "vpc"), **arguments, **self.tagged(inputs)
        )
        return answer["AllocationId"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        address = find(cloud, "describe_addresses", "Addresses", AllocationIds=[rid])
        if address is None:
            return None
        public = address["PublicIp"]
        return {
            "allocationId": rid,
            "arn": cloud.arn("ec2", f"elastic-ip/{rid}"),
            "domain": address["Domain"],
            "publicIp": public,
            "publicDns": f"ec2-{public.replace('.', '-')}.{cloud.region}.compute.amazonaws.com",
            "publicIpv4Pool": address.get("PublicIpv4Pool"),
            "networkBorderGroup": address.get("NetworkBorderGroup"),
            "associationId": address.get("AssociationId"),
            "networkInterface": address.get("NetworkInterfaceId") or None,
            "instance": address.get("InstanceId") or None,
            "privateIp": address.get("PrivateIpAddress"),
            "tagsAll": seen_tags(address),
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "release_address", AllocationId=rid)


class _NatGateway(Ec2Handler):
    """aws:ec2/natGateway:NatGateway, zonal."""

    urn_type = "aws:ec2/natGateway:NatGateway"
    kind = "natgateway"
    schema = Schema(
        fields={
            "subnetId": Field(required=True, replace=True),
            "allocationId": Field(replace=True),
            "connectivityType": Field(
                default="public", replace=True, choices=("public", "private")
            ),
            "privateIp": Field(computed=True, replace=True),
        },
        computed=("associationId", "networkInterfaceId", "publicIp"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {
                "subnetId": "SubnetId",
                "allocationId": "AllocationId",
                "connectivityType": "ConnectivityType",
                "privateIp": "PrivateIpAddress",
            },
        )
        answer = cloud.client("ec2").create_nat_gateway(**arguments, **self.tagged(inputs))
        return answer["NatGateway"]["NatGatewayId"]

    def _find(self, cloud: Cloud, rid: str) -> Any:
        answer = missing_as_none(
            lambda: cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[rid])
        )
        return next(iter(many(answer, "NatGateways")), None)

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        cloud.wait(f"NAT gateway {rid} available", lambda: self._is(cloud, rid, "available"))

    def _is(self, cloud: Cloud, rid: str, state: str) -> bool:
        gateway = self._find(cloud, rid)
        return gateway is not None and gateway["State"] == state

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        gateway = self._find(cloud, rid)
        if gateway is None or gateway["State"] in {"deleted", "deleting", "failed"}:
            return None
        address = next(iter(many(gateway, "NatGatewayAddresses")), Properties())
        return {
            "subnetId": gateway["SubnetId"],
            "connectivityType": gateway.get("ConnectivityType", "public"),
            "allocationId": address.get("AllocationId"),
            "associationId": address.get("AssociationId"),
            "networkInterfaceId": address.get("NetworkInterfaceId"),
            "privateIp": address.get("PrivateIp"),
            "publicIp": address.get("PublicIp"),
            "tagsAll": seen_tags(gateway),
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        missing_as_none(lambda: cloud.client("ec2").delete_nat_gateway(NatGatewayId=rid))

        def gone() -> bool:
            return self._find(cloud, rid) is None or self._is(cloud, rid, "deleted")

        cloud.wait(f"NAT gateway {rid} deleted", gone)


HANDLERS = (_Vpc(), _Subnet(), _InternetGateway(), _Eip(), _NatGateway())
