"""Pieces that the values of several charts share. Pure."""

from typing import Any

from llm_platform.addons.context import AddonContext

Values = dict[str, Any]

MONITORING = "monitoring"
PROMETHEUS_SERVICE = "kube-prometheus-stack-prometheus"
LOKI_URL = "http://loki-gateway.loki.svc.cluster.local"
JAEGER_QUERY_URL = "http://jaeger.jaeger.svc.cluster.local:16686"
JAEGER_OTLP = "jaeger.jaeger.svc.cluster.local:4317"

EVERY_NODE: list[dict[str, str]] = [{"operator": "Exists"}]
"""Tolerations of agents that must run on every node, GPU nodes among them. Nothing else
tolerates the taint of GPU nodes."""

GPU_NODES: list[dict[str, str]] = [
    {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
]
"""Tolerations of agents that run on GPU nodes."""

RESTRICTED_POD: Values = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""Pod security context of charts whose own falls short of the restricted level."""

RESTRICTED_CONTAINER: Values = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
"""Container security context of charts whose own falls short of the restricted level."""


def resources(cpu: str, memory: str, limit: str | None = None) -> Values:
    """Requests, and a limit of memory; CPU is not limited, so that idle CPUs can be used."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit or memory}}


def disruption_budget(context: AddonContext) -> Values:
    """A budget that lets one pod go at a time, where there is more than one."""
    if context.large:
        return {"enabled": True, "minAvailable": 1}
    return {"enabled": False}


def over_zones(labels: dict[str, str]) -> list[Values]:
    """Replicas spread over zones, as far as there are nodes there."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
    ]


def claim(context: AddonContext, size: str) -> Values:
    """Template of a persistent volume claim."""
    return {
        "spec": {
            "storageClassName": context.storage_class,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        }
    }


def required(value: Any, what: str, addon: str) -> Any:
    """`value`, which this add-on cannot do without.

    Raises:
        ValueError: There is none; `check_context` tells people before it comes to this.
    """
    if value is None:
        message = f"{addon} needs {what}"
        raise ValueError(message)
    return value
