"""Labels, taints, tags and interfaces of a GPU pool. Pure."""

from collections.abc import Mapping
from typing import Any

from llm_platform.gpu.advertiser import node_labels
from llm_platform.gpu.catalogue import GpuInstanceType
from llm_platform.gpu.kinds import CapacityType, GpuAdvertiser, GpuAmiFamily

TAINT_KEY = "nvidia.com/gpu"
TAINT_VALUE = "true"
GPU_RESOURCE = "nvidia.com/gpu"

POOL_LABEL = "llm-platform.dev/pool"
ACCELERATOR_LABEL = "llm-platform.dev/accelerator"
CAPACITY_LABEL = "llm-platform.dev/capacity-type"
GPU_COUNT_LABEL = "llm-platform.dev/gpu-count"
GPU_MEMORY_LABEL = "llm-platform.dev/gpu-memory-gib"
AUTOSCALER_LABEL = "k8s.amazonaws.com/accelerator"
"""By this label the Cluster Autoscaler knows that a node without GPUs is not ready yet."""

_TEMPLATE = "k8s.io/cluster-autoscaler/node-template"


def pool_labels(
    pool: str,
    instance_type: GpuInstanceType,
    family: GpuAmiFamily,
    capacity: CapacityType,
    advertiser: GpuAdvertiser,
) -> dict[str, str]:
    """Labels of a pool's nodes; one type speaks for all, since their GPUs are equal."""
    return {
        POOL_LABEL: pool,
        ACCELERATOR_LABEL: instance_type.gpu.value,
        CAPACITY_LABEL: str(capacity).lower().replace("_", "-"),
        GPU_COUNT_LABEL: str(instance_type.gpu_count),
        GPU_MEMORY_LABEL: str(instance_type.gpu_memory_gib),
        AUTOSCALER_LABEL: instance_type.gpu.value,
        **node_labels(family, advertiser),
    }


def autoscaler_tags(
    labels: Mapping[str, str], instance_type: GpuInstanceType, volume_gib: int
) -> dict[str, str]:
    """Tags from which the Cluster Autoscaler knows what a node of an empty pool would be."""
    return {
        **{f"{_TEMPLATE}/label/{key}": value for key, value in labels.items()},
        f"{_TEMPLATE}/taint/{TAINT_KEY}": f"{TAINT_VALUE}:NoSchedule",
        f"{_TEMPLATE}/resources/{GPU_RESOURCE}": str(instance_type.gpu_count),
        f"{_TEMPLATE}/resources/ephemeral-storage": f"{volume_gib}Gi",
    }


def efa_interfaces(instance_type: GpuInstanceType, groups: list[Any]) -> list[dict[str, Any]]:
    """One network interface a card: the first carries IP as well, the rest only EFA traffic.

    Args:
        instance_type: Whose cards they are.
        groups: Security groups of every interface.
    """
    return [
        {
            "network_card_index": card,
            "device_index": 0 if card == 0 else 1,
            "interface_type": "efa" if card == 0 else "efa-only",
            "security_groups": groups,
            "delete_on_termination": "true",
        }
        for card in range(instance_type.efa_interfaces)
    ]
