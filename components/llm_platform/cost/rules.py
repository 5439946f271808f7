"""How each billable type is priced: what is read from it, and the lines it makes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from llm_platform.cost import nodepools
from llm_platform.cost.lines import Line, Range
from llm_platform.cost.prices import RegionPrices, UnpricedError
from llm_platform.cost.quantities import gib
from llm_platform.cost.values import BillableResource, PlainProperties, UnknownQuantityError

DEFAULT_NODE_TYPE = "t3.medium"
"""What EKS takes for a node group that names no type."""
DEFAULT_NODE_DISK_GIB = 20
"""Root volume that EKS gives to Linux nodes of a group that says nothing."""
GP3_FREE_IOPS = 3000
GP3_FREE_THROUGHPUT = 125


@dataclass(frozen=True)
class Rule:
    """How one type is priced.

    Attributes:
        reads: Every property that the lines depend on, as dotted paths.
        lines: Makes the lines of one resource.
    """

    reads: tuple[str, ...]
    lines: Callable[[BillableResource, RegionPrices], Iterator[Line]]


def _line(resource: BillableResource, what: str, cost: Range) -> Line:
    return Line(resource.name, resource.type, what, cost)


def _control_plane(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    standard = prices.monthly("eks-standard")
    extended = prices.monthly("eks-extended")
    if resource.text("upgradePolicy.supportType", "EXTENDED") == "STANDARD":
        yield _line(resource, "control plane, standard support", Range.same(standard))
    else:
        what = "control plane, may enter extended support"
        yield _line(resource, what, Range(standard, standard, extended))


def _node_group(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    low = resource.number("scalingConfig.minSize")
    high = resource.number("scalingConfig.maxSize")
    wanted = min(max(resource.number("scalingConfig.desiredSize", low), low), high)
    types = resource.texts("instanceTypes") or _template_types(resource) or [DEFAULT_NODE_TYPE]
    spot = resource.text("capacityType", "ON_DEMAND") == "SPOT"
    node = prices.node_month(types, spot=spot)
    label = f"{low:.0f} to {high:.0f} {' or '.join(types)}, {'spot' if spot else 'on-demand'}"
    yield _line(
        resource, label, Range(node.minimum * low, node.expected * wanted, node.worst * high)
    )
    volume = _node_volume_month(resource, prices)
    yield _line(resource, "root volumes of the nodes", Range(low, wanted, high).times(volume))


def _template_types(resource: BillableResource) -> list[str]:
    for used in resource.uses:
        if used.type == LAUNCH_TEMPLATE:
            found = used.text("instanceType", "")
            if found:
                return [found]
    return []


def _node_volume_month(resource: BillableResource, prices: RegionPrices) -> float:
    for used in resource.uses:
        if used.type == LAUNCH_TEMPLATE:
            devices = used.items("blockDeviceMappings")
            if devices:
                return sum(_device_month(used, index, prices) for index in range(len(devices)))
    return resource.number("diskSize", DEFAULT_NODE_DISK_GIB) * prices.unit("ebs-gp3")


def _device_month(template: BillableResource, index: int, prices: RegionPrices) -> float:
    path = f"blockDeviceMappings[{index}].ebs"
    device = template.items("blockDeviceMappings")[index]
    ebs = cast("dict[str, Any]", device).get("ebs") if isinstance(device, dict) else device
    if not isinstance(ebs, dict):
        raise UnknownQuantityError(path)
    volume = PlainProperties(cast("dict[str, Any]", ebs))
    device_volume = BillableResource(path, template.name, volume)
    return _volume_month(device_volume, prices, ("volumeSize", "volumeType"))


def _volume_month(
    volume: BillableResource, prices: RegionPrices, size_and_type: tuple[str, str]
) -> float:
    size = volume.number(size_and_type[0], DEFAULT_NODE_DISK_GIB)
    kind = volume.text(size_and_type[1], "gp3")
    if kind == "gp2":
        return size * prices.unit("ebs-gp2")
    if kind != "gp3":
        raise UnpricedError(f"EBS {kind}")
    month = size * prices.unit("ebs-gp3")
    iops = volume.number("iops", GP3_FREE_IOPS) - GP3_FREE_IOPS
    throughput = volume.number("throughput", GP3_FREE_THROUGHPUT) - GP3_FREE_THROUGHPUT
    if iops > 0:
        month += iops * prices.unit("ebs-gp3-iops")
    if throughput > 0:
        month += throughput * prices.unit("ebs-gp3-throughput")
    return month


def _volume(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    month = _volume_month(resource, prices, ("size", "type"))
    yield _line(resource, "EBS volume", Range.same(month))


def _instance(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    kind = resource.text("instanceType")
    yield _line(resource, f"1 {kind}, on-demand", Range.same(prices.instance_month(kind)))


def _nat_gateway(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    yield _line(resource, "NAT gateway", Range.same(prices.monthly("nat-hour")))
    yield _line(resource, "data processed (assumed)", prices.used("nat-gib", "natGib"))


def _address(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    yield _line(resource, "public IPv4 address", Range.same(prices.monthly("ipv4-hour")))


def _endpoint(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    kind = resource.text("vpcEndpointType", "Gateway")
    if kind == "Gateway":
        return
    zones = max(len(resource.items("subnetIds")), 1)
    month = prices.monthly("endpoint-hour") * zones
    yield _line(resource, f"{kind.lower()} endpoint in {zones} zones", Range.same(month))
    yield _line(resource, "data processed (assumed)", prices.used("endpoint-gib", "endpointGib"))


def _load_balancer(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    kind = "nlb" if resource.text("loadBalancerType", "application") == "network" else "alb"
    yield from load_balancer_lines(resource, prices, kind)


def load_balancer_lines(
    resource: BillableResource, prices: RegionPrices, kind: str
) -> Iterator[Line]:
    """Lines of a load balancer; 1 capacity unit is expected, 10 are the worst case."""
    yield _line(resource, f"{kind.upper()}", Range.same(prices.monthly(f"{kind}-hour")))
    unit = prices.monthly(f"{kind}-lcu")
    yield _line(resource, "capacity units (assumed)", Range(0, unit, unit * 10))


def _service(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    if resource.text("spec.type", "ClusterIP") == "LoadBalancer":
        yield from load_balancer_lines(resource, prices, "nlb")


def _claim(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    size = gib(resource.text("spec.resources.requests.storage"))
    yield _line(resource, f"{size:.0f} GiB volume", Range.same(size * prices.unit("ebs-gp3")))


def _database(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    copies = 2 if resource.flag("multiAz") else 1
    kind = resource.text("instanceClass")
    month = prices.monthly(f"rds-{kind}") * copies
    yield _line(resource, f"{kind}, {copies} zones", Range.same(month))
    size = resource.number("allocatedStorage")
    largest = max(resource.number("maxAllocatedStorage", size), size)
    storage = Range(size, size, largest).times(prices.unit("rds-storage") * copies)
    yield _line(resource, "storage", storage)


def _fixed(item: str, what: str) -> Callable[[BillableResource, RegionPrices], Iterator[Line]]:
    def lines(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
        yield _line(resource, what, Range.same(prices.unit(item)))

    return lines


def _assumed(
    item: str, usage: str, what: str
) -> Callable[[BillableResource, RegionPrices], Iterator[Line]]:
    def lines(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
        yield _line(resource, f"{what} (assumed)", prices.used(item, usage))

    return lines


LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"

TEMPLATE_READS = ("instanceType", "blockDeviceMappings")
"""What a node group's price reads from its launch template."""

_VOLUME_READS = ("size", "type", "iops", "throughput")
_BUCKET = Rule((), _assumed("s3-standard", "bucketGib", "storage"))

RULES: dict[str, Rule] = {
    "aws:eks/cluster:Cluster": Rule(("upgradePolicy.supportType",), _control_plane),
    NODE_GROUP: Rule(
        (
            "scalingConfig.minSize",
            "scalingConfig.desiredSize",
            "scalingConfig.maxSize",
            "instanceTypes",
            "capacityType",
            "diskSize",
        ),
        _node_group,
    ),
    NODE_POOL: Rule(nodepools.READS, nodepools.lines),
    "aws:ec2/instance:Instance": Rule(("instanceType",), _instance),
    "aws:ec2/natGateway:NatGateway": Rule((), _nat_gateway),
    "aws:ec2/eip:Eip": Rule((), _address),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Rule(("vpcEndpointType", "subnetIds"), _endpoint),
    "aws:ebs/volume:Volume": Rule(_VOLUME_READS, _volume),
    "aws:lb/loadBalancer:LoadBalancer": Rule(("loadBalancerType",), _load_balancer),
    "aws:kms/key:Key": Rule((), _fixed("kms-key", "KMS key")),
    "aws:secretsmanager/secret:Secret": Rule((), _fixed("secret", "secret")),
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    "aws:cloudwatch/logGroup:LogGroup": Rule((), _assumed("logs-ingest", "logGib", "ingestion")),
    "aws:ecr/repository:Repository": Rule(
        (), _assumed("ecr-storage", "repositoryGib", "image storage")
    ),
    "aws:efs/fileSystem:FileSystem": Rule((), _assumed("efs-standard", "fileSystemGib", "storage")),
    "aws:rds/instance:Instance": Rule(
        ("multiAz", "instanceClass", "allocatedStorage", "maxAllocatedStorage"), _database
    ),
    "kubernetes:core/v1:Service": Rule(("spec.type",), _service),
    "kubernetes:core/v1:PersistentVolumeClaim": Rule(("spec.resources.requests.storage",), _claim),
}
"""Type token to its rule."""
