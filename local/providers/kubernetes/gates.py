"""Gates of what a release installed: it is ready when its webhooks answer, not when its pods run.

A webhook is reached through a Service with endpoints that are ready, and trusted by a bundle of
certificates that somebody puts into its configuration. When both are there, an object of its
kind is tried: a dry run that the API server carries to the webhook and back.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from local import patience
from local.charts.model import Manifest
from local.providers.kubernetes.api import ApiError, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.readiness import missing
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.model import ProviderError

GATE_SECONDS = 120.0
PAUSE_SECONDS = 0.5
CONFIGURATIONS = {
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
}
DOWN = ("failed calling webhook", "no endpoints available", "failed to call webhook")
"""How the API server says that a webhook does not answer."""

_CONTAINER = {"name": "kserve-container", "image": "example.invalid/none:0"}
_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gate"}
SAMPLES: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]] = {
    ("cert-manager.io", "issuers"): ("cert-manager.io/v1 Issuer", {"selfSigned": {}}),
    ("serving.kserve.io", "servingruntimes"): (
        "serving.kserve.io/v1alpha1 ServingRuntime",
        {"disabled": True, "containers": [_CONTAINER]},
    ),
    ("serving.kserve.io", "inferenceservices"): (
        "serving.kserve.io/v1beta1 InferenceService",
        {"predictor": {"containers": [_CONTAINER]}},
    ),
    ("keda.sh", "scaledobjects"): (
        "keda.sh/v1alpha1 ScaledObject",
        {
            "scaleTargetRef": {"name": "gate"},
            "triggers": [
                {
                    "type": "cron",
                    "metadata": {
                        "timezone": "UTC", "start": "0 0 * * *", "end": "1 0 * * *",
                        "desiredReplicas": "1",
                    },
                }
            ],
        },
    ),
    ("autoscaling.k8s.io", "verticalpodautoscalers"): (
        "autoscaling.k8s.io/v1 VerticalPodAutoscaler",
        {"targetRef": _TARGET, "updatePolicy": {"updateMode": "Off"}},
    ),
}  # fmt: skip
"""Objects that are tried, by group and plural: their kind, and a spec that nothing refuses."""


def pass_gates(
    cluster: Cluster, manifests: Iterable[Manifest], namespace: str, seconds: float
) -> None:
    """Wait until every webhook of a release answers.

    Args:
        cluster: The API server.
        manifests: What the release made.
        namespace: Where samples are tried; nothing is made there.
        seconds: How long to wait at most; 0 means `GATE_SECONDS`.

    Raises:
        ProviderError: One does not; names it and what it lacks.
        StoppedError: The request was told to end.
    """
    names = [
        (CONFIGURATIONS[str(each["kind"])], str(each["metadata"]["name"]))
        for each in manifests
        if each.get("kind") in CONFIGURATIONS
    ]
    deadline = time.monotonic() + min(seconds or GATE_SECONDS, GATE_SECONDS)
    for plural, name in names:
        while True:
            lack = _lack(cluster, plural, name, namespace)
            if not lack:
                break
            if time.monotonic() > deadline:
                raise ProviderError(f"webhook {name} does not answer: {lack}")
            patience.pause(PAUSE_SECONDS)


def _lack(cluster: Cluster, plural: str, name: str, namespace: str) -> str:
    path = f"/apis/admissionregistration.k8s.io/v1/{plural}/{name}"
    try:
        live = cluster.api.find(path)
        if live is None:
            return ""  # its chart makes it in some other way, or a controller took it back
        for webhook in mappings(live.get("webhooks")):
            lack = _of_webhook(cluster, webhook) or _of_sample(cluster, webhook, namespace)
            if lack:
                return lack
    except UnreachableError as error:
        return str(error)
    return ""


def _of_webhook(cluster: Cluster, webhook: Mapping[str, Any]) -> str:
    client = mapping(webhook.get("clientConfig"))
    service = mapping(client.get("service"))
    if not service:
        return ""
    room, name = service.get("namespace"), service.get("name")
    found = cluster.api.find(f"/api/v1/namespaces/{room}/services/{name}")
    if found is None:
        return f"its Service {room}/{name} does not exist"
    found = {**found, "apiVersion": "v1", "kind": "Service"}
    lack = missing(found, cluster.api.find)
    if lack is not None:
        return f"its Service {room}/{name}: {lack.text}"
    if not client.get("caBundle"):
        return "nobody has put the certificates (caBundle) into its configuration yet"
    return ""


def _of_sample(cluster: Cluster, webhook: Mapping[str, Any], namespace: str) -> str:
    for rule in mappings(webhook.get("rules")):
        for group in rule.get("apiGroups") or ():
            for plural in rule.get("resources") or ():
                sample = SAMPLES.get((group, plural))
                lack = _tried(cluster, plural, *sample, namespace) if sample else ""
                if lack:
                    return lack
    return ""


def _tried(
    cluster: Cluster, plural: str, kind: str, spec: Mapping[str, Any], namespace: str
) -> str:
    """What keeps a sample from being judged; a refusal is a judgement too."""
    api_version, _, name = kind.partition(" ")
    body = {
        "apiVersion": api_version,
        "kind": name,
        "metadata": {"name": "llm-platform-gate", "namespace": namespace},
        "spec": spec,
    }
    path = f"/apis/{api_version}/namespaces/{namespace}/{plural}"
    try:
        cluster.api.request("POST", path, query={"dryRun": "All"}, body=body)
    except ApiError as error:
        text = str(error)
        return text if any(words in text for words in DOWN) else ""
    return ""
