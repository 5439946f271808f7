"""Rules that hold between settings. Each looks at the rooms it needs and skips missing ones."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings import Addons, Cluster, Cost, Environment, GpuPool, Network, Service, Tenant
from llm_platform.addons.order import check_addons, default_addons
from llm_platform.addons.table import ADDONS
from llm_platform.aws.kinds import NodeAutoscaler
from llm_platform.problems import Problem
from local.paths import REPOSITORY

SMALLEST_VPC_PREFIX = 20
LARGEST_VPC_PREFIX = 16

NEEDED = ("aws-load-balancer-controller", "gateway-helm", "kserve-resources")
"""Add-ons without which no model can be served."""


@dataclass(frozen=True)
class Rooms:
    """The rooms of a stack file that are well-formed by themselves."""

    values: Mapping[str, Any]

    @property
    def region(self) -> str | None:
        """Region, if it is well-formed."""
        return self.values.get("region")

    @property
    def environment(self) -> Environment | None:
        """Environment, if it is well-formed."""
        return self.values.get("environment")

    @property
    def network(self) -> Network | None:
        """Network, if it is well-formed."""
        return self.values.get("network")

    @property
    def cluster(self) -> Cluster | None:
        """Cluster, if it is well-formed."""
        return self.values.get("cluster")

    @property
    def gpu_pools(self) -> tuple[GpuPool, ...] | None:
        """GPU pools, if they are well-formed."""
        return self.values.get("gpu_pools")

    @property
    def tenants(self) -> tuple[Tenant, ...] | None:
        """Tenants, if they are well-formed."""
        return self.values.get("tenants")

    @property
    def services(self) -> tuple[Service, ...] | None:
        """Services, if they are well-formed."""
        return self.values.get("services")

    @property
    def addons(self) -> Addons | None:
        """Add-ons, if they are well-formed."""
        return self.values.get("addons")

    @property
    def cost(self) -> Cost | None:
        """Cost, if it is well-formed."""
        return self.values.get("cost")


Rule = Callable[[Rooms], Iterable[Problem]]


def network_fits(rooms: Rooms) -> Iterable[Problem]:
    """The VPC's block is a network of an allowed size; zones are different and of the region."""
    network = rooms.network
    if network is None:
        return
    allowed = f"a network from /{LARGEST_VPC_PREFIX} to /{SMALLEST_VPC_PREFIX}, e.g. 10.0.0.0/16"
    try:
        block = ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        yield Problem("network.cidr", f"{network.cidr!r}: {error}", allowed)
    else:
        if not LARGEST_VPC_PREFIX <= block.prefixlen <= SMALLEST_VPC_PREFIX:
            yield Problem("network.cidr", f"/{block.prefixlen} is not allowed", allowed)
    for index, zone in enumerate(network.zones):
        if rooms.region is not None and zone[:-1] != rooms.region:
            yield Problem(
                f"network.zones[{index}]",
                f"{zone!r} is not in {rooms.region}",
                f"{rooms.region}a, {rooms.region}b, …",
            )
    yield from _doubled("network.zones", network.zones)


def names_differ(rooms: Rooms) -> Iterable[Problem]:
    """Names are given once."""
    yield from _doubled("gpuPools", [pool.name for pool in rooms.gpu_pools or ()])
    yield from _doubled("tenants", [tenant.name for tenant in rooms.tenants or ()])
    yield from _doubled("services", [service.name for service in rooms.services or ()])
    administrators = rooms.cluster.administrators if rooms.cluster else ()
    yield from _doubled("cluster.administrators", [each.name for each in administrators])


def sizes_are_ordered(rooms: Rooms) -> Iterable[Problem]:
    """No minimum above its maximum; a pool that may be empty says who fills it."""
    if rooms.cluster is not None:
        nodes = rooms.cluster.system_nodes
        yield from _ordered("cluster.systemNodes", nodes.minimum, nodes.maximum)
    for index, pool in enumerate(rooms.gpu_pools or ()):
        path = f"gpuPools[{index}]"
        yield from _ordered(path, pool.minimum, pool.maximum)
        if pool.minimum == 0 and pool.autoscaler is NodeAutoscaler.NONE:
            yield Problem(
                f"{path}.minimum",
                "0 without an autoscaler: a managed node group never grows by itself",
                "1 or more, or autoscaler: CLUSTER_AUTOSCALER",
            )
    for index, service in enumerate(rooms.services or ()):
        if service.replicas > service.maximum_replicas:
            yield Problem(
                f"services[{index}].maximumReplicas",
                f"{service.maximum_replicas} is below replicas ({service.replicas})",
                f"{service.replicas} or more",
            )


def services_have_their_place(rooms: Rooms) -> Iterable[Problem]:
    """A service names a tenant, a model and, for GPUs, a pool that exist."""
    models = sorted(path.name for path in (REPOSITORY / "model_repo").glob("*/") if path.is_dir())
    for index, service in enumerate(rooms.services or ()):
        path = f"services[{index}]"
        if rooms.tenants is not None:
            tenants = [tenant.name for tenant in rooms.tenants]
            yield from _one_of(f"{path}.tenant", service.tenant, tenants, "tenants")
        yield from _one_of(f"{path}.model", service.model, models, "model_repo/")
        if service.pool is not None and rooms.gpu_pools is not None:
            pools = [pool.name for pool in rooms.gpu_pools]
            yield from _one_of(f"{path}.pool", service.pool, pools, "gpuPools")
        if (service.gpus > 0) != (service.pool is not None):
            yield Problem(
                f"{path}.pool",
                f"gpus is {service.gpus} and pool is {service.pool or 'not set'}",
                "both, or neither (the model then runs on CPUs)",
            )


def pools_are_paid_for(rooms: Rooms) -> Iterable[Problem]:
    """Every instance type is of a family that the environment may use."""
    if rooms.cost is None:
        return
    families = rooms.cost.allowed_instance_families
    for index, pool in enumerate(rooms.gpu_pools or ()):
        for position, kind in enumerate(pool.instance_types):
            if kind.partition(".")[0] not in families:
                yield Problem(
                    f"gpuPools[{index}].instanceTypes[{position}]",
                    f"{kind} is not of a family in cost.allowedInstanceFamilies",
                    " | ".join(families),
                )


def addons_fit(rooms: Rooms) -> Iterable[Problem]:
    """The add-ons of this environment are known and have what they need."""
    addons = rooms.addons
    if addons is None:
        return ()
    unknown = [name for name in (*addons.without, *addons.also) if name not in ADDONS]
    problems = [
        Problem("addons", f"'{name}' is no add-on", "names from docs/addons.md") for name in unknown
    ]
    problems += [
        Problem("addons.without", f"'{name}' cannot be left out", "add-ons other than it")
        for name in NEEDED
        if name in addons.without
    ]
    also = [name for name in addons.also if name in ADDONS]
    return [*problems, *check_addons(default_addons(addons.size, addons.without, also))]


RULES: tuple[Rule, ...] = (
    network_fits,
    names_differ,
    sizes_are_ordered,
    services_have_their_place,
    pools_are_paid_for,
    addons_fit,
)


def _doubled(path: str, names: Iterable[str]) -> Iterable[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, f"{name!r} is given {count} times", "every name once")


def _ordered(path: str, minimum: int, maximum: int) -> Iterable[Problem]:
    if minimum > maximum:
        yield Problem(
            f"{path}.maximum", f"{maximum} is below minimum ({minimum})", f"{minimum} or more"
        )


def _one_of(path: str, name: str, known: list[str], where: str) -> Iterable[Problem]:
    if name not in known:
        yield Problem(path, f"{name!r} is not in {where}", " | ".join(known) or "none is there yet")
