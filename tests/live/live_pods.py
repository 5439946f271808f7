"""Pods of a service on the live platform, and what says how many there should be."""

import json
from datetime import datetime
from typing import Any

from live_platform import NAMESPACE, SERVICE, Platform

SERVER, GATEWAY = "predictor", "transformer"


def pods_of(platform: Platform, part: str, service: str = SERVICE) -> list[dict[str, Any]]:
    """Pods of one part of a service that are not on their way out."""
    labels = f"llm-platform.dev/service={service},component={part}"
    told = platform.kubectl("get", "pods", "-n", NAMESPACE, "-l", labels, "-o", "json")
    return [
        each for each in json.loads(told)["items"] if "deletionTimestamp" not in each["metadata"]
    ]


def ready(pod: dict[str, Any]) -> bool:
    """Whether a pod is asked."""
    return _condition(pod, "Ready") is not None


def start_seconds(pod: dict[str, Any]) -> float:
    """From a pod's creation to ready; by whole seconds, as Kubernetes tells them."""
    became = _condition(pod, "Ready")
    assert became, pod["status"]
    return (became - _time(pod["metadata"]["creationTimestamp"])).total_seconds()


def fetch_seconds(pod: dict[str, Any]) -> float:
    """How long the container ran that has the model at hand before the server starts."""
    (fetch,) = pod["status"]["initContainerStatuses"]
    ended = fetch["state"]["terminated"]
    return (_time(ended["finishedAt"]) - _time(ended["startedAt"])).total_seconds()


def ready_pods(platform: Platform, part: str, service: str = SERVICE) -> int:
    """How many pods of a part are asked."""
    return sum(ready(each) for each in pods_of(platform, part, service))


def names_of(pods: list[dict[str, Any]]) -> set[str]:
    """Their names."""
    return {str(each["metadata"]["name"]) for each in pods}


def read(platform: Platform, kind: str, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    """One object."""
    return dict(json.loads(platform.kubectl("get", kind, name, "-n", namespace, "-o", "json")))


def says(found: dict[str, Any], kind: str) -> bool:
    """Whether a condition of an object is true."""
    return _condition(found, kind) is not None


def _condition(found: dict[str, Any], kind: str) -> datetime | None:
    """Since when a condition is true; none when it is not."""
    for each in found.get("status", {}).get("conditions", []):
        if each["type"] == kind and each["status"] == "True":
            return _time(each.get("lastTransitionTime") or found["metadata"]["creationTimestamp"])
    return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
