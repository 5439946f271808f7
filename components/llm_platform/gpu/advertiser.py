"""Which parts of the GPU Operator run where: operating system by advertiser. Pure.

Both NVIDIA images of EKS hold driver and toolkit, so the operator never installs them. What
remains is the device plugin, which must run on a node exactly when nothing else advertises
its GPUs.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily
from llm_platform.problems import Problem

ALLOWED: Mapping[GpuAmiFamily, tuple[GpuAdvertiser, ...]] = MappingProxyType(
    {
        GpuAmiFamily.AL2023: (
            GpuAdvertiser.GPU_OPERATOR,
            GpuAdvertiser.STANDALONE_PLUGIN,
            GpuAdvertiser.DRA,
        ),
        GpuAmiFamily.BOTTLEROCKET: (GpuAdvertiser.BOTTLEROCKET_BUILTIN,),
    }
)
"""Who can advertise the GPUs of a managed node, by its operating system; the first is default."""


def default_advertiser(family: GpuAmiFamily) -> GpuAdvertiser:
    """Who advertises the GPUs of a pool whose owner says nothing."""
    return ALLOWED[GpuAmiFamily(family)][0]


def check_advertiser(
    family: GpuAmiFamily, advertiser: GpuAdvertiser, path: str = "advertiser"
) -> list[Problem]:
    """What is wrong with `advertiser` on nodes of `family`."""
    if advertiser in ALLOWED[GpuAmiFamily(family)]:
        return []
    reasons = {
        GpuAdvertiser.AUTO_MODE: "EKS Auto Mode runs on nodes of its own, not on node groups",
        GpuAdvertiser.BOTTLEROCKET_BUILTIN: f"{family} has no device plugin built in",
    }
    twice = f"{family} advertises its GPUs itself; each would be given to two pods"
    allowed = f"with {family}: {', '.join(ALLOWED[GpuAmiFamily(family)])}"
    return [Problem(path, reasons.get(advertiser, twice), allowed)]


def node_labels(family: GpuAmiFamily, advertiser: GpuAdvertiser) -> dict[str, str]:
    """Labels that keep the operator's parts off nodes that do not need them.

    One operator serves pools of both systems, so what differs between pools is on the nodes.
    """
    labels = {"nvidia.com/gpu.deploy.driver": "false"}
    if GpuAmiFamily(family) is GpuAmiFamily.BOTTLEROCKET:
        labels["nvidia.com/gpu.deploy.container-toolkit"] = "false"
    if advertiser != GpuAdvertiser.GPU_OPERATOR:
        labels["nvidia.com/gpu.deploy.device-plugin"] = "false"
    return labels


def operator_values(
    pools: Iterable[tuple[GpuAmiFamily, GpuAdvertiser]],
) -> dict[str, dict[str, bool]]:
    """Values of the GPU Operator's chart for a cluster with these pools.

    The device plugin is on when any pool needs it; the labels of `node_labels` keep it off the
    others. Without pools it is off.

    Raises:
        ValueError: A pool's advertiser does not fit its operating system.
    """
    wanted = False
    for family, advertiser in pools:
        problems = check_advertiser(family, advertiser)
        if problems:
            raise ValueError(str(problems[0]))
        wanted = wanted or advertiser == GpuAdvertiser.GPU_OPERATOR
    return {
        "driver": {"enabled": False},
        "toolkit": {"enabled": False},
        "devicePlugin": {"enabled": wanted},
    }
