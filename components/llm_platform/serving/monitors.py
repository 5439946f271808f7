"""How Prometheus reads a served model's metrics. Pure."""

from typing import Any

from llm_platform.serving.llm_service_spec import SERVICE_LABEL, VARIANT_LABEL, service_part_labels
from llm_platform.serving.routes import Part

Spec = dict[str, Any]

API_VERSION = "monitoring.coreos.com/v1"
SECONDS = 15


def pod_monitor(service: str, part: Part, port: str, path: str = "/metrics") -> Spec:
    """A PodMonitor of one part of both variants.

    Metrics get the labels ``service`` and ``variant``: by these a rollout tells what a candidate
    does from what stable does. Pods are read, not the Service, since a Service would be read
    through whichever pod answers.

    Args:
        service: Name of the served model.
        part: Which pods.
        port: Name of the container's port.
        path: Where the metrics are.
    """
    return {
        "selector": {"matchLabels": service_part_labels(service, part)},
        "podMetricsEndpoints": [
            {
                "port": port,
                "path": path,
                "interval": f"{SECONDS}s",
                "scrapeTimeout": "10s",
                "relabelings": [
                    _from_label(SERVICE_LABEL, "service"),
                    _from_label(VARIANT_LABEL, "variant"),
                ],
            }
        ],
    }


def _from_label(label: str, target: str) -> Spec:
    name = "".join(each if each.isalnum() else "_" for each in label)
    return {
        "action": "replace",
        "sourceLabels": [f"__meta_kubernetes_pod_label_{name}"],
        "targetLabel": target,
    }
