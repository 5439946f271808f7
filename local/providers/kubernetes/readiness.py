"""When an object is ready, kind by kind, as the official provider waits for it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.providers.kubernetes.objects import SKIP_AWAIT, WAIT_FOR, annotations, is_annotated
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.kubernetes.waiting import condition, unmet

Live = Mapping[str, Any]
Look = Callable[[str], Live | None]
"""Reads what lies at a path of the API server; None when there is nothing."""

SERVICE_LABEL = "kubernetes.io/service-name"
UNSEEN = "its controller has not seen it yet"


@dataclass(frozen=True)
class Lack:
    """What an object lacks to be ready.

    Attributes:
        text: In words.
        is_final: It will never get there by waiting.
    """

    text: str
    is_final: bool = False


def missing(live: Live, look: Look) -> Lack | None:
    """What `live` still lacks; None when it is ready or nothing is waited for.

    Args:
        live: The object.
        look: For kinds whose readiness stands in other objects.
    """
    if is_annotated(live, SKIP_AWAIT):
        return None
    wanted = annotations(live).get(WAIT_FOR)
    if wanted:
        return _lack(unmet(str(wanted), live))
    group = str(live.get("apiVersion", "")).rpartition("/")[0]
    judge = _JUDGES.get((group, str(live.get("kind"))))
    return judge(live, look) if judge else None


def unhealthy(live: Live, look: Look) -> Lack | None:
    """What an object lacks that was ready once, for the kinds that are judged when they are read.

    These are workloads and what leads to them, as the official provider has it.
    """
    group = str(live.get("apiVersion", "")).rpartition("/")[0]
    return missing(live, look) if (group, str(live.get("kind"))) in _JUDGED_WHEN_READ else None


def _lack(text: str) -> Lack | None:
    return Lack(text) if text else None


def _status(live: Live) -> Live:
    return mapping(live.get("status"))


def _spec(live: Live) -> Live:
    return mapping(live.get("spec"))


def _count(holder: Live, name: str, default: int = 0) -> int:
    return int(holder.get(name, default))


def _is_stale(live: Live) -> bool:
    return _count(_status(live), "observedGeneration") < _count(
        mapping(live.get("metadata")), "generation"
    )


def _namespace(live: Live, _look: Look) -> Lack | None:
    phase = _status(live).get("phase")
    return None if phase == "Active" else Lack(f"phase is {phase or 'not set'}, not Active")


def _deployment(live: Live, _look: Look) -> Lack | None:
    if _is_stale(live):
        return Lack(UNSEEN)
    status, wanted = _status(live), _count(_spec(live), "replicas", 1)
    ready = min(_count(status, "updatedReplicas"), _count(status, "availableReplicas"))
    if ready >= wanted and _count(status, "replicas") <= wanted:
        return None
    progress = condition(live, "Progressing") or {}
    is_final = progress.get("status") == "False"
    message = str(progress.get("message", ""))
    return Lack(f"{ready} of {wanted} replicas are up to date and available. {message}", is_final)


def _stateful_set(live: Live, _look: Look) -> Lack | None:
    if _is_stale(live):
        return Lack(UNSEEN)
    status, wanted = _status(live), _count(_spec(live), "replicas", 1)
    ready = min(_count(status, "updatedReplicas"), _count(status, "readyReplicas"))
    if ready >= wanted:
        return None
    return Lack(f"{ready} of {wanted} replicas are up to date and ready")


def _daemon_set(live: Live, _look: Look) -> Lack | None:
    if _is_stale(live):
        return Lack(UNSEEN)
    status = _status(live)
    wanted = _count(status, "desiredNumberScheduled")
    ready = min(_count(status, "updatedNumberScheduled"), _count(status, "numberReady"))
    return None if ready >= wanted else Lack(f"{ready} of {wanted} nodes have a ready pod")


def _pod(live: Live, _look: Look) -> Lack | None:
    status = _status(live)
    phase, ready = status.get("phase"), condition(live, "Ready") or {}
    if phase == "Succeeded" or ready.get("status") == "True":
        return None
    message = str(ready.get("message") or status.get("message") or "")
    return Lack(f"phase is {phase}, not ready. {message}", is_final=phase == "Failed")


def _job(live: Live, _look: Look) -> Lack | None:
    failed = condition(live, "Failed") or {}
    if failed.get("status") == "True":
        return Lack(f"it failed: {failed.get('message', '')}", is_final=True)
    complete = condition(live, "Complete") or {}
    if complete.get("status") == "True" or _spec(live).get("suspend") is True:
        return None
    return Lack("it has not completed")


def _claim(live: Live, look: Look) -> Lack | None:
    phase = _status(live).get("phase")
    if phase == "Bound":
        return None
    name = _spec(live).get("storageClassName")
    store = look(f"/apis/storage.k8s.io/v1/storageclasses/{name}") if name else None
    late = (store or {}).get("volumeBindingMode") == "WaitForFirstConsumer"
    # such a claim is bound when a pod uses it, which comes after it
    if phase == "Pending" and late:
        return None
    return Lack(f"phase is {phase}, not Bound", is_final=phase == "Lost")


def _definition(live: Live, _look: Look) -> Lack | None:
    names = condition(live, "NamesAccepted") or {}
    if names.get("status") == "False":
        return Lack(f"its names are not accepted: {names.get('message', '')}", is_final=True)
    established = condition(live, "Established") or {}
    return None if established.get("status") == "True" else Lack("it is not established")


def _service(live: Live, look: Look) -> Lack | None:
    spec = _spec(live)
    if spec.get("type") == "LoadBalancer":
        balancer = mapping(_status(live).get("loadBalancer"))
        if not balancer.get("ingress"):
            return Lack("no load balancer has been given to it")
    by_name_only = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None"
    if by_name_only or not spec.get("selector"):
        return None
    meta = mapping(live.get("metadata"))
    path = f"/apis/discovery.k8s.io/v1/namespaces/{meta.get('namespace')}/endpointslices"
    slices = look(f"{path}?labelSelector={SERVICE_LABEL}%3D{meta.get('name')}") or {}
    if any(_serves(each) for each in mappings(slices.get("items"))):
        return None
    return Lack("no ready pod stands behind it: its selector fits none, or they are not ready")


def _serves(endpoint_slice: Live) -> bool:
    """Whether one of the endpoints is ready; one that does not say so is."""
    return any(
        mapping(each.get("conditions")).get("ready") is not False
        for each in mappings(endpoint_slice.get("endpoints"))
    )


def _ingress(live: Live, _look: Look) -> Lack | None:
    balancer = mapping(_status(live).get("loadBalancer"))
    return None if balancer.get("ingress") else Lack("no address has been given to it")


_JUDGED_WHEN_READ = frozenset(
    {
        ("", "Pod"),
        ("", "Service"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
        ("networking.k8s.io", "Ingress"),
    }
)

Judge = Callable[[Live, Look], Lack | None]

_JUDGES: dict[tuple[str, str], Judge] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
}
