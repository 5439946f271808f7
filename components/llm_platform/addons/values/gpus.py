"""Values of what makes GPUs usable and visible. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.merge import merge_values
from llm_platform.addons.values.common import GPU_NODES, Values, resources
from llm_platform.gpu.advertiser import operator_values


def gpu_operator(context: AddonContext) -> Values:
    """Device plugin, discovery and metrics of GPUs. Driver and toolkit are in the node's image.

    Multi-instance GPUs are laid out when a node is made, never on a running one, so the manager
    that would restart kubelet for it is off.
    """
    agent = resources("50m", "128Mi", "512Mi")
    small = resources("10m", "64Mi", "256Mi")
    own: Values = {
        "cdi": {"enabled": True},
        "mig": {"strategy": "single"},
        "migManager": {"enabled": False},
        "ccManager": {"enabled": False},
        "sandboxWorkloads": {"enabled": False},
        "daemonsets": {"tolerations": GPU_NODES},
        "operator": {
            "upgradeCRD": True,
            "cleanupCRD": False,
            "resources": resources("100m", "256Mi", "512Mi"),
        },
        "validator": {"resources": small},
        "devicePlugin": {"resources": small},
        "gfd": {"enabled": True, "resources": small},
        "nfd": {"enabled": True},
        "dcgmExporter": {
            "enabled": True,
            "resources": agent,
            "enablePodLabels": True,
            "serviceMonitor": {"enabled": True, "interval": "15s"},
        },
        "node-feature-discovery": {
            "master": {"resources": resources("20m", "128Mi", "512Mi")},
            "gc": {"resources": small},
            "worker": {"tolerations": GPU_NODES, "resources": small},
        },
    }
    return merge_values(own, operator_values(context.gpu_pools))


def nvidia_device_plugin(_context: AddonContext) -> Values:
    """The device plugin alone, on the nodes whose pool says so."""
    only = {"key": "nvidia.com/gpu.deploy.device-plugin", "operator": "In", "values": ["false"]}
    gpus = {"key": "llm-platform.dev/gpu-count", "operator": "Exists"}
    terms = [{"matchExpressions": [only, gpus]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {
        "gfd": {"enabled": False},
        "nfd": {"enabled": False},
        "affinity": {"nodeAffinity": required},
        "tolerations": GPU_NODES,
        "resources": resources("20m", "64Mi", "256Mi"),
    }


def efa_device_plugin(_context: AddonContext) -> Values:
    """EFA interfaces as a resource, on GPU nodes that have them."""
    return {"tolerations": GPU_NODES, "resources": resources("10m", "20Mi", "64Mi")}
