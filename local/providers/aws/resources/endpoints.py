"""VPC endpoints, flow logs."""

import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.providers.aws.cloud import Cloud, error_code
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Properties, given, many
from local.providers.aws.resources.ec2 import Ec2Handler, filters, find, first, seen_tags
from local.providers.aws.schema import Field, Schema
from local.providers.model import ProviderError

_ENDPOINT_LISTS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}


class _VpcEndpoint(Ec2Handler):
    """aws:ec2/vpcEndpoint:VpcEndpoint, Gateway and Interface."""

    urn_type = "aws:ec2/vpcEndpoint:VpcEndpoint"
    kind = "vpc-endpoint"
    schema = Schema(
        fields={
            "vpcId": Field(required=True, replace=True),
            "serviceName": Field(required=True, replace=True),
            "vpcEndpointType": Field(
                default="Gateway",
                replace=True,
                choices=("Gateway", "Interface", "GatewayLoadBalancer"),
            ),
            "autoAccept": Field(kept=True),
            "policy": Field(computed=True, same=same_policy),
            "privateDnsEnabled": Field(computed=True),
            **dict.fromkeys(_ENDPOINT_LISTS, Field(computed=True, unordered=True)),
        },
        computed=(
            "arn",
            "cidrBlocks",
            "dnsEntries",
            "networkInterfaceIds",
            "ownerId",
            "prefixListId",
            "requesterManaged",
            "state",
        ),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {
                "vpcId": "VpcId",
                "serviceName": "ServiceName",
                "vpcEndpointType": "VpcEndpointType",
                "policy": "PolicyDocument",
                "privateDnsEnabled": "PrivateDnsEnabled",
                **_ENDPOINT_LISTS,
            },
        )
        answer = cloud.client("ec2").create_vpc_endpoint(
            ClientToken=str(uuid.uuid4()), **arguments, **self.tagged(inputs)
        )
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        def available() -> bool:
            endpoint = self._find(cloud, rid)
            return endpoint is not None and endpoint["State"].lower() == "available"

        cloud.wait(f"VPC endpoint {rid} available", available)

    def _find(self, cloud: Cloud, rid: str) -> Any:
        return find(cloud, "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=[rid])

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        endpoint = self._find(cloud, rid)
        if endpoint is None:
            return None
        gateway = endpoint["VpcEndpointType"] == "Gateway"
        prefix_list: Properties = {}
        if gateway:
            prefix_list = self._prefix_list(cloud, endpoint["ServiceName"])
        return {
            "arn": cloud.arn("ec2", f"vpc-endpoint/{rid}"),
            "vpcId": endpoint["VpcId"],
            "serviceName": endpoint["ServiceName"],
            "vpcEndpointType": endpoint["VpcEndpointType"],
            "policy": endpoint.get("PolicyDocument") or None,
            "privateDnsEnabled": endpoint.get("PrivateDnsEnabled", False),
            "routeTableIds": many(endpoint, "RouteTableIds"),
            "subnetIds": many(endpoint, "SubnetIds"),
            "securityGroupIds": [g["GroupId"] for g in many(endpoint, "Groups")],
            "networkInterfaceIds": many(endpoint, "NetworkInterfaceIds"),
            "dnsEntries": [
                {"dnsName": e.get("DnsName"), "hostedZoneId": e.get("HostedZoneId")}
                for e in many(endpoint, "DnsEntries")
            ],
            "ownerId": endpoint.get("OwnerId") or cloud.account,
            "requesterManaged": endpoint.get("RequesterManaged", False),
            "prefixListId": prefix_list.get("PrefixListId"),
            "cidrBlocks": many(prefix_list, "Cidrs"),
            "state": endpoint["State"].lower(),
            "tagsAll": seen_tags(endpoint),
        }

    def _prefix_list(self, cloud: Cloud, service: str) -> Any:
        lists = cloud.client("ec2").describe_prefix_lists(Filters=filters(prefix_list_name=service))
        return first(lists, "PrefixLists") or {}

    def update(self, cloud: Cloud, change: Change) -> None:
        arguments: dict[str, Any] = {}
        if "policy" in change.changed:
            policy = change.new.get("policy")
            arguments |= {"PolicyDocument": policy} if policy else {"ResetPolicy": True}
        if "privateDnsEnabled" in change.changed:
            arguments["PrivateDnsEnabled"] = change.new.get("privateDnsEnabled", False)
        for name, argument in _ENDPOINT_LISTS.items():
            if name in change.changed:
                old = set(change.old.get(name) or many(change.state, name))
                new = set(many(change.new, name))
                arguments[f"Add{argument}"] = sorted(new - old)
                arguments[f"Remove{argument}"] = sorted(old - new)
        arguments = {key: value for key, value in arguments.items() if value != []}
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=change.id, **arguments)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        try:
            self._delete(cloud, rid)
        except ClientError as error:
            if error_code(error) != "InvalidRoute.NotFound":
                raise
            # Moto looks for routes in tables that were added later, where it made none.
            cloud.client("ec2").modify_vpc_endpoint(
                VpcEndpointId=rid, RemoveRouteTableIds=many(state, "routeTableIds")
            )
            self._delete(cloud, rid)
        cloud.wait(f"VPC endpoint {rid} deleted", lambda: self._find(cloud, rid) is None)

    def _delete(self, cloud: Cloud, rid: str) -> None:
        answer = cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[rid])
        raise_unsuccessful("DeleteVpcEndpoints", answer)


def raise_unsuccessful(operation: str, answer: Mapping[str, Any]) -> None:
    """Raise what a call for several things says of the one that failed."""
    for failure in many(answer, "Unsuccessful"):
        error = failure["Error"]
        raise ProviderError(f"{operation}: {error['Code']}: {error['Message']}")


_FLOW_LOG_SOURCES = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
}


class _FlowLog(Ec2Handler):
    """aws:ec2/flowLog:FlowLog."""

    urn_type = "aws:ec2/flowLog:FlowLog"
    kind = "vpc-flow-log"
    schema = Schema(
        fields={
            **dict.fromkeys(_FLOW_LOG_SOURCES, Field(replace=True)),
            "trafficType": Field(replace=True, choices=("ACCEPT", "REJECT", "ALL")),
            "logDestination": Field(computed=True, replace=True),
            "logDestinationType": Field(
                default="cloud-watch-logs",
                replace=True,
                choices=("cloud-watch-logs", "s3", "kinesis-data-firehose"),
            ),
            "iamRoleArn": Field(replace=True),
            "logFormat": Field(computed=True, replace=True),
            "maxAggregationInterval": Field(default=600, replace=True),
        },
        computed=("arn",),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        source = next((name for name in _FLOW_LOG_SOURCES if inputs.get(name)), None)
        if source is None:
            raise ProviderError(f"one of {', '.join(_FLOW_LOG_SOURCES)} is needed")
        arguments = given(
            inputs,
            {
                "trafficType": "TrafficType",
                "logDestination": "LogDestination",
                "logDestinationType": "LogDestinationType",
                "iamRoleArn": "DeliverLogsPermissionArn",
                "logFormat": "LogFormat",
                "maxAggregationInterval": "MaxAggregationInterval",
            },
        )
        answer = cloud.client("ec2").create_flow_logs(
            ClientToken=str(uuid.uuid4()),
            ResourceIds=[inputs[source]],
            ResourceType=_FLOW_LOG_SOURCES[source],
            **arguments,
            **self.tagged(inputs),
        )
        raise_unsuccessful("CreateFlowLogs", answer)
        return answer["FlowLogIds"][0]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        found = first(cloud.client("ec2").describe_flow_logs(FlowLogIds=[rid]), "FlowLogs")
        if found is None:
            return None
        source = _source_of(found["ResourceId"])
        group = found.get("LogGroupName")
        destination = found.get("LogDestination")
        if group and not destination:
            destination = cloud.arn("logs", f"log-group:{group}")
        return {
            "arn": cloud.arn("ec2", f"vpc-flow-log/{rid}"),
            source: found["ResourceId"],
            "trafficType": found.get("TrafficType"),
            "logDestination": destination,
            "logDestinationType": found.get("LogDestinationType"),
            "iamRoleArn": found.get("DeliverLogsPermissionArn"),
            "logFormat": found.get("LogFormat"),
            "maxAggregationInterval": found.get("MaxAggregationInterval"),
            "tagsAll": seen_tags(found),
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if self.read(cloud, rid, state) is not None:
            answer = cloud.client("ec2").delete_flow_logs(FlowLogIds=[rid])
            raise_unsuccessful("DeleteFlowLogs", answer)


def _source_of(resource: str) -> str:
    prefixes = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId"}
    found = (name for prefix, name in prefixes.items() if resource.startswith(prefix))
    return next(found, "transitGatewayId")


HANDLERS = (_VpcEndpoint(), _FlowLog())
