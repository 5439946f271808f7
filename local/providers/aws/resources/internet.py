"""The ways out of a VPC: internet gateway, Elastic IP, NAT gateway."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud, missing_as_none, settled
from local.providers.aws.handler import Change, Properties, given, many
from local.providers.aws.resources.ec2 import Ec2Handler, find, remove, seen_tags
from local.providers.aws.schema import Field, Schema

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


HANDLERS = (_InternetGateway(), _Eip(), _NatGateway())
