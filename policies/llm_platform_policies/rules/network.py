"""What can be reached from where."""

import ipaddress
from collections.abc import Iterator

from llm_platform.aws.cluster_check import WIDEST_PUBLIC_PREFIX
from llm_platform.cost import UNKNOWN
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny, unverifiable

CLUSTER = "aws:eks/cluster:Cluster"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"

WIDEST_PREFIX = {4: WIDEST_PUBLIC_PREFIX, 6: 48}
"""Shortest prefix that may reach the cluster's public endpoint, by IP version; for IPv4 the
same that `Cluster` allows in its inputs."""


def _public_endpoint(resource: Reader, _context: Context) -> Iterator[str]:
    public = resource.get("vpcConfig.endpointPublicAccess")
    if public is UNKNOWN or public is False:
        return
    if resource.get("vpcConfig.endpointPrivateAccess") in (None, False):
        yield (
            "vpcConfig.endpointPrivateAccess is not true: nodes would reach the API server "
            "through the internet."
        )
    blocks = list(resource.each("vpcConfig.publicAccessCidrs"))
    if not blocks and not resource.unknown_met:
        yield (
            "vpcConfig.endpointPublicAccess is not false and publicAccessCidrs names no block: "
            "the API server would be open to the whole internet."
        )
    for block in blocks:
        if is_too_wide(str(block.value)):
            yield f"{block.where} is {block.value}, which opens the API server to too many."


def is_too_wide(block: str) -> bool:
    """Whether a CIDR block is the whole internet or nearly so, or no block at all."""
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return True
    return network.prefixlen < WIDEST_PREFIX[network.version] and not network.is_private


PUBLIC_ENDPOINT = Policy(
    id="network-public-endpoint",
    title="The API server is not open to the world",
    description="The EKS endpoint must be private, or public for a few named networks only.",
    severity=Severity.CRITICAL,
    remediation="Set `endpointPrivateAccess: true` and either `endpointPublicAccess: false` or "
    "`publicAccessCidrs` with the networks that need it.",
    types=(CLUSTER,),
    fields=(
        *deny(
            "vpcConfig.endpointPublicAccess",
            "vpcConfig.endpointPrivateAccess",
            "vpcConfig.publicAccessCidrs[]",
        ),
    ),
    equivalents=(
        "CKV_AWS_38",
        "CKV_AWS_39",
        "AWS-0040",
        "AWS-0041",
        "CIS EKS 1.8: 5.4.1",
        "CIS EKS 1.8: 5.4.2",
        "C-0227",
        "C-0228",
        "NSA: network separation",
    ),
    check=_public_endpoint,
)


def _open_ingress(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type == SECURITY_GROUP_RULE:
        if resource.get("type") == "ingress":
            yield from _open_blocks(resource, "cidrBlocks", "ipv6CidrBlocks")
    elif resource.type == INGRESS_RULE:
        for path in ("cidrIpv4", "cidrIpv6"):
            if _is_world(resource.get(path)):
                yield _open(path, resource.get(path))
    else:
        for rule in resource.each("ingress"):
            yield from _open_blocks(rule, "cidrBlocks", "ipv6CidrBlocks")


def _open_blocks(rule: Reader, *paths: str) -> Iterator[str]:
    for path in paths:
        for block in rule.each(path):
            if _is_world(block.value):
                yield _open(block.where, block.value)


def _is_world(block: object) -> bool:
    try:
        return isinstance(block, str) and ipaddress.ip_network(block, strict=False).prefixlen == 0
    except ValueError:
        return False


def _open(where: str, block: object) -> str:
    return f"{where} is {block}: everybody on the internet could connect."


OPEN_INGRESS = Policy(
    id="network-open-ingress",
    title="No security group is open to the world",
    description="A security group must not let in the whole internet.",
    severity=Severity.CRITICAL,
    remediation="Name the networks or security groups that need access; put a load balancer in "
    "front of what the public may reach.",
    types=(SECURITY_GROUP, SECURITY_GROUP_RULE, INGRESS_RULE, DEFAULT_GROUP),
    fields=(
        *deny("type", "ingress[]"),
        *unverifiable(
            "cidrBlocks[]",
            "ipv6CidrBlocks[]",
            "cidrIpv4",
            "cidrIpv6",
            "ingress[].cidrBlocks[]",
            "ingress[].ipv6CidrBlocks[]",
            why="the network that may connect is decided by the run, e.g. the block of a VPC",
        ),
    ),
    equivalents=(
        "CKV_AWS_24",
        "CKV_AWS_25",
        "CKV_AWS_260",
        "CKV_AWS_277",
        "AWS-0107",
        "NSA: network separation",
    ),
    check=_open_ingress,
)

SERVICE = "kubernetes:core/v1:Service"
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-scheme"


def _public_service(resource: Reader, _context: Context) -> Iterator[str]:
    kind = resource.get("spec.type")
    if kind == "NodePort":
        yield "spec.type is NodePort: the service would be reachable on every node."
    if kind != "LoadBalancer":
        return
    scheme = resource.get("metadata.annotations", INTERNAL)
    if scheme not in ("internal", UNKNOWN):
        yield (
            f"spec.type is LoadBalancer and the annotation {INTERNAL} is {scheme or 'not set'}: "
            "the service could be reached from the internet."
        )


PUBLIC_SERVICE = Policy(
    id="network-public-service",
    title="Services are internal",
    description="A Service must not be reachable from the internet by itself.",
    severity=Severity.HIGH,
    remediation=f"Use a ClusterIP service behind the gateway, or set {INTERNAL} to internal.",
    types=(SERVICE,),
    fields=(
        *deny("spec.type"),
        *deny("metadata.annotations.*"),
    ),
    equivalents=("KSV-0108", "C-0256", "CIS EKS 1.8: 5.4.5"),
    check=_public_service,
)

NODE_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def _public_nodes(resource: Reader, _context: Context) -> Iterator[str]:
    for interface in resource.each("networkInterfaces"):
        if interface.get("associatePublicIpAddress") in (True, "true"):
            yield f"{interface.where}.associatePublicIpAddress is true: nodes must stay private."


PUBLIC_NODES = Policy(
    id="network-private-nodes",
    title="Nodes have no public address",
    description="A launch template must not give nodes a public address.",
    severity=Severity.HIGH,
    remediation="Leave `associatePublicIpAddress` out or set it to false; nodes reach out "
    "through a NAT gateway or VPC endpoints.",
    types=(NODE_TEMPLATE,),
    fields=(
        *deny("networkInterfaces[].associatePublicIpAddress"),
        *unverifiable("networkInterfaces[]", why="its network interfaces are decided by the run"),
    ),
    equivalents=("CKV_AWS_88", "AWS-0009", "CIS EKS 1.8: 5.4.3"),
    check=_public_nodes,
)

POLICIES = (PUBLIC_ENDPOINT, OPEN_INGRESS, PUBLIC_SERVICE, PUBLIC_NODES)
