"""What the settings of an environment cost, before anything is started.

The same estimator that the policy pack uses on the resources of a run, given the resources that
these settings lead to. What charts and controllers make later, such as volumes and the load
balancer, is in neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.settings import GpuPool, Settings
from llm_platform.aws.kinds import ENDPOINT_SERVICES, NatMode
from llm_platform.aws.nodes_data import MIN_IOPS, Volume, block_devices
from llm_platform.cost import (
    BillableResource,
    Estimate,
    PlainProperties,
    estimate_cost,
    load_catalogue,
)
from llm_platform.cost.rules import LAUNCH_TEMPLATE, NODE_GROUP
from llm_platform.gpu.kinds import CapacityType, GpuAmiFamily
from llm_platform.gpu.node_pool_check import DEFAULT_THROUGHPUT

SYSTEM_VOLUME_GIB = 100
"""Default of the component `Cluster`."""
KEYS = ("network", "cluster", "models", "logs", "artifacts")
"""KMS keys: of flow logs, of secrets and control plane logs, and of every bucket."""
LOG_GROUPS = ("network", "cluster")
BUCKETS = ("models", "logs", "artifacts")


def estimated(settings: Settings) -> Estimate:
    """The estimate of everything that the stack itself makes in AWS."""
    return estimate_cost(_resources(settings), settings.region, load_catalogue())


def _resources(settings: Settings) -> Iterator[BillableResource]:
    yield _resource("aws:eks/cluster:Cluster", "cluster", upgradePolicy={"supportType": "STANDARD"})
    yield from _network(settings)
    system = settings.cluster.system_nodes
    yield _node_group(
        "cluster.systemNodes",
        system.instance_types,
        (system.minimum, system.maximum),
        block_devices(Volume(SYSTEM_VOLUME_GIB), bottlerocket=False),
    )
    for pool in settings.gpu_pools:
        yield _gpu_pool(pool)
    yield from (_resource("aws:kms/key:Key", name) for name in KEYS)
    yield from (_resource("aws:cloudwatch/logGroup:LogGroup", name) for name in LOG_GROUPS)
    yield from (_resource("aws:s3/bucket:Bucket", name) for name in BUCKETS)


def _network(settings: Settings) -> Iterator[BillableResource]:
    network = settings.network
    zones = list(network.zones)
    gateways = {NatMode.NONE: [], NatMode.SINGLE: zones[:1], NatMode.PER_ZONE: zones}
    for zone in gateways[network.nat_gateways]:
        yield _resource("aws:ec2/natGateway:NatGateway", f"NAT gateway in {zone}")
        yield _resource("aws:ec2/eip:Eip", f"address of the NAT gateway in {zone}")
    for endpoint in network.endpoints:
        for service in ENDPOINT_SERVICES[endpoint]:
            yield _resource(
                "aws:ec2/vpcEndpoint:VpcEndpoint",
                f"endpoint {service}",
                vpcEndpointType="Interface",
                subnetIds=zones,
            )


def _gpu_pool(pool: GpuPool) -> BillableResource:
    volume = Volume(pool.root_volume_gib, MIN_IOPS, DEFAULT_THROUGHPUT)
    bottlerocket = pool.ami_family is GpuAmiFamily.BOTTLEROCKET
    return _node_group(
        f"gpuPools {pool.name}",
        pool.instance_types,
        (pool.minimum, pool.maximum),
        block_devices(volume, bottlerocket=bottlerocket),
        spot=pool.capacity is CapacityType.SPOT,
    )


def _node_group(
    name: str,
    types: Sequence[str],
    sizes: tuple[int, int],
    devices: list[Any],
    *,
    spot: bool = False,
) -> BillableResource:
    template = _resource(LAUNCH_TEMPLATE, name, blockDeviceMappings=[_camel(d) for d in devices])
    low, high = sizes
    properties: Mapping[str, Any] = {
        "scalingConfig": {"minSize": low, "desiredSize": low, "maxSize": high},
        "instanceTypes": list(types),
        "capacityType": "SPOT" if spot else "ON_DEMAND",
    }
    return BillableResource(NODE_GROUP, name, PlainProperties(properties), (template,))


def _resource(kind: str, name: str, **properties: Any) -> BillableResource:
    return BillableResource(kind, name, PlainProperties(properties))


def _camel(device: Mapping[str, Any]) -> dict[str, Any]:
    ebs: Mapping[str, Any] = device["ebs"]
    renamed = {"volume_size": "volumeSize", "volume_type": "volumeType"}
    return {"ebs": {renamed.get(key, key): value for key, value in ebs.items()}}
