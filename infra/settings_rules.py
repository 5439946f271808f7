"""Rules that hold between settings.

What a component knows by itself is not said again here: `infra.settings_components` asks it.
The first line of a rule's docstring is what docs/settings.md says of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from infra import arguments
from infra.settings import Settings
from infra.settings_base import UnjudgedError
from infra.settings_capacity import POOL_RULES, SERVICE_RULES, TENANT_RULES
from infra.settings_money import MONEY_RULES
from llm_platform.addons.arguments import check_context
from llm_platform.addons.order import check_addons
from llm_platform.addons.table import ADDONS
from llm_platform.aws.regions import ZONE_LETTERS, zones_of
from llm_platform.gpu.kinds import GpuAdvertiser
from llm_platform.problems import Problem, did_you_mean
from llm_platform.versions import ADDONS as PINNED
from llm_platform.versions import KUBERNETES_SUPPORT, days_of_standard_support

Item = TypeVar("Item")
Rule = Callable[[Settings], Iterable[Problem]]

NEEDED = ("aws-load-balancer-controller", "gateway-helm", "kserve-resources")
"""Add-ons without which no model can be served."""


def rule_problems(settings: Settings, today: date, *, for_change: bool) -> list[Problem]:
    """What the rules find, each as far as it can be judged.

    Args:
        settings: Settings, from which malformed ones are missing.
        today: Day by which support of versions is judged.
        for_change: Whether rules count whose verdict changes although the file does not.
    """
    problems: list[Problem] = []
    for rule in RULES:
        problems += judged(rule(settings))
    for index, pool in enumerate(known(lambda: settings.gpu_pools)):
        for check in POOL_RULES:
            problems += judged(check(settings, f"gpuPools[{index}]", pool))
    for index, tenant in enumerate(known(lambda: settings.tenants)):
        for check in TENANT_RULES:
            problems += judged(check(settings, f"tenants[{index}]", tenant))
    for index, service in enumerate(known(lambda: settings.services)):
        for check in SERVICE_RULES:
            problems += judged(check(settings, f"services[{index}]", service))
    if for_change:
        problems += judged(version_is_supported(settings, today))
        for rule in MONEY_RULES:
            problems += judged(rule(settings))
    return problems


def judged(problems: Iterable[Problem]) -> list[Problem]:
    """Problems up to the first setting that is not there to be judged."""
    found: list[Problem] = []
    try:
        for each in problems:
            found.append(each)  # noqa: PERF402 - those before the error count
    except UnjudgedError:
        return found
    return found


def known(ask: Callable[[], Sequence[Item]]) -> Sequence[Item]:
    """A list of settings; empty when it could not be read."""
    try:
        return ask()
    except UnjudgedError:
        return ()


def region_and_zones_exist(settings: Settings) -> Iterator[Problem]:
    """`network.zones` are zones of `aws:region`, and the region is a known one."""
    region = settings.region
    if region not in ZONE_LETTERS:
        near = did_you_mean(region, ZONE_LETTERS)
        allowed = " | ".join(sorted(ZONE_LETTERS))
        yield Problem("aws:region", f"'{region}' is not a known region{near}", allowed)
    else:
        allowed = " | ".join(zones_of(region))
        for index, zone in enumerate(settings.network.zones):
            if zone not in zones_of(region):
                path = f"network.zones[{index}]"
                yield Problem(path, f"'{zone}' is not a zone of {region}", allowed)


def pools_have_their_own_names(settings: Settings) -> Iterator[Problem]:
    """Names of `gpuPools` are given once."""
    yield from _doubled("gpuPools", [pool.name for pool in settings.gpu_pools])


def tenants_have_their_own_names(settings: Settings) -> Iterator[Problem]:
    """Names of `tenants` are given once."""
    yield from _doubled("tenants", [tenant.name for tenant in settings.tenants])


def services_have_their_own_names(settings: Settings) -> Iterator[Problem]:
    """Names of `services` are given once, over all tenants."""
    yield from _doubled("services", [service.name for service in settings.services])


def administrators_have_their_own_names(settings: Settings) -> Iterator[Problem]:
    """Names of `cluster.administrators` are given once."""
    names = [each.name for each in settings.cluster.administrators]
    yield from _doubled("cluster.administrators", names)


def addons_are_known(settings: Settings) -> Iterator[Problem]:
    """`addons.without` and `addons.also` name add-ons of the table, none of them in both."""
    addons = settings.addons
    for key, names in (("without", addons.without), ("also", addons.also)):
        for index, name in enumerate(names):
            path = f"addons.{key}[{index}]"
            if name not in ADDONS:
                near = did_you_mean(name, ADDONS)
                allowed = " | ".join(sorted(ADDONS))
                yield Problem(path, f"'{name}' is not an add-on{near}", allowed)
            elif key == "also" and name in addons.without:
                yield Problem(path, f"'{name}' is in addons.without as well", "one of the two")


def addons_fit(settings: Settings) -> Iterator[Problem]:
    """The add-ons have what they need, and no model is left without what serves it."""
    addons = settings.addons
    for name in NEEDED:
        if name in addons.without:
            index = addons.without.index(name)
            allowed = f"add-ons other than {', '.join(NEEDED)}"
            yield Problem(f"addons.without[{index}]", f"'{name}' serves every model", allowed)
    selected = [name for name in arguments.selected_addons(settings) if name in ADDONS]
    for found in check_addons(selected):
        yield Problem("addons", found.problem, found.allowed)
    for index, name in enumerate(addons.also):
        for found in check_context([name], arguments.addon_context(settings)):
            allowed = f"without {name}: the stack makes none"
            yield Problem(f"addons.also[{index}]", found.problem, allowed)


def gpus_are_advertised(settings: Settings) -> Iterator[Problem]:
    """What scales GPU pools or advertises their GPUs is not in `addons.without`."""
    without = settings.addons.without
    pools = settings.gpu_pools
    advertised = arguments.advertised_pools(settings)
    if "gpu-operator" in without and any(by == GpuAdvertiser.GPU_OPERATOR for _, by in advertised):
        path = f"addons.without[{without.index('gpu-operator')}]"
        allowed = "pools of BOTTLEROCKET alone, or the add-on"
        yield Problem(path, "nothing would advertise the GPUs of pools of AL2023", allowed)
    scaled = [pool.name for pool in pools if pool.autoscaler != "NONE"]
    if arguments.AUTOSCALER in without and scaled:
        path = f"addons.without[{without.index(arguments.AUTOSCALER)}]"
        what = f"nothing would scale {', '.join(scaled)}"
        yield Problem(path, what, "pools with autoscaler: NONE, or the add-on")


def version_is_supported(settings: Settings, today: date) -> Iterator[Problem]:
    """`cluster.kubernetesVersion` is in EKS standard support today.

    The cluster's support type is STANDARD: at the end EKS upgrades it by itself, behind the
    settings' back. The 90 days before are a warning, the policy `eks-version-ending`.
    """
    version = settings.cluster.kubernetes_version
    if version not in KUBERNETES_SUPPORT:
        return
    days = days_of_standard_support(version, today)
    if days is not None and days < 0:
        later = [
            each
            for each in PINNED
            if (left := days_of_standard_support(each, today)) is None or left >= 0
        ]
        ended = KUBERNETES_SUPPORT[version].standard_ends
        what = f"EKS standard support of {version} ended on {ended}"
        allowed = " | ".join(later) or "a newer version than this release knows"
        yield Problem("cluster.kubernetesVersion", what, allowed)


RULES: tuple[Rule, ...] = (
    region_and_zones_exist,
    pools_have_their_own_names,
    tenants_have_their_own_names,
    services_have_their_own_names,
    administrators_have_their_own_names,
    addons_are_known,
    addons_fit,
    gpus_are_advertised,
)


def _doubled(path: str, names: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, f"'{name}' is given {count} times", "every name once")
