"""Checks of `GpuNodePool`'s inputs. Pure."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llm_platform.aws.checks import (
    duplicate_problems,
    enum_problems,
    key_problems,
    name_problems,
    range_problems,
)
from llm_platform.aws.kinds import NodeAutoscaler
from llm_platform.aws.nodes_data import (
    IOPS_PER_THROUGHPUT,
    MAX_IOPS,
    MAX_SIZE_GIB,
    MAX_THROUGHPUT,
    MIN_IOPS,
    MIN_THROUGHPUT,
)
from llm_platform.gpu.advertiser import check_advertiser, default_advertiser
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES, GpuInstanceType
from llm_platform.gpu.images import DRIVEN_FAMILIES
from llm_platform.gpu.kinds import CapacityType, GpuAdvertiser, GpuAmiFamily
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.gpu.node_pool import GpuNodePoolArgs, GpuNodeVolume

MAX_NODES = 450
"""Nodes that EKS takes in one managed group."""
MIN_VOLUME_GIB = 100
"""Room for one image of a GPU server and its unpacked layers."""
DEFAULT_THROUGHPUT = 750
"""MiB/s; below 600 a fast image pull waits for the disk."""
UNKNOWN_EFA_LAYOUT = frozenset({"p6-b300"})
"""Families whose first network card has no EFA; how to lay out the rest is not proven here."""

_RESERVATION = re.compile(r"^cr-[0-9a-f]{8,17}\Z")
_RELEASE = re.compile(r"^\d+\.\d+(\.\d+)?-[0-9a-z]+\Z")
_LABEL_KEY = re.compile(r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?\Z")
_OWN_LABELS = ("llm-platform.dev/", "nvidia.com/", "k8s.amazonaws.com/", "eks.amazonaws.com/")


def check_gpu_node_pool(args: "GpuNodePoolArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a GPU pool."""
    return [
        *name_problems("pool_name", args.get("pool_name"), 63),
        *_type_problems(args),
        *_driver_problems(args),
        *_system_problems(args),
        *_capacity_problems(args),
        *_size_problems(args),
        *_volume_problems(args.get("volume", {})),
        *_efa_problems(args),
        *_label_problems(args.get("labels", {})),
        *check_tags(args.get("tags", {})),
    ]


def known_types(args: "GpuNodePoolArgs") -> list[GpuInstanceType]:
    """The catalogue's entries for the pool's types; unknown ones are left out."""
    names = args.get("instance_types", [])
    return [GPU_INSTANCE_TYPES[name] for name in names if name in GPU_INSTANCE_TYPES]


def _type_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    if "instance_types" not in args:
        return []
    path, names = "instance_types", args["instance_types"]
    problems = duplicate_problems(path, names, "type")
    if not 1 <= len(names) <= 20:
        problems.append(Problem(path, f"{len(names)} types", "1 to 20"))
    for index, name in enumerate(names):
        if name not in GPU_INSTANCE_TYPES:
            family = name.partition(".")[0]
            near = [known for known in GPU_INSTANCE_TYPES if known.startswith(f"{family}.")]
            allowed = ", ".join(near) if near else "a type of llm_platform.gpu.catalogue"
            what = f"'{name}' is not a known type with whole NVIDIA GPUs"
            problems.append(Problem(f"{path}[{index}]", what, allowed))
    types = known_types(args)
    if len({instance_type.shape for instance_type in types}) > 1:
        shapes = "; ".join(
            f"{one.name} has {one.gpu_count} × {one.gpu} with {one.gpu_memory_gib} GiB"
            for one in types
        )
        allowed = "types with the same number of the same GPU and the same processor"
        problems.append(Problem(path, f"their GPUs differ: {shapes}", allowed))
    return problems


def _driver_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    """An image without a driver for the GPUs boots, and never offers them."""
    system = args.get("ami_family", GpuAmiFamily.AL2023)
    if system not in DRIVEN_FAMILIES:
        return []
    driven = DRIVEN_FAMILIES[GpuAmiFamily(system)]
    return [
        Problem(
            f"instance_types[{index}]",
            f"EKS's image {system} has no driver for the GPUs of {name}",
            f"types of {', '.join(driven)}",
        )
        for index, name in enumerate(args.get("instance_types", []))
        if name in GPU_INSTANCE_TYPES and GPU_INSTANCE_TYPES[name].family not in driven
    ]


def _system_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    family = args.get("ami_family", GpuAmiFamily.AL2023)
    problems = [
        *enum_problems("ami_family", family, GpuAmiFamily),
        *enum_problems("advertiser", args.get("advertiser"), GpuAdvertiser),
        *enum_problems("autoscaler", args.get("autoscaler"), NodeAutoscaler),
        *enum_problems("capacity", args.get("capacity"), CapacityType),
    ]
    if not problems:
        problems += check_advertiser(family, args.get("advertiser", default_advertiser(family)))
    release = args.get("release_version")
    if release is not None and not _RELEASE.match(release):
        allowed = "such as 1.35.6-20260728 for AL2023 or 1.54.0-0a1b2c3d for Bottlerocket"
        problems.append(Problem("release_version", f"'{release}' is no AMI release", allowed))
    return problems


def _capacity_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    capacity = args.get("capacity", CapacityType.ON_DEMAND)
    reservation = args.get("reservation_id")
    problems: list[Problem] = []
    if reservation is not None and not _RESERVATION.match(reservation):
        what = f"'{reservation}' is not the ID of a capacity reservation"
        problems.append(Problem("reservation_id", what, "cr- and 8 to 17 hexadecimal digits"))
    if capacity == CapacityType.SPOT and reservation:
        allowed = "ON_DEMAND or CAPACITY_BLOCK, or no reservation"
        problems.append(Problem("reservation_id", "spot nodes use no reservation", allowed))
    if capacity == CapacityType.CAPACITY_BLOCK:
        if not reservation:
            allowed = "the ID of the block's reservation"
            problems.append(Problem("reservation_id", "a capacity block needs it", allowed))
        types = args.get("instance_types", [])
        if "instance_types" in args and len(types) != 1:
            what = f"{len(types)} types in a capacity block"
            problems.append(Problem("instance_types", what, "the one type of the block"))
        problems += _one_zone_problems(args, "a capacity block lies in one zone")
    return problems


def _size_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    low, high = args.get("min_size", 0), args.get("max_size", MAX_NODES)
    scaled = args.get("autoscaler", NodeAutoscaler.NONE) != NodeAutoscaler.NONE
    problems = [
        *range_problems("max_size", high, 1, MAX_NODES, " nodes"),
        *range_problems("min_size", low, 0, max(high, 0), " nodes"),
        *range_problems("desired_size", args.get("desired_size"), low, high, " nodes"),
        *range_problems("max_unavailable", args.get("max_unavailable"), 1, 100, " nodes"),
    ]
    if "min_size" in args and low == 0 and not scaled:
        what = "an empty pool that nothing scales never gets a node; Karpenter scales no node group"
        problems.append(Problem("min_size", what, "at least 1, or an autoscaler"))
    if scaled and args.get("advertiser") == GpuAdvertiser.DRA:
        what = "an autoscaler cannot tell what a node with DRA would offer"
        problems.append(Problem("autoscaler", what, "NONE, or another advertiser"))
    return problems


def _volume_problems(volume: "GpuNodeVolume") -> list[Problem]:
    iops = volume.get("iops", MIN_IOPS)
    throughput = volume.get("throughput", DEFAULT_THROUGHPUT)
    problems = [
        *range_problems(
            "volume.size_gib", volume.get("size_gib"), MIN_VOLUME_GIB, MAX_SIZE_GIB, " GiB"
        ),
        *range_problems("volume.iops", iops, MIN_IOPS, MAX_IOPS),
        *range_problems("volume.throughput", throughput, MIN_THROUGHPUT, MAX_THROUGHPUT, " MiB/s"),
        *key_problems("volume.key_arn", volume.get("key_arn")),
    ]
    if throughput * IOPS_PER_THROUGHPUT > iops:
        what = f"{throughput} MiB/s with {iops} operations a second"
        allowed = f"at least {throughput * IOPS_PER_THROUGHPUT} iops, or less throughput"
        problems.append(Problem("volume.throughput", what, allowed))
    return problems


def _efa_problems(args: "GpuNodePoolArgs") -> list[Problem]:
    if "efa" not in args:
        return []
    problems = _one_zone_problems(args, "nodes with EFA stand close together, in one zone")
    types = known_types(args)
    for one in types:
        if one.efa_interfaces == 0 or one.family in UNKNOWN_EFA_LAYOUT:
            what = f"{one.name} has no EFA, or one whose layout this library does not know"
            problems.append(Problem("efa", what, "another type, or no efa"))
    if len({one.efa_interfaces for one in types}) > 1:
        what = "the types have different numbers of network cards"
        problems.append(Problem("efa", what, "types with the same number, or no efa"))
    return problems


def _one_zone_problems(args: "GpuNodePoolArgs", reason: str) -> list[Problem]:
    subnets = args.get("subnet_ids")
    if not isinstance(subnets, Sequence) or len(subnets) == 1:
        return []
    return [Problem("subnet_ids", f"{len(subnets)} subnets; {reason}", "one subnet")]


def _label_problems(labels: dict[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    for key, value in labels.items():
        path = f"labels.{key}"
        if not _LABEL_KEY.match(key) or not _LABEL_VALUE.match(value):
            allowed = "a Kubernetes label: at most 63 letters, digits, ., _ and -"
            problems.append(Problem(path, f"'{key}={value}' is not a label", allowed))
        elif key.startswith(_OWN_LABELS):
            allowed = f"keys that do not start with {', '.join(_OWN_LABELS)}"
            problems.append(Problem(path, "the key is set by the pool, EKS or NVIDIA", allowed))
    return problems
