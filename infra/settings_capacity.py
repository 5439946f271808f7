"""Rules on room: what tenants and services want against what nodes and quotas have."""

import math
from collections.abc import Callable, Iterable, Iterator

from infra.model_repository import language_models, shown_folder
from infra.service_amounts import cpus_of, gpus_of, memory_of, most
from infra.settings import GpuPool, Settings, Tenant
from infra.settings_services import Service
from llm_platform.addons.table import ADDONS
from llm_platform.cost import load_catalogue
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES
from llm_platform.node_room import NodeRoom, node_room
from llm_platform.problems import Problem, did_you_mean
from local.paths import model_repository

PoolRule = Callable[[Settings, str, GpuPool], Iterable[Problem]]
TenantRule = Callable[[Settings, str, Tenant], Iterable[Problem]]
ServiceRule = Callable[[Settings, str, Service], Iterable[Problem]]


def gpus_per_node(pool: GpuPool) -> int | None:
    """GPUs of one node of a pool; none when a type is not known, or their numbers differ."""
    counts = {
        GPU_INSTANCE_TYPES[name].gpu_count if name in GPU_INSTANCE_TYPES else None
        for name in pool.instance_types
    }
    return counts.pop() if len(counts) == 1 else None


def pool_stands_in_the_network(settings: Settings, path: str, pool: GpuPool) -> Iterator[Problem]:
    """A pool's `zones` are some of `network.zones`, each once."""
    zones = settings.network.zones
    for index, zone in enumerate(pool.zones):
        where = f"{path}.zones[{index}]"
        if zone not in zones:
            yield Problem(where, f"'{zone}' is not in network.zones", " | ".join(zones))
        elif zone in pool.zones[:index]:
            yield Problem(where, f"'{zone}' again", "each zone once")


def pool_is_large_enough(settings: Settings, path: str, pool: GpuPool) -> Iterator[Problem]:
    """A pool at its `maximum` has the GPUs of all its services at their `maximumReplicas`."""
    per_node = gpus_per_node(pool)
    if per_node is None or [each.name for each in settings.gpu_pools].count(pool.name) > 1:
        return
    wanted = {
        each.name: int(most(each, gpus_of)) for each in settings.services if each.pool == pool.name
    }
    total, there = sum(wanted.values()), pool.maximum * per_node
    if total > there:
        each = ", ".join(f"{name} {gpus}" for name, gpus in wanted.items())
        yield Problem(
            f"{path}.maximum",
            f"{_count(pool.maximum, 'node')} with {_count(there, 'GPU')} for services that may "
            f"grow to {total} ({each})",
            f"{-(-total // per_node)} or more, or smaller services",
        )


def tenant_is_not_an_addon(_settings: Settings, path: str, tenant: Tenant) -> Iterator[Problem]:
    """A tenant's `name` is not the namespace of an add-on."""
    owners = [
        name
        for name, addon in ADDONS.items()
        if addon.own_namespace and addon.namespace == tenant.name
    ]
    if owners:
        what = f"'{tenant.name}' is the namespace of {', '.join(sorted(owners))}"
        yield Problem(f"{path}.name", what, "another name")


def quota_can_be_used(settings: Settings, path: str, tenant: Tenant) -> Iterator[Problem]:
    """A tenant's `gpus` are not more than all pools together can have."""
    counts = [(pool.maximum, gpus_per_node(pool)) for pool in settings.gpu_pools]
    total = 0
    for maximum, per_node in counts:
        if per_node is None:
            return
        total += maximum * per_node
    if tenant.gpus > total:
        what = f"{tenant.gpus} GPUs; all pools at their maximum have {total}"
        yield Problem(f"{path}.gpus", what, f"0 to {total}, or larger pools")


def services_fit_the_quota(settings: Settings, path: str, tenant: Tenant) -> Iterator[Problem]:
    """A tenant's quota has room for all its services at their `maximumReplicas`."""
    services = [each for each in settings.services if each.tenant == tenant.name]
    amounts = (
        ("gpus", tenant.gpus, {s.name: most(s, gpus_of) for s in services}, ""),
        ("cpus", tenant.cpus, {s.name: most(s, cpus_of) for s in services}, ""),
        ("memoryGib", tenant.memory_gib, {s.name: most(s, memory_of) for s in services}, " GiB"),
    )
    for key, quota, wanted, unit in amounts:
        total = sum(wanted.values())
        if total > quota:
            each = ", ".join(f"{name} {amount:g}" for name, amount in wanted.items() if amount)
            yield Problem(
                f"{path}.{key}",
                f"{quota}{unit} for services that may grow to {total:g}{unit} ({each})",
                f"{math.ceil(total)}{unit} or more, or smaller services",
            )


def service_has_a_tenant(settings: Settings, path: str, service: Service) -> Iterator[Problem]:
    """A service's `tenant` is one of `tenants`."""
    names = [tenant.name for tenant in settings.tenants]
    yield from _one_of(f"{path}.tenant", service.tenant, names, "tenants")


def service_has_a_model(_settings: Settings, path: str, service: Service) -> Iterator[Problem]:
    """`model` of a service and of its candidate is one of `model_repo/` that writes word by word.

    Only its own folder is fetched: an ensemble would miss its steps, and a step serves nobody.
    """
    if not model_repository().is_dir():
        return  # told by itself
    models, where = language_models(), f"the language models of {shown_folder()}"
    yield from _one_of(f"{path}.model", service.model, models, where)
    if service.candidate is not None and service.candidate.model is not None:
        yield from _one_of(f"{path}.candidate.model", service.candidate.model, models, where)


def service_has_a_pool(settings: Settings, path: str, service: Service) -> Iterator[Problem]:
    """A service's `pool` is one of `gpuPools`."""
    if service.pool is not None:
        names = [pool.name for pool in settings.gpu_pools]
        yield from _one_of(f"{path}.pool", service.pool, names, "gpuPools")


def pod_fits_a_gpu_node(settings: Settings, path: str, service: Service) -> Iterator[Problem]:
    """A pod of a service fits on every instance type of its pool: GPUs, processors, memory."""
    pool = next((each for each in settings.gpu_pools if each.name == service.pool), None)
    if pool is None:
        return
    per_node = gpus_per_node(pool)
    if per_node is not None and service.gpus > per_node:
        what = f"{service.gpus} GPUs; a node of {pool.name} has {per_node}"
        yield Problem(f"{path}.gpus", what, f"0 to {per_node}, or another pool")
    yield from _fits(path, service, pool.instance_types)


def pod_fits_a_system_node(settings: Settings, path: str, service: Service) -> Iterator[Problem]:
    """A pod of a service without pool fits on a system node: processors, memory."""
    if service.pool is None and service.gpus == 0:
        yield from _fits(path, service, settings.cluster.system_nodes.instance_types)


POOL_RULES: tuple[PoolRule, ...] = (pool_stands_in_the_network, pool_is_large_enough)
TENANT_RULES: tuple[TenantRule, ...] = (
    tenant_is_not_an_addon,
    quota_can_be_used,
    services_fit_the_quota,
)
SERVICE_RULES: tuple[ServiceRule, ...] = (
    service_has_a_tenant,
    service_has_a_model,
    service_has_a_pool,
    pod_fits_a_gpu_node,
    pod_fits_a_system_node,
)


def _fits(path: str, service: Service, types: Iterable[str]) -> Iterator[Problem]:
    rooms = _rooms(types)
    for key, wanted, unit, room_of in (
        ("cpus", service.cpus, "", _cpus),
        ("memoryGib", service.memory_gib, " GiB", _memory),
    ):
        tight = [name for name, room in rooms.items() if wanted > room_of(room)]
        if tight:
            least = min(tight, key=lambda name: room_of(rooms[name]))
            room = int(room_of(rooms[least]))
            what = f"{wanted:g}{unit}; a pod has room for {room}{unit} on a node of {least}"
            yield Problem(f"{path}.{key}", what, f"1 to {room}{unit}, or larger instance types")


def _rooms(types: Iterable[str]) -> dict[str, NodeRoom]:
    known = load_catalogue().instances
    return {
        name: node_room(known[name].vcpus, known[name].memory_gib)
        for name in types
        if name in known
    }


def _cpus(room: NodeRoom) -> float:
    return room.cpus


def _memory(room: NodeRoom) -> float:
    return room.memory_gib


def _one_of(path: str, name: str, names: list[str], where: str) -> Iterator[Problem]:
    if name not in names:
        what = f"'{name}' is not in {where}{did_you_mean(name, names)}"
        yield Problem(path, what, " | ".join(names) or "none is there yet")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
