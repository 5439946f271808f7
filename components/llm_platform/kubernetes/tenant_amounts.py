"""What a tenant may take: resource quota and limits of single containers. Pure."""

from dataclasses import dataclass
from typing import Any

GPU = "nvidia.com/gpu"
DEFAULT_CPU = "100m"
DEFAULT_MEMORY = "256Mi"
DEFAULT_MEMORY_LIMIT = "1Gi"
DEFAULT_SCRATCH = "1Gi"
DEFAULT_SCRATCH_LIMIT = "10Gi"
MAX_VOLUME_GIB = 2000


@dataclass(frozen=True)
class TenantAmounts:
    """How much a namespace may take in all.

    Attributes:
        gpus: GPUs.
        cpus: Requested CPUs.
        memory_gib: Memory in GiB, both requested and as limit.
        pods: Pods.
        volumes: Persistent volume claims.
        storage_gib: Storage of all claims in GiB.
    """

    gpus: int
    cpus: int
    memory_gib: int
    pods: int
    volumes: int
    storage_gib: int


def quota(amounts: TenantAmounts) -> dict[str, Any]:
    """The resource quota.

    CPU is limited by what is requested only: a CPU limit would throttle pods on idle nodes. No
    Service of type LoadBalancer or NodePort may be made: requests come in by the gateway.
    """
    return {
        "hard": {
            f"requests.{GPU}": str(amounts.gpus),
            "requests.cpu": str(amounts.cpus),
            "requests.memory": f"{amounts.memory_gib}Gi",
            "limits.memory": f"{amounts.memory_gib}Gi",
            "pods": str(amounts.pods),
            "persistentvolumeclaims": str(amounts.volumes),
            "requests.storage": f"{amounts.storage_gib}Gi",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    }


def limit_range(amounts: TenantAmounts) -> dict[str, Any]:
    """Amounts of containers that say nothing, and the most that one container may say."""
    largest_volume = min(max(amounts.storage_gib, 1), MAX_VOLUME_GIB)
    return {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": {
                    "cpu": DEFAULT_CPU,
                    "memory": DEFAULT_MEMORY,
                    "ephemeral-storage": DEFAULT_SCRATCH,
                },
                "default": {
                    "memory": DEFAULT_MEMORY_LIMIT,
                    "ephemeral-storage": DEFAULT_SCRATCH_LIMIT,
                },
                "max": {"memory": f"{amounts.memory_gib}Gi"},
            },
            {
                "type": "PersistentVolumeClaim",
                "min": {"storage": "1Gi"},
                "max": {"storage": f"{largest_volume}Gi"},
            },
        ]
    }
