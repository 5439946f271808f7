"""Waiting for the models of a live stack: `llmp live up` ends when they answer, not before.

The engine is done when the API server has an InferenceService; KServe's controller then makes its
pods, which load the weights.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llm_platform.serving.llm_service_spec import SERVICE_LABEL
from local.errors import LocalCloudError
from local.node.ready import api_of
from local.providers.kubernetes.api import Api
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.model import ProviderError
from local.reporter import Reporter, reported

PATH = "/apis/serving.kserve.io/v1beta1/inferenceservices"
WORKLOADS = ("/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets")
STEP = "models"
SECONDS = 300.0
POLL_SECONDS = 1.0
SETTLE_SECONDS = 4.0
"""So long nothing may be missing. KServe does not say which generation of an InferenceService it
has seen: its `observedGeneration` is a Deployment's, and just after a change all looks ready."""
TELL_SECONDS = 5.0


def wait_until_ready(kubeconfig: Path, reporter: Reporter, seconds: float = SECONDS) -> None:
    """Wait until KServe calls every InferenceService ready, and all its pods are.

    KServe does so as soon as its Deployments are available, which one of a single pod is already
    without it.

    Args:
        kubeconfig: Of somebody who may list them.
        reporter: Told every few seconds what is still missing.
        seconds: How long to wait.

    Raises:
        LocalCloudError: Some are not ready when the time is up: all of them are named, with what
            KServe says they lack; or the API server does not list them.
    """
    api = api_of(kubeconfig)
    begun = told = complete = time.monotonic()
    with reported(reporter, STEP, "Ready"):
        while True:
            missing = lacks(_listed(api, PATH)) or unready(_workloads(api))
            now = time.monotonic()
            complete = now if missing else complete
            if now - complete >= SETTLE_SECONDS:
                return
            if missing and now - begun > seconds:
                raise LocalCloudError(
                    f"Models are not ready after {seconds:.0f} s: {', '.join(missing)}.",
                    "See what their pods say: llmp logs; then run the same command again.",
                    "\n".join(f"{name}: {lack}" for name, lack in missing.items()),
                )
            if missing and now - told > TELL_SECONDS:
                told = now
                reporter.note(STEP, f"waiting for {', '.join(missing)}")
            time.sleep(POLL_SECONDS)


def lacks(services: list[Mapping[str, Any]]) -> dict[str, str]:
    """What each InferenceService lacks that is not ready, by ``namespace/name``."""
    found: dict[str, str] = {}
    for each in services:
        meta, status = mapping(each.get("metadata")), mapping(each.get("status"))
        conditions = mappings(status.get("conditions"))
        ready = any(
            one.get("type") == "Ready" and one.get("status") == "True" for one in conditions
        )
        if not ready:
            said = [
                f"{one.get('type')}: {one.get('message') or one.get('reason') or 'no'}"
                for one in conditions
                if one.get("status") != "True" and one.get("type") not in {"Ready", "Stopped"}
            ]
            name = f"{meta.get('namespace')}/{meta.get('name')}"
            found[name] = "; ".join(said) or "KServe has not looked at it"
    return found


def unready(workloads: list[Mapping[str, Any]]) -> dict[str, str]:
    """Pods that Deployments and StatefulSets lack, by ``namespace/name``."""
    found: dict[str, str] = {}
    for each in workloads:
        meta, status = mapping(each.get("metadata")), mapping(each.get("status"))
        wanted = int(mapping(each.get("spec")).get("replicas") or 0)
        counts = (int(status.get(name) or 0) for name in ("updatedReplicas", "readyReplicas"))
        there, seen = min(counts), status.get("observedGeneration") == meta.get("generation")
        left = int(status.get("replicas") or 0) - wanted
        name = f"{meta.get('namespace')}/{meta.get('name')}"
        if there < wanted or not seen:
            found[name] = f"{there} of {wanted} pods ready"
        elif left > 0:
            found[name] = f"{left} pods are still to go"
    return found


def _workloads(api: Api) -> list[Mapping[str, Any]]:
    return [each for path in WORKLOADS for each in _listed(api, path, SERVICE_LABEL)]


def _listed(api: Api, path: str, label: str = "") -> list[Mapping[str, Any]]:
    query = {"labelSelector": label} if label else {}
    try:
        return list(mappings(api.get(path, **query).get("items")))
    except ProviderError as error:
        raise LocalCloudError(
            "The API server does not list the models and their pods.",
            "See what it says: llmp logs kube-apiserver",
            str(error),
        ) from error
