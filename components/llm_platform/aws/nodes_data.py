"""What every managed node has in common: volumes, metadata service, tags. Pure."""

from dataclasses import dataclass
from typing import Any

MIN_IOPS, MAX_IOPS = 3000, 80_000
MIN_THROUGHPUT, MAX_THROUGHPUT = 125, 2000
MIN_SIZE_GIB, MAX_SIZE_GIB = 20, 65_536
IOPS_PER_THROUGHPUT = 4
"""gp3 gives at most a quarter of a MiB/s for each operation a second."""

ROOT_DEVICE = "/dev/xvda"
BOTTLEROCKET_DATA_DEVICE = "/dev/xvdb"
BOTTLEROCKET_SYSTEM_GIB = 4

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""All that a node's own role needs: pods, the CNI among them, have roles of their own."""
SESSION_MANAGER_POLICY = "AmazonSSMManagedInstanceCore"

TAGGED_WITH_NODE = ("instance", "network-interface", "volume")
"""What EC2 makes with a node; tags of a node group do not reach it."""


@dataclass(frozen=True)
class Volume:
    """A node's gp3 volume.

    Attributes:
        size_gib: Size.
        iops: Operations a second.
        throughput: MiB a second.
    """

    size_gib: int
    iops: int = MIN_IOPS
    throughput: int = MIN_THROUGHPUT


def block_devices(volume: Volume, *, bottlerocket: bool, key_arn: Any = None) -> list[Any]:
    """Block device mappings: encrypted, gone with the node.

    Args:
        volume: Where images and pods' files lie.
        bottlerocket: Whether the system has a small read-only volume of its own.
        key_arn: KMS key of the volumes; None is the account's key for EBS.
    """
    if not bottlerocket:
        return [_device(ROOT_DEVICE, volume, key_arn)]
    return [
        _device(ROOT_DEVICE, Volume(BOTTLEROCKET_SYSTEM_GIB), key_arn),
        _device(BOTTLEROCKET_DATA_DEVICE, volume, key_arn),
    ]


def _device(name: str, volume: Volume, key_arn: Any) -> dict[str, Any]:
    ebs: dict[str, Any] = {
        "volume_type": "gp3",
        "volume_size": volume.size_gib,
        "iops": volume.iops,
        "throughput": volume.throughput,
        "encrypted": "true",
        "delete_on_termination": "true",
    }
    if key_arn is not None:
        ebs["kms_key_id"] = key_arn
    return {"device_name": name, "ebs": ebs}
