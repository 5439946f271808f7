"""Samples of EC2."""

import base64
from typing import Any

from tests.unit.providers.world import Inputs, Sample, nothing, policy, tagged


def _rule(**more: Any) -> Inputs:
    return {"fromPort": 443, "toPort": 443, "protocol": "tcp", **more}


NETWORK = [
    tagged(
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.30.0.0/16"},
        changes=lambda w: {"enableDnsHostnames": True, "enableDnsSupport": False},
    ),
    tagged(
        "aws:ec2/subnet:Subnet",
        lambda w: {"vpcId": w.vpc, "cidrBlock": "10.20.100.0/24"},
        changes=lambda w: {"mapPublicIpOnLaunch": True},
    ),
    tagged("aws:ec2/internetGateway:InternetGateway", nothing),
    tagged("aws:ec2/eip:Eip", lambda w: {"domain": "vpc"}),
    tagged(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"subnetId": w.subnet(0), "allocationId": w.eip},
    ),
    tagged(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {
            "vpcId": w.vpc,
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway}],
        },
        changes=lambda w: {"routes": [{"cidrBlock": "10.99.0.0/16", "gatewayId": w.gateway}]},
    ),
    Sample(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.table,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.gateway,
        },
        import_id=lambda o: f"{o['routeTableId']}_{o['destinationCidrBlock']}",
    ),
    Sample(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.table, "subnetId": w.subnet(0)},
        import_id=lambda o: f"{o['subnetId']}/{o['routeTableId']}",
    ),
    tagged(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {"vpcId": w.vpc, "serviceName": "com.amazonaws.us-east-1.dynamodb"},
        changes=lambda w: {"routeTableIds": [w.table], "policy": policy("dynamodb:Get*")},
    ),
    Sample(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        lambda w: {"vpcEndpointId": w.s3_endpoint, "routeTableId": w.table},
        import_id=lambda o: f"{o['vpcEndpointId']}/{o['routeTableId']}",
    ),
    tagged(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{w.bucket}",
        },
    ),
    tagged(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc,
            "ingress": [
                _rule(cidrBlocks=["192.168.0.0/16", "10.0.0.0/8"]),
                {**_rule(self=True), "protocol": "udp"},
            ],
        },
        changes=lambda w: {"ingress": [_rule(securityGroups=[w.group], description="peers")]},
    ),
    Sample(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        lambda w: {
            "type": "ingress",
            "securityGroupId": w.group,
            **_rule(cidrBlocks=["10.0.0.0/8"], description="before"),
        },
        lambda w: {"description": "after"},
        import_id=lambda o: f"{o['securityGroupId']}_ingress_tcp_443_443_10.0.0.0/8",
    ),
    tagged(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc},
        changes=lambda w: {"ingress": [_rule(self=True)]},
        after_delete="kept",
    ),
    tagged(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "tcp",
            "fromPort": 80,
            "toPort": 80,
            "cidrIpv4": "10.1.0.0/16",
        },
        changes=lambda w: {"toPort": 81, "description": "wider"},
    ),
    tagged(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.group,
        },
    ),
]

COMPUTE = [
    tagged(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda w: {
            "instanceType": "g6.xlarge",
            "ebsOptimized": "true",
            "userData": base64.b64encode(b"#!/bin/sh").decode(),
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"volumeSize": 200, "encrypted": "true", "volumeType": "gp3"},
                }
            ],
            "networkInterfaces": [{"deviceIndex": 0, "interfaceType": "efa"}],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "gpu"}}],
        },
        changes=lambda w: {"instanceType": "g6.12xlarge", "updateDefaultVersion": True},
        unknown_to_import=frozenset({"updateDefaultVersion"}),
    ),
    tagged(
        "aws:ec2/placementGroup:PlacementGroup",
        lambda w: {"strategy": "cluster"},
    ),
]
