"""The most that a Karpenter NodePool may cost: its limits, times the dearest fitting type."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from llm_platform.cost.catalogue import InstanceType
from llm_platform.cost.lines import HOURS_PER_MONTH, Line, Range
from llm_platform.cost.prices import RegionPrices, UnpricedError
from llm_platform.cost.quantities import quantity
from llm_platform.cost.values import UNKNOWN, BillableResource, UnknownQuantityError

LIMITS = "spec.limits"
REQUIREMENTS = "spec.template.spec.requirements"
READS = (LIMITS, REQUIREMENTS)

TYPE_KEY = "node.kubernetes.io/instance-type"
FAMILY_KEY = "karpenter.k8s.aws/instance-family"
GPU = "nvidia.com/gpu"


def lines(resource: BillableResource, prices: RegionPrices) -> Iterator[Line]:
    """The line of a NodePool: nothing at its smallest, its limits at its largest.

    The expected case is nothing too: a pool grows only when pods ask for it.

    Raises:
        UnknownQuantityError: Limits or requirements are not known, or there is no limit.
        UnpricedError: No instance type that the pool may take has a price.
    """
    limits = limits_of(resource)
    if not limits:
        raise UnknownQuantityError(LIMITS)
    months = {
        kind.name: most_nodes(kind, limits) * kind.prices[prices.region].amount * HOURS_PER_MONTH
        for kind in candidates(resource, prices)
    }
    if not months:
        raise UnpricedError(f"the instance types of a NodePool in {prices.region}")
    dearest = max(months, key=lambda name: months[name])
    bounds = ", ".join(f"{name} {amount:g}" for name, amount in sorted(limits.items()))
    what = f"up to {bounds}, at worst all {dearest}"
    yield Line(resource.name, resource.type, what, Range(0, 0, months[dearest]))


def limits_of(resource: BillableResource) -> dict[str, float]:
    """The pool's limits as numbers: cores, bytes, GPUs.

    Raises:
        UnknownQuantityError: One is not known yet.
    """
    value = resource.properties.get(LIMITS)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UnknownQuantityError(LIMITS)
    found: dict[str, float] = {}
    for name, amount in cast("Mapping[str, Any]", value).items():
        if amount is UNKNOWN:
            raise UnknownQuantityError(f"{LIMITS}.{name}")
        found[name] = quantity(str(amount))
    return found


def most_nodes(kind: InstanceType, limits: Mapping[str, float]) -> int:
    """How many nodes of a type fit under the limits.

    Karpenter checks a limit before it launches, so the last node may go over it: a started
    node counts as a whole one.
    """
    sizes = {"cpu": kind.vcpus, "memory": kind.memory_gib * 2.0**30, GPU: kind.gpus}
    bounds = [
        -(-limits[name] // size) for name, size in sizes.items() if name in limits and size > 0
    ]
    return int(min(bounds)) if bounds else 0


def candidates(resource: BillableResource, prices: RegionPrices) -> list[InstanceType]:
    """Instance types that the pool's requirements let in and that have a price.

    Raises:
        UnknownQuantityError: The requirements are not known yet.
    """
    wanted_types: set[str] = set()
    wanted_families: set[str] = set()
    for index, item in enumerate(resource.items(REQUIREMENTS)):
        if not isinstance(item, Mapping):
            raise UnknownQuantityError(f"{REQUIREMENTS}[{index}]")
        requirement = cast("Mapping[str, Any]", item)
        values: Any = requirement.get("values") or []
        if not isinstance(values, list) or UNKNOWN in values:
            raise UnknownQuantityError(f"{REQUIREMENTS}[{index}]")
        names = {str(value) for value in cast("list[Any]", values)}
        if requirement.get("operator") != "In":
            continue
        if requirement.get("key") == TYPE_KEY:
            wanted_types.update(names)
        elif requirement.get("key") == FAMILY_KEY:
            wanted_families.update(names)
    for name in sorted(wanted_types):
        prices.instance(name)
    return [
        kind
        for kind in prices.catalogue.instances.values()
        if prices.region in kind.prices
        and (not wanted_types or kind.name in wanted_types)
        and (not wanted_families or kind.family in wanted_families)
    ]
