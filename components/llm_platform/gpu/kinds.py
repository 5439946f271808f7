"""Closed sets of the GPU components. Pure: policies import it without Pulumi."""

from enum import StrEnum


class GpuAmiFamily(StrEnum):
    """Operating system of GPU nodes; both images hold NVIDIA's driver and container toolkit."""

    AL2023 = "AL2023"
    """Amazon Linux 2023. Something must advertise its GPUs."""
    BOTTLEROCKET = "BOTTLEROCKET"
    """Bottlerocket: read-only root, no shell. It advertises its GPUs itself."""


class CapacityType(StrEnum):
    """How GPU nodes are bought."""

    ON_DEMAND = "ON_DEMAND"
    """At the list price, for as long as wanted."""
    SPOT = "SPOT"
    """Cheaper, and taken away with two minutes' notice."""
    CAPACITY_BLOCK = "CAPACITY_BLOCK"
    """Reserved and paid ahead for fixed days; instances end about 30 minutes before the block."""


class GpuAdvertiser(StrEnum):
    """Who tells Kubernetes that a node has GPUs. Exactly one per node, or a GPU is given twice."""

    GPU_OPERATOR = "GPU_OPERATOR"
    """The device plugin of NVIDIA's GPU Operator."""
    STANDALONE_PLUGIN = "STANDALONE_PLUGIN"
    """NVIDIA's device plugin, installed by itself."""
    DRA = "DRA"
    """NVIDIA's driver for Dynamic Resource Allocation; for pools that nothing scales."""
    BOTTLEROCKET_BUILTIN = "BOTTLEROCKET_BUILTIN"
    """The device plugin that Bottlerocket brings along."""
    AUTO_MODE = "AUTO_MODE"
    """EKS Auto Mode, on nodes that EKS owns itself."""
