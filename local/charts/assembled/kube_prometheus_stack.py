"""A stand-in of kube-prometheus-stack: the operator and one Prometheus, under the chart's names.

From the operator's module come its Deployment and its rights; the Prometheus is what the chart
would make of the same values.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.charts import objects
from local.charts.model import Assembled, Manifest, Place, Values
from local.providers.kubernetes.trees import mapping

MODULE = "github.com/prometheus-operator/prometheus-operator"
VERSION = "v0.93.1"
PROMETHEUS = "v3.14.0"
OPERATOR_IMAGE = f"quay.io/prometheus-operator/prometheus-operator:{VERSION}"
RELOADER_IMAGE = f"quay.io/prometheus-operator/prometheus-config-reloader:{VERSION}"
PROMETHEUS_IMAGE = f"quay.io/prometheus/prometheus:{PROMETHEUS}"

OWNER = "kube-prometheus-stack"
OPERATOR = f"{OWNER}-operator"
INSTANCE = f"{OWNER}-prometheus"

LEFT_OUT = (
    "Alertmanager, Grafana, kube-state-metrics, node exporter: no module carries their charts",
    "the default rules and the operator's admission webhook",
)

OPEN = ("ruleSelector", "serviceMonitorSelector", "podMonitorSelector", "probeSelector",
        "scrapeConfigSelector")  # fmt: skip
"""Selectors that are open when the chart's ``…NilUsesHelmValues`` is false."""
SPEC = (
    "additionalArgs", "additionalScrapeConfigs", "enableAdminAPI", "enableFeatures",
    "enableOTLPReceiver", "enableRemoteWriteReceiver", "evaluationInterval", "externalLabels",
    "externalUrl", "logLevel", "nodeSelector", "priorityClassName", "remoteWrite", "replicas",
    "resources", "retention", "retentionSize", "scrapeInterval", "scrapeTimeout", "shards",
    "tolerations", "walCompression",
)  # fmt: skip
"""Values that are fields of the Prometheus as they are."""
_OTHERS = ("podAntiAffinity", "storageSpec")

KNOWN: Values = {
    "crds": {},
    "kubeEtcd": {},
    "kubeControllerManager": {},
    "kubeScheduler": {},
    "kubeProxy": {},
    "defaultRules": {},
    "alertmanager": {},
    "grafana": {},
    "kube-state-metrics": {},
    "kubeStateMetrics": {},
    "nodeExporter": {},
    "prometheus-node-exporter": {},
    "prometheusOperator": {
        "resources": {},
        "admissionWebhooks": {},
        "prometheusConfigReloader": {"resources": {}},
    },
    "prometheus": {
        "podDisruptionBudget": {"enabled": {}, "minAvailable": {}},
        "prometheusSpec": {
            **{key: {} for key in (*SPEC, *_OTHERS)},
            **{f"{key}NilUsesHelmValues": {} for key in OPEN},
        },
    },
}


def assemble(module: Path, values: Values, place: Place) -> Assembled:
    """The operator and its Prometheus."""
    rbac = module / "example" / "rbac"
    operator = objects.read(rbac, "prometheus-operator")
    objects.moved(operator, "default", place.namespace)
    _rename(operator, "prometheus-operator", OPERATOR)
    _operator(objects.one(operator, "Deployment", OPERATOR), values)
    of_prometheus = objects.without(objects.read(rbac, "prometheus"), "Prometheus")
    objects.moved(of_prometheus, "default", place.namespace)
    _rename(of_prometheus, "prometheus", INSTANCE)
    account = objects.one(of_prometheus, "ServiceAccount", INSTANCE)
    account["metadata"]["namespace"] = place.namespace
    return Assembled([*operator, *of_prometheus, *_instance(values, place)], [], LEFT_OUT)


def crds_only(module: Path, values: Values, place: Place) -> Assembled:
    """The chart that is nothing but definitions."""
    del values, place
    return Assembled([], objects.read(module, "example/prometheus-operator-crd"))


def _rename(found: list[Manifest], old: str, new: str) -> None:
    for each in found:
        if each["metadata"]["name"] == old:
            each["metadata"]["name"] = new
        reference = each.get("roleRef")
        if reference and reference["name"] == old:
            reference["name"] = new
        for subject in each.get("subjects", ()):
            if subject["name"] == old:
                subject["name"] = new


def _operator(workload: Manifest, values: Values) -> None:
    objects.pod_of(workload)["serviceAccountName"] = OPERATOR
    container = objects.container_of(workload)
    container["image"] = OPERATOR_IMAGE
    container["imagePullPolicy"] = "IfNotPresent"
    container["resources"] = objects.value_at(
        values, "prometheusOperator.resources", container["resources"]
    )
    reloader = objects.value_at(values, "prometheusOperator.prometheusConfigReloader.resources", {})
    container["args"] = [
        f"--prometheus-config-reloader={RELOADER_IMAGE}",
        "--watch-referenced-objects-in-all-namespaces=true",
        "--disable-unmanaged-prometheus-configuration=true",
        "--kubelet-endpoints=false",
        *_reloader_args(reloader),
    ]


def _reloader_args(resources: Mapping[str, Any]) -> list[str]:
    return [
        f"--config-reloader-{what}-{bound}={mapping(resources.get(f'{bound}s')).get(what, 0)}"
        for what in ("cpu", "memory")
        for bound in ("request", "limit")
    ]


def _instance(values: Values, place: Place) -> list[Manifest]:
    given: Mapping[str, Any] = objects.value_at(values, "prometheus.prometheusSpec", {})
    spec: dict[str, Any] = {
        "image": PROMETHEUS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "version": PROMETHEUS,
        "replicas": 1,
        "portName": "http-web",
        "serviceAccountName": INSTANCE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 2000,
            "fsGroup": 2000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "storage": given.get("storageSpec") or {"emptyDir": {}},
        **{key: given[key] for key in SPEC if given.get(key) is not None},
    }
    for selector in OPEN:
        own = given.get(f"{selector}NilUsesHelmValues", True)
        spec[selector] = {"matchLabels": {"release": place.release}} if own else {}
        spec[f"{selector.removesuffix('Selector')}NamespaceSelector"] = {}
    about = {"name": INSTANCE, "namespace": place.namespace}
    labels = {
        "app.kubernetes.io/name": "prometheus",
        "operator.prometheus.io/name": INSTANCE,
    }
    made: list[Manifest] = [
        {
            "apiVersion": objects.MONITORS,
            "kind": "Prometheus",
            "metadata": dict(about),
            "spec": spec,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**about, "labels": {"app": INSTANCE, "self-monitor": "true"}},
            "spec": {
                "selector": labels,
                "ports": [{"name": "http-web", "port": 9090, "targetPort": "http-web"}],
            },
        },
        objects.service_monitor(INSTANCE, place.namespace, {"app": INSTANCE}, "http-web"),
    ]
    if objects.value_at(values, "prometheus.podDisruptionBudget.enabled", False):
        least = {
            "minAvailable": objects.value_at(
                values, "prometheus.podDisruptionBudget.minAvailable", 1
            )
        }
        made.append(objects.disruption_budget(INSTANCE, place.namespace, labels, least))
    return made
