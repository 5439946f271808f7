"""Rules on money: allowed types, the number of GPUs, and the worst case against the budget."""

import math
from collections.abc import Callable, Iterable, Iterator

from infra.settings import Settings
from infra.settings_capacity import gpus_per_node
from infra.settings_cost import estimated
from llm_platform.aws.regions import ZONE_LETTERS
from llm_platform.cost import load_catalogue
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES
from llm_platform.problems import Problem, did_you_mean

DEAREST = 3
"""Lines of the estimate that the budget's problem names."""


def families_are_known(settings: Settings) -> Iterator[Problem]:
    """`cost.allowedInstanceFamilies` are families of the price catalogue."""
    known = sorted({each.family for each in load_catalogue().instances.values()})
    for index, family in enumerate(settings.cost.allowed_instance_families):
        if family not in known:
            path = f"cost.allowedInstanceFamilies[{index}]"
            what = f"'{family}' is not a known family{did_you_mean(family, known)}"
            yield Problem(path, what, " | ".join(known))


def system_types_are_allowed(settings: Settings) -> Iterator[Problem]:
    """`cluster.systemNodes.instanceTypes` have a price, no GPUs, and an allowed family."""
    known = load_catalogue().instances
    types = settings.cluster.system_nodes.instance_types
    for index, name in enumerate(types):
        path = f"cluster.systemNodes.instanceTypes[{index}]"
        if name in known and known[name].accelerator != "none":
            what = f"{name} has accelerators, which nothing of the platform itself uses"
            yield Problem(path, what, "types without accelerators, e.g. m7i.xlarge")
            continue
        yield from _priced(settings.region, path, name)
    yield from _of_allowed_families(settings, "cluster.systemNodes", types)


def pool_types_are_allowed(settings: Settings) -> Iterator[Problem]:
    """A pool's `instanceTypes` have a price in the region and are of an allowed family."""
    for index, pool in enumerate(settings.gpu_pools):
        path = f"gpuPools[{index}]"
        for place, name in enumerate(pool.instance_types):
            # what is no GPU type at all is told by the component
            if name in GPU_INSTANCE_TYPES:
                yield from _priced(settings.region, f"{path}.instanceTypes[{place}]", name)
        yield from _of_allowed_families(settings, path, pool.instance_types)


def gpus_are_agreed(settings: Settings) -> Iterator[Problem]:
    """All pools at their `maximum` have at most `cost.maxGpus` GPUs."""
    counts: dict[str, int] = {}
    for pool in settings.gpu_pools:
        per_node = gpus_per_node(pool)
        if per_node is None:
            return
        counts[pool.name] = pool.maximum * per_node
    total, allowed = sum(counts.values()), settings.cost.max_gpus
    if total > allowed:
        each = ", ".join(f"{name} {count}" for name, count in counts.items())
        what = f"{allowed}; the pools may grow to {total} GPUs ({each})"
        yield Problem("cost.maxGpus", what, f"{total} or more, or smaller maximums")


def worst_case_fits_the_budget(settings: Settings) -> Iterator[Problem]:
    """The worst case, every node group at its maximum, fits `cost.monthlyBudgetUsd`."""
    budget = settings.cost.monthly_budget_usd
    estimate = estimated(settings)
    worst = estimate.total.worst
    if estimate.unpriced or worst <= budget:
        return
    lines = "; ".join(
        f"{line.cost.worst:,.0f} {line.resource} {line.what}" for line in estimate.lines[:DEAREST]
    )
    what = f"{budget:,.0f} US dollars; the worst case is {worst:,.0f} a month: {lines}; …"
    allowed = f"{math.ceil(worst):,} or more, or smaller maximums and types"
    yield Problem("cost.monthlyBudgetUsd", what, allowed)


MONEY_RULES: tuple[Callable[[Settings], Iterable[Problem]], ...] = (
    families_are_known,
    system_types_are_allowed,
    pool_types_are_allowed,
    gpus_are_agreed,
    worst_case_fits_the_budget,
)


def _priced(region: str, path: str, name: str) -> Iterator[Problem]:
    if region not in ZONE_LETTERS:
        return
    catalogue = load_catalogue()
    kind = catalogue.instances.get(name)
    if kind is None:
        near = did_you_mean(name, catalogue.instances)
        what = f"{name} is not in the price catalogue{near}"
        yield Problem(path, what, "a type of llm_platform/cost/prices.json")
    elif region not in kind.prices:
        priced = [
            each.name
            for each in catalogue.instances.values()
            if region in each.prices and (each.gpus > 0) == (kind.gpus > 0)
        ]
        allowed = ", ".join(priced) or f"a region with prices: {', '.join(catalogue.regions())}"
        yield Problem(path, f"{name} has no known price in {region}", allowed)


def _of_allowed_families(settings: Settings, path: str, types: Iterable[str]) -> Iterator[Problem]:
    families = settings.cost.allowed_instance_families
    for index, name in enumerate(types):
        if name.partition(".")[0] not in families:
            what = f"{name} is not of a family in cost.allowedInstanceFamilies"
            yield Problem(f"{path}.instanceTypes[{index}]", what, " | ".join(families))
