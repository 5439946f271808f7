"""KEDA, from the manifests that its own release is made of."""

from pathlib import Path
from typing import Any

from local.charts import objects
from local.charts.documents import is_definition
from local.charts.model import Assembled, Manifest, Place, Values

MODULE = "github.com/kedacore/keda/v2"
VERSION = "v2.20.2"
APPLICATION = VERSION.removeprefix("v")

_MONITORED: dict[str, Any] = {"enabled": {}, "serviceMonitor": {"enabled": {}}}
_PARTS: dict[str, Any] = {"operator": {}, "metricServer": {}, "webhooks": {}}
KNOWN: Values = {
    "clusterName": {},
    "crds": {"install": {}},
    "image": {"pullPolicy": {}},
    "operator": {"replicaCount": {}},
    "metricsServer": {"replicaCount": {}},
    "webhooks": {"replicaCount": {}},
    "podDisruptionBudget": _PARTS,
    "resources": _PARTS,
    "topologySpreadConstraints": _PARTS,
    "prometheus": dict.fromkeys(_PARTS, _MONITORED),
}

PARTS = (
    ("operator", "keda-operator", "operator"),
    ("metricServer", "keda-metrics-apiserver", "metricsServer"),
    ("webhooks", "keda-admission", "webhooks"),
)
"""Part, its Deployment, and where its number of replicas stands in the values."""


def assemble(module: Path, values: Values, place: Place) -> Assembled:
    """Operator, metrics server and webhooks."""
    every = objects.without(objects.kustomized(module / "config" / "default"), "Namespace")
    crds = [each for each in every if is_definition(each)]
    made = [each for each in every if not is_definition(each)]
    objects.moved(made, "keda", place.namespace)
    for part, deployment, replicas in PARTS:
        workload = objects.one(made, "Deployment", deployment)
        _set(workload, part, replicas, values)
        made += _extras(workload, part, values, place)
    name = objects.value_at(values, "clusterName")
    if name is not None:
        operator = objects.container_of(objects.one(made, "Deployment", "keda-operator"))
        operator["args"].append(f"--k8s-cluster-name={name}")
    return Assembled(made, crds if objects.value_at(values, "crds.install", True) else [])


def _set(workload: Manifest, part: str, replicas: str, values: Values) -> None:
    objects.sized(
        workload,
        replicas=objects.value_at(values, f"{replicas}.replicaCount"),
        resources=objects.value_at(values, f"resources.{part}"),
        pull_policy=objects.value_at(values, "image.pullPolicy", "Always"),
    )
    container = objects.container_of(workload)
    container["image"] = container["image"].rpartition(":")[0] + f":{APPLICATION}"
    spread = objects.value_at(values, f"topologySpreadConstraints.{part}")
    if spread:
        labels = workload["spec"]["selector"]["matchLabels"]
        constraints = [{**each, "labelSelector": {"matchLabels": labels}} for each in spread]
        objects.pod_of(workload)["topologySpreadConstraints"] = constraints


def _extras(workload: Manifest, part: str, values: Values, place: Place) -> list[Manifest]:
    found: list[Manifest] = []
    name = workload["metadata"]["name"]
    labels = workload["spec"]["selector"]["matchLabels"]
    budget = objects.value_at(values, f"podDisruptionBudget.{part}")
    if budget:
        found.append(objects.disruption_budget(name, place.namespace, labels, budget))
    monitored = f"prometheus.{part}"
    if objects.value_at(values, f"{monitored}.serviceMonitor.enabled", False):
        found.append(
            {
                "apiVersion": objects.MONITORS,
                "kind": "PodMonitor",
                "metadata": {"name": name, "namespace": place.namespace},
                "spec": {
                    "podMetricsEndpoints": [{"port": _metrics_port(workload)}],
                    "selector": {"matchLabels": labels},
                },
            }
        )
    return found


def _metrics_port(workload: Manifest) -> str:
    """Name of the port with the metrics, which is 8080 in every part."""
    ports = objects.container_of(workload)["ports"]
    return next(str(each["name"]) for each in ports if each["containerPort"] == 8080)
