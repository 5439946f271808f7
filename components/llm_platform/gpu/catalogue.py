"""EC2 instance types with NVIDIA GPUs: what is in them. Pure data.

Sources, read for this table on 2026-11-24: aws/karpenter-provider-aws, its instance type
reference of v1.14 (2026-08) and its generated price list (2026-07-20) for which types exist.
Types with a fraction of a GPU (g6f) are left out: one cannot be given to a pod as
``nvidia.com/gpu``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from llm_platform.naming import architecture

AS_OF = date(2026, 11, 24)
"""The day on which the table was compared with its sources."""


class GpuModel(StrEnum):
    """An NVIDIA GPU; the value is what a node's accelerator label says."""

    T4 = "nvidia-t4"
    T4G = "nvidia-t4g"
    V100 = "nvidia-v100"
    A10G = "nvidia-a10g"
    A100 = "nvidia-a100"
    L4 = "nvidia-l4"
    L40S = "nvidia-l40s"
    RTX_PRO_4500 = "nvidia-rtx-pro-4500"
    RTX_PRO_6000 = "nvidia-rtx-pro-6000"
    H100 = "nvidia-h100"
    H200 = "nvidia-h200"
    B200 = "nvidia-b200"
    B300 = "nvidia-b300"


MIG_MODELS = frozenset(
    {
        GpuModel.A100,
        GpuModel.H100,
        GpuModel.H200,
        GpuModel.B200,
        GpuModel.B300,
        GpuModel.RTX_PRO_6000,
    }
)
"""Models that can be cut into instances (MIG)."""

FAST_PULL_MIN_VCPUS = 8
"""Smaller nodes lack the processors to unpack an image's layers side by side."""


@dataclass(frozen=True)
class GpuInstanceType:
    """One instance type.

    Attributes:
        name: Such as ``g6.2xlarge``.
        vcpus: Virtual processors.
        memory_gib: Memory of the machine.
        gpu: Model of its GPUs.
        gpu_count: How many.
        gpu_memory_mib: Memory of one GPU.
        nvme_gb: Local disks in all; 0 when it has none.
        efa_interfaces: Elastic Fabric Adapters it can have; 0 when it can have none.
    """

    name: str
    vcpus: int
    memory_gib: int
    gpu: GpuModel
    gpu_count: int
    gpu_memory_mib: int
    nvme_gb: int
    efa_interfaces: int

    @property
    def architecture(self) -> str:
        """``x86_64`` or ``arm64``."""
        return architecture(self.name)

    @property
    def gpu_memory_gib(self) -> int:
        """Memory of one GPU in whole GiB, rounded down."""
        return self.gpu_memory_mib // 1024

    @property
    def family(self) -> str:
        """What stands before the dot, such as ``g6``."""
        return self.name.partition(".")[0]

    @property
    def can_use_mig(self) -> bool:
        """Whether its GPUs can be cut into instances."""
        return self.gpu in MIG_MODELS

    @property
    def can_pull_fast(self) -> bool:
        """Whether it is large enough to fetch and unpack image layers side by side."""
        return self.vcpus >= FAST_PULL_MIN_VCPUS

    @property
    def shape(self) -> tuple[GpuModel, int, int, str]:
        """What must be equal for two types to stand in for each other in one pool."""
        return self.gpu, self.gpu_count, self.gpu_memory_mib, self.architecture


# name, vCPUs, GiB, GPU model, GPUs, MiB a GPU, GB of NVMe, EFA interfaces
_ROWS = (
    ("g4dn.xlarge", 4, 16, GpuModel.T4, 1, 16384, 125, 0),
    ("g4dn.2xlarge", 8, 32, GpuModel.T4, 1, 16384, 225, 0),
    ("g4dn.4xlarge", 16, 64, GpuModel.T4, 1, 16384, 225, 0),
    ("g4dn.8xlarge", 32, 128, GpuModel.T4, 1, 16384, 900, 1),
    ("g4dn.12xlarge", 48, 192, GpuModel.T4, 4, 16384, 900, 1),
    ("g4dn.16xlarge", 64, 256, GpuModel.T4, 1, 16384, 900, 1),
    ("g5.xlarge", 4, 16, GpuModel.A10G, 1, 22888, 250, 0),
    ("g5.2xlarge", 8, 32, GpuModel.A10G, 1, 22888, 450, 0),
    ("g5.4xlarge", 16, 64, GpuModel.A10G, 1, 22888, 600, 0),
    ("g5.8xlarge", 32, 128, GpuModel.A10G, 1, 22888, 900, 1),
    ("g5.16xlarge", 64, 256, GpuModel.A10G, 1, 22888, 1900, 1),
    ("g5.12xlarge", 48, 192, GpuModel.A10G, 4, 22888, 3800, 1),
    ("g5.24xlarge", 96, 384, GpuModel.A10G, 4, 22888, 3800, 1),
    ("g5.48xlarge", 192, 768, GpuModel.A10G, 8, 22888, 7600, 1),
    ("g5g.xlarge", 4, 8, GpuModel.T4G, 1, 16384, 0, 0),
    ("g5g.2xlarge", 8, 16, GpuModel.T4G, 1, 16384, 0, 0),
    ("g5g.4xlarge", 16, 32, GpuModel.T4G, 1, 16384, 0, 0),
    ("g5g.8xlarge", 32, 64, GpuModel.T4G, 1, 16384, 0, 0),
    ("g5g.16xlarge", 64, 128, GpuModel.T4G, 2, 16384, 0, 0),
    ("g6.xlarge", 4, 16, GpuModel.L4, 1, 22888, 250, 0),
    ("g6.2xlarge", 8, 32, GpuModel.L4, 1, 22888, 450, 0),
    ("g6.4xlarge", 16, 64, GpuModel.L4, 1, 22888, 600, 0),
    ("g6.8xlarge", 32, 128, GpuModel.L4, 1, 22888, 900, 1),
    ("g6.16xlarge", 64, 256, GpuModel.L4, 1, 22888, 1880, 1),
    ("g6.12xlarge", 48, 192, GpuModel.L4, 4, 22888, 3760, 1),
    ("g6.24xlarge", 96, 384, GpuModel.L4, 4, 22888, 3760, 1),
    ("g6.48xlarge", 192, 768, GpuModel.L4, 8, 22888, 7520, 1),
    ("gr6.4xlarge", 16, 128, GpuModel.L4, 1, 22888, 600, 0),
    ("gr6.8xlarge", 32, 256, GpuModel.L4, 1, 22888, 900, 1),
    ("g6e.xlarge", 4, 32, GpuModel.L40S, 1, 45776, 250, 0),
    ("g6e.2xlarge", 8, 64, GpuModel.L40S, 1, 45776, 450, 0),
    ("g6e.4xlarge", 16, 128, GpuModel.L40S, 1, 45776, 600, 0),
    ("g6e.8xlarge", 32, 256, GpuModel.L40S, 1, 45776, 900, 1),
    ("g6e.16xlarge", 64, 512, GpuModel.L40S, 1, 45776, 1900, 1),
    ("g6e.12xlarge", 48, 384, GpuModel.L40S, 4, 45776, 3800, 1),
    ("g6e.24xlarge", 96, 768, GpuModel.L40S, 4, 45776, 3800, 2),
    ("g6e.48xlarge", 192, 1536, GpuModel.L40S, 8, 45776, 7600, 4),
    ("g7.2xlarge", 8, 32, GpuModel.RTX_PRO_4500, 1, 32768, 440, 0),
    ("g7.4xlarge", 16, 64, GpuModel.RTX_PRO_4500, 1, 32768, 875, 0),
    ("g7.8xlarge", 32, 128, GpuModel.RTX_PRO_4500, 1, 32768, 930, 1),
    ("g7.12xlarge", 48, 192, GpuModel.RTX_PRO_4500, 2, 32768, 1900, 1),
    ("g7.24xlarge", 96, 384, GpuModel.RTX_PRO_4500, 4, 32768, 3800, 1),
    ("g7.48xlarge", 192, 768, GpuModel.RTX_PRO_4500, 8, 32768, 7600, 2),
    ("g7e.2xlarge", 8, 64, GpuModel.RTX_PRO_6000, 1, 98304, 1900, 0),
    ("g7e.4xlarge", 16, 128, GpuModel.RTX_PRO_6000, 1, 98304, 1900, 0),
    ("g7e.8xlarge", 32, 256, GpuModel.RTX_PRO_6000, 1, 98304, 1900, 1),
    ("g7e.12xlarge", 48, 512, GpuModel.RTX_PRO_6000, 2, 98304, 3800, 1),
    ("g7e.24xlarge", 96, 1024, GpuModel.RTX_PRO_6000, 4, 98304, 7600, 2),
    ("g7e.48xlarge", 192, 2048, GpuModel.RTX_PRO_6000, 8, 98304, 15200, 4),
    ("p3.2xlarge", 8, 61, GpuModel.V100, 1, 16384, 0, 0),
    ("p3.8xlarge", 32, 244, GpuModel.V100, 4, 16384, 0, 0),
    ("p3.16xlarge", 64, 488, GpuModel.V100, 8, 16384, 0, 0),
    ("p3dn.24xlarge", 96, 768, GpuModel.V100, 8, 32768, 1800, 1),
    ("p4d.24xlarge", 96, 1152, GpuModel.A100, 8, 40960, 8000, 4),
    ("p4de.24xlarge", 96, 1152, GpuModel.A100, 8, 81920, 8000, 4),
    ("p5.4xlarge", 16, 256, GpuModel.H100, 1, 81920, 3800, 1),
    ("p5.48xlarge", 192, 2048, GpuModel.H100, 8, 81920, 30400, 32),
    ("p5e.48xlarge", 192, 2048, GpuModel.H200, 8, 144384, 30400, 32),
    ("p5en.48xlarge", 192, 2048, GpuModel.H200, 8, 144384, 30400, 16),
    ("p6-b200.48xlarge", 192, 2048, GpuModel.B200, 8, 183359, 30400, 8),
    ("p6-b300.48xlarge", 192, 4096, GpuModel.B300, 8, 275040, 30400, 16),
)

GPU_INSTANCE_TYPES: Mapping[str, GpuInstanceType] = MappingProxyType(
    {row[0]: GpuInstanceType(*row) for row in _ROWS}
)
"""Every known instance type with whole NVIDIA GPUs, by name."""
