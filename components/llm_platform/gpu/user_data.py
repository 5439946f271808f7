"""Start configuration of GPU nodes: what EKS's own is merged with. Pure.

Both aim at the same: large images arrive fast, the system keeps room of its own, and pods get
time to finish when a node goes.
"""

import base64
import json
from typing import Any

from llm_platform.gpu.catalogue import GpuInstanceType
from llm_platform.gpu.kinds import GpuAmiFamily

PARALLEL_PULLS = 4
SHUTDOWN_SECONDS = 120
SHUTDOWN_CRITICAL_SECONDS = 30
RESERVED_CPU = "200m"
RESERVED_MEMORY = "512Mi"
IMAGE_GC_HIGH_PERCENT = 85
IMAGE_GC_LOW_PERCENT = 75

_BOUNDARY = "LLM-PLATFORM-NODE"


def user_data(family: GpuAmiFamily, instance_types: list[GpuInstanceType]) -> str:
    """User data of a launch template, in base64 as EC2 takes it.

    Args:
        family: Operating system of the nodes.
        instance_types: Types of the pool; what only some can do is left off.
    """
    fast = all(instance_type.can_pull_fast for instance_type in instance_types)
    disks = all(instance_type.nvme_gb > 0 for instance_type in instance_types)
    if GpuAmiFamily(family) is GpuAmiFamily.BOTTLEROCKET:
        text = bottlerocket_settings(fast_pull=fast, local_disks=disks)
    else:
        text = mime_message(node_config(fast_pull=fast, local_disks=disks))
    return base64.b64encode(text.encode()).decode()


def node_config(*, fast_pull: bool, local_disks: bool) -> dict[str, Any]:
    """The NodeConfig that nodeadm merges with the one from EKS."""
    spec: dict[str, Any] = {
        "kubelet": {
            "config": {
                "imageGCHighThresholdPercent": IMAGE_GC_HIGH_PERCENT,
                "imageGCLowThresholdPercent": IMAGE_GC_LOW_PERCENT,
                "maxParallelImagePulls": PARALLEL_PULLS,
                "serializeImagePulls": False,
                "shutdownGracePeriod": f"{SHUTDOWN_SECONDS}s",
                "shutdownGracePeriodCriticalPods": f"{SHUTDOWN_CRITICAL_SECONDS}s",
                "systemReserved": {"cpu": RESERVED_CPU, "memory": RESERVED_MEMORY},
            }
        }
    }
    if fast_pull:
        spec["featureGates"] = {"FastImagePull": True}
    if local_disks:
        spec["instance"] = {"localStorage": {"strategy": "RAID0"}}
    return {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec}


def mime_message(config: dict[str, Any]) -> str:
    """A MIME message with one NodeConfig; JSON is YAML too, and needs no emitter."""
    return "\n".join(
        [
            "MIME-Version: 1.0",
            f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"',
            "",
            f"--{_BOUNDARY}",
            "Content-Type: application/node.eks.aws",
            "",
            json.dumps(config, indent=2, sort_keys=True),
            f"--{_BOUNDARY}--",
            "",
        ]
    )


def bottlerocket_settings(*, fast_pull: bool, local_disks: bool) -> str:
    """Bottlerocket's settings in TOML, merged with those from EKS."""
    lines = [
        "[settings.kubernetes]",
        f'image-gc-high-threshold-percent = "{IMAGE_GC_HIGH_PERCENT}"',
        f'image-gc-low-threshold-percent = "{IMAGE_GC_LOW_PERCENT}"',
        f'shutdown-grace-period = "{SHUTDOWN_SECONDS}s"',
        f'shutdown-grace-period-for-critical-pods = "{SHUTDOWN_CRITICAL_SECONDS}s"',
        "",
        "[settings.kubernetes.system-reserved]",
        f'cpu = "{RESERVED_CPU}"',
        f'memory = "{RESERVED_MEMORY}"',
    ]
    if fast_pull:
        plugin = "settings.container-runtime-plugins.soci-snapshotter"
        lines += [
            "",
            "[settings.container-runtime]",
            'snapshotter = "soci"',
            "",
            f"[{plugin}]",
            'pull-mode = "parallel-pull-unpack"',
            "",
            f"[{plugin}.parallel-pull-unpack]",
            "max-concurrent-downloads-per-image = 10",
            "max-concurrent-unpacks-per-image = 10",
        ]
    if local_disks:
        folders = ["/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"]
        if fast_pull:
            folders.append("/var/lib/soci-snapshotter")
        bind = ["apiclient", "ephemeral-storage", "bind", "--dirs", *folders]
        commands = [["apiclient", "ephemeral-storage", "init"], bind]
        lines += [
            "",
            "[settings.bootstrap-commands.local-disks]",
            f"commands = {json.dumps(commands)}",
            "essential = true",
            'mode = "always"',
        ]
    return "\n".join([*lines, ""])
