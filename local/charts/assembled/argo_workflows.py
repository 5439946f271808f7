"""Argo Workflows, from the manifests of its cluster-wide installation.

What the chart names differently is renamed, so that a person finds what the chart's documentation
names. The server is left out: its image is made with a web build that no Go module carries.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from local.charts import objects
from local.charts.model import Assembled, Manifest, Place, Values

MODULE = "github.com/argoproj/argo-workflows/v4"
VERSION = "v4.0.5"
CONTROLLER_IMAGE = f"quay.io/argoproj/workflow-controller:{VERSION}"
EXECUTOR_IMAGE = f"quay.io/argoproj/argoexec:{VERSION}"

CONTROLLER = "argo-workflows-workflow-controller"
CONFIGURATION = f"{CONTROLLER}-configmap"
METRICS_PORT = 9090
SERVICE_PORT = 8080
LEFT_OUT = ("argo-server: its image needs a web build that the Go module does not carry",)

_CONTAINER: Values = {"resources": {}, "securityContext": {}}
KNOWN: Values = {
    "crds": {"install": {}, "keep": {}, "full": {}},
    "images": {"pullPolicy": {}},
    "useStaticCredentials": {},
    "workflow": {
        "serviceAccount": {"create": {}, "name": {}, "annotations": {}},
        "rbac": {"create": {}},
    },
    "controller": {
        "replicas": {},
        "pdb": {"enabled": {}, "minAvailable": {}},
        "resources": {},
        "podSecurityContext": {},
        "workflowNamespaces": {},
        "parallelism": {},
        "namespaceParallelism": {},
        "workflowRestrictions": {},
        "workflowDefaults": {},
        "metricsConfig": {"enabled": {}, "port": {}},
        "serviceMonitor": {"enabled": {}, "additionalLabels": {}},
    },
    "mainContainer": _CONTAINER,
    "executor": _CONTAINER,
    "server": {},
    "artifactRepository": {"archiveLogs": {}, "s3": {}},
}

Renames = Mapping[tuple[str, str], str]


def assemble(module: Path, values: Values, place: Place) -> Assembled:
    """The controller, its configuration, and what workflows run as."""
    manifests = module / "manifests"
    made = [
        each
        for each in objects.kustomized(manifests / "cluster-install-no-crds")
        if "argo-server" not in each["metadata"]["name"]
    ]
    objects.moved(made, "argo", place.namespace)
    controller = objects.one(made, "Deployment", "workflow-controller")
    _controller(controller, values, place)
    configuration = objects.one(made, "ConfigMap", "workflow-controller-configmap")
    configuration["metadata"]["name"] = CONFIGURATION
    configuration["data"] = {"config": yaml.safe_dump(_configuration(values, place))}
    made += _around(controller, values, place)
    made += _of_workflows(values, place)
    full = objects.value_at(values, "crds.full", True)
    crds: list[Manifest] = []
    if objects.value_at(values, "crds.install", True):
        crds = objects.read(manifests / "base" / "crds", "full" if full else "minimal")
    kept = [each for each in crds if each.get("kind") == "CustomResourceDefinition"]
    return Assembled(made, kept, LEFT_OUT)


def _controller(workload: Manifest, values: Values, place: Place) -> None:
    workload["metadata"]["name"] = CONTROLLER
    pull = objects.value_at(values, "images.pullPolicy", "Always")
    objects.sized(
        workload,
        replicas=objects.value_at(values, "controller.replicas"),
        resources=objects.value_at(values, "controller.resources"),
        pull_policy=pull,
    )
    context = objects.value_at(values, "controller.podSecurityContext")
    if context:
        objects.pod_of(workload)["securityContext"] = context
    container = objects.container_of(workload)
    container["image"] = CONTROLLER_IMAGE
    container["args"] = [
        f"--configmap={CONFIGURATION}",
        f"--executor-image={EXECUTOR_IMAGE}",
        f"--executor-image-pull-policy={pull}",
        "--loglevel=info",
    ]
    del place


def _configuration(values: Values, place: Place) -> dict[str, Any]:
    controller: Mapping[str, Any] = values.get("controller") or {}
    found: dict[str, Any] = {
        key: controller[key]
        for key in (
            "parallelism",
            "namespaceParallelism",
            "workflowRestrictions",
            "workflowDefaults",
        )
        if controller.get(key) is not None
    }
    for key in ("mainContainer", "executor"):
        if values.get(key):
            found[key] = dict(values[key])
    if objects.value_at(values, "controller.metricsConfig.enabled", False):
        port = objects.value_at(values, "controller.metricsConfig.port", METRICS_PORT)
        found["metricsConfig"] = {
            "enabled": True,
            "path": "/metrics",
            "port": port,
            "secure": False,
        }
    repository = values.get("artifactRepository")
    if repository:
        found["artifactRepository"] = {**repository, "s3": _store(repository["s3"], place)}
    return found


def _store(given: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The bucket; Argo's client is told where AWS is, since no variable tells it."""
    if not place.aws_endpoint:
        return dict(given)
    address = urlsplit(place.aws_endpoint)
    return {**given, "endpoint": address.netloc, "insecure": address.scheme == "http"}


def _around(workload: Manifest, values: Values, place: Place) -> list[Manifest]:
    found: list[Manifest] = []
    labels = workload["spec"]["selector"]["matchLabels"]
    if objects.value_at(values, "controller.pdb.enabled", False):
        least = {"minAvailable": objects.value_at(values, "controller.pdb.minAvailable", 1)}
        found.append(objects.disruption_budget(CONTROLLER, place.namespace, labels, least))
    if objects.value_at(values, "controller.metricsConfig.enabled", False):
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {
                    "name": CONTROLLER,
                    "namespace": place.namespace,
                    "labels": dict(labels),
                },
                "spec": {
                    "selector": dict(labels),
                    "ports": [{"name": "metrics", "port": SERVICE_PORT, "targetPort": "metrics"}],
                },
            }
        )
    if objects.value_at(values, "controller.serviceMonitor.enabled", False):
        monitor = objects.service_monitor(CONTROLLER, place.namespace, labels, "metrics")
        extra = objects.value_at(values, "controller.serviceMonitor.additionalLabels")
        if extra:
            monitor["metadata"]["labels"] = dict(extra)
        found.append(monitor)
    return found


def _of_workflows(values: Values, place: Place) -> list[Manifest]:
    """What workflows run as: they report the result of each step."""
    if not objects.value_at(values, "workflow.serviceAccount.create", False):
        return []
    name = objects.value_at(values, "workflow.serviceAccount.name", "argo-workflow")
    about = {"name": name, "namespace": place.namespace}
    account: Manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": dict(about)}
    if not objects.value_at(values, "workflow.rbac.create", True):
        return [account]
    rbac = "rbac.authorization.k8s.io"
    rules = [
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflowtaskresults"],
            "verbs": ["create", "patch"],
        },
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflowtasksets", "workflowartifactgctasks"],
            "verbs": ["list", "watch"],
        },
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflowtasksets/status", "workflowartifactgctasks/status"],
            "verbs": ["patch"],
        },
    ]
    role = {
        "apiVersion": f"{rbac}/v1",
        "kind": "Role",
        "metadata": dict(about),
        "rules": rules,
    }
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": dict(about),
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", **about}],
    }
    return [account, role, binding]
