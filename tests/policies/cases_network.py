"""Cases of the policies about network: what passes, and changes that do not."""

from case_parts import (
    CLUSTER,
    CLUSTER_TYPE,
    SCHEME,
    SERVICE_TYPE,
    TEMPLATE,
    TEMPLATE_TYPE,
    Break,
    Case,
)
from changes import ABSENT

NETWORK = (
    Case(
        "network-public-endpoint",
        CLUSTER_TYPE,
        CLUSTER,
        (
            Break("vpcConfig.publicAccessCidrs[0]", "0.0.0.0/0", "opens the API server"),
            Break("vpcConfig.publicAccessCidrs[0]", "::/0", "opens the API server"),
            Break("vpcConfig.publicAccessCidrs[0]", "8.0.0.0/8", "opens the API server"),
            Break("vpcConfig.publicAccessCidrs[0]", "everywhere", "opens the API server"),
            Break("vpcConfig.publicAccessCidrs", ABSENT, "whole internet"),
            Break("vpcConfig.endpointPrivateAccess", False, "is not true"),
        ),
    ),
    Case(
        "network-open-ingress",
        "aws:ec2/securityGroup:SecurityGroup",
        {"ingress": [{"cidrBlocks": ["10.0.0.0/16"], "ipv6CidrBlocks": ["fd00::/8"]}]},
        (
            Break("ingress[0].cidrBlocks[0]", "0.0.0.0/0", "everybody"),
            Break("ingress[0].ipv6CidrBlocks[0]", "::/0", "everybody"),
        ),
    ),
    Case(
        "network-open-ingress",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "cidrBlocks": ["10.0.0.0/16"], "ipv6CidrBlocks": ["fd00::/8"]},
        (
            Break("cidrBlocks[0]", "0.0.0.0/0", "cidrBlocks[0] is 0.0.0.0/0"),
            Break("ipv6CidrBlocks[0]", "::/0", "everybody"),
        ),
    ),
    Case(
        "network-open-ingress",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "10.0.0.0/16", "cidrIpv6": "fd00::/8"},
        (
            Break("cidrIpv4", "0.0.0.0/0", "cidrIpv4 is 0.0.0.0/0"),
            Break("cidrIpv6", "::/0", "cidrIpv6 is ::/0"),
        ),
    ),
    Case(
        "network-public-service",
        SERVICE_TYPE,
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {SCHEME: "internal"}}},
        (
            Break("spec.type", "NodePort", "is NodePort"),
            Break(f"metadata.annotations.'{SCHEME}'", "internet-facing", "internet-facing"),
            Break("metadata", ABSENT, "not set"),
        ),
    ),
    Case(
        "network-private-nodes",
        TEMPLATE_TYPE,
        TEMPLATE,
        (Break("networkInterfaces[0].associatePublicIpAddress", True, "must stay private"),),
    ),
)
