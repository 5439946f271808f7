"""Which EC2 families EKS's images have an NVIDIA driver for. Pure data.

Sources, read on 2026-11-24: the EKS user guide, "Use EKS-optimized accelerated AMIs for GPU
instances" (2026-08), and Bottlerocket 1.68.0's table of GPU drivers, whose variants for
Kubernetes 1.36 and below have R580 alone. G7 needs R595, so neither image can use its GPUs.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from llm_platform.gpu.kinds import GpuAmiFamily

AS_OF = date(2026, 11, 24)
"""The day on which the table was compared with its sources."""

_X86_64 = (
    "g4dn", "g5", "g6", "g6e", "gr6", "g7e",
    "p3", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300",
)  # fmt: skip
_ARM64 = ("g5g",)

DRIVEN_FAMILIES: Mapping[GpuAmiFamily, tuple[str, ...]] = MappingProxyType(
    {
        GpuAmiFamily.AL2023: (*_X86_64, *_ARM64),
        GpuAmiFamily.BOTTLEROCKET: (*_X86_64, *_ARM64),
    }
)
"""Families whose GPUs an image's driver runs, by operating system."""
