"""What keeps pods from running, in words: the cause that helm's own error does not name."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.providers.kubernetes.api import ApiError, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.objects import metadata
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.kubernetes.waiting import condition

HARMLESS = frozenset({"ContainerCreating", "PodInitializing"})
MOST = 3


def pod_troubles(cluster: Cluster, namespace: str) -> list[str]:
    """What the pods of a namespace lack right now, the first few of them; empty when nothing."""
    try:
        found = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods")
    except (ApiError, UnreachableError):
        return []  # it was for the words of an error only
    told = [words for pod in mappings(found.get("items")) for words in _of_pod(pod)]
    return told[:MOST]


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    name = metadata(pod).get("name")
    status = mapping(pod.get("status"))
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        yield f"pod {name} has no node: {scheduled.get('message')}"
    for key in ("initContainerStatuses", "containerStatuses"):
        for each in mappings(status.get(key)):
            yield from _of_container(str(name), each)


def _of_container(pod: str, status: Mapping[str, Any]) -> Iterator[str]:
    state = mapping(status.get("state"))
    waiting = mapping(state.get("waiting"))
    reason = waiting.get("reason")
    where = f"pod {pod}, container {status.get('name')} (image {status.get('image')})"
    if reason and reason not in HARMLESS:
        ended = mapping(mapping(status.get("lastState")).get("terminated"))
        message = ended.get("message") or waiting.get("message") or ""
        yield f"{where}: {reason} {message}".strip()
