"""When an object is ready, kind by kind, as the official provider waits for it. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from local.providers.kubernetes.objects import SKIP_AWAIT, WAIT_FOR, annotations, is_annotated

Live = Mapping[str, Any]


def missing(live: Live) -> str:
    """What `live` still lacks, in words; empty when it is ready or nothing is waited for."""
    if is_annotated(live, SKIP_AWAIT):
        return ""
    wanted = annotations(live).get(WAIT_FOR)
    if wanted:
        return _unmet(str(wanted), live)
    judge = _JUDGES.get((_group(live), str(live.get("kind"))))
    return judge(live) if judge else ""


def _group(live: Live) -> str:
    version = str(live.get("apiVersion", ""))
    return version.rpartition("/")[0]


def _status(live: Live) -> Live:
    return cast("Live", live.get("status") or {})


def _spec(live: Live) -> Live:
    return cast("Live", live.get("spec") or {})


def condition(live: Live, name: str) -> Live | None:
    """The condition of that type, if the object has it."""
    conditions = cast("list[Live]", _status(live).get("conditions") or [])
    return next((each for each in conditions if each.get("type") == name), None)


def _is_stale(live: Live) -> bool:
    generation = live.get("metadata", {}).get("generation", 0)
    return int(_status(live).get("observedGeneration", 0)) < int(generation)


def _namespace(live: Live) -> str:
    phase = _status(live).get("phase")
    return "" if phase == "Active" else f"phase is {phase or 'not set'}, not Active"


def _deployment(live: Live) -> str:
    if _is_stale(live):
        return "the controller has not seen it yet"
    status, wanted = _status(live), int(_spec(live).get("replicas", 1))
    ready = min(int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0)))
    if ready >= wanted and int(status.get("replicas", 0)) <= wanted:
        return ""
    progress = condition(live, "Progressing") or {}
    return (
        f"{ready} of {wanted} replicas are up to date and available. {progress.get('message', '')}"
    )


def _stateful_set(live: Live) -> str:
    if _is_stale(live):
        return "the controller has not seen it yet"
    status, wanted = _status(live), int(_spec(live).get("replicas", 1))
    ready = min(int(status.get("updatedReplicas", 0)), int(status.get("readyReplicas", 0)))
    return "" if ready >= wanted else f"{ready} of {wanted} replicas are up to date and ready"


def _daemon_set(live: Live) -> str:
    if _is_stale(live):
        return "the controller has not seen it yet"
    status = _status(live)
    wanted = int(status.get("desiredNumberScheduled", 0))
    ready = min(int(status.get("updatedNumberScheduled", 0)), int(status.get("numberReady", 0)))
    return "" if ready >= wanted else f"{ready} of {wanted} nodes have a ready pod"


def _pod(live: Live) -> str:
    phase = _status(live).get("phase")
    ready = condition(live, "Ready") or {}
    if phase == "Succeeded" or ready.get("status") == "True":
        return ""
    return f"phase is {phase}, not ready. {ready.get('message', '')}"


def _job(live: Live) -> str:
    failed = condition(live, "Failed") or {}
    if failed.get("status") == "True":
        return f"it failed: {failed.get('message', '')}"
    complete = condition(live, "Complete") or {}
    return "" if complete.get("status") == "True" else "it has not completed"


def _claim(live: Live) -> str:
    phase = _status(live).get("phase")
    # a claim of a class that binds late stays pending until a pod uses it
    return "" if phase in {"Bound", "Pending"} else f"phase is {phase}"


def _definition(live: Live) -> str:
    refused = condition(live, "NamesAccepted") or {}
    if refused.get("status") == "False":
        return f"its names are not accepted: {refused.get('message', '')}"
    established = condition(live, "Established") or {}
    return "" if established.get("status") == "True" else "it is not established"


def _service(live: Live) -> str:
    if _spec(live).get("type") != "LoadBalancer":
        return ""
    balancer = cast("Live", _status(live).get("loadBalancer") or {})
    return "" if balancer.get("ingress") else "no load balancer has been given to it"


_JUDGES: dict[tuple[str, str], Callable[[Live], str]] = {
    ("", "Namespace"): _namespace,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}


def _unmet(wanted: str, live: Live) -> str:
    """The first of the conditions in a waitFor annotation that does not hold."""
    expressions: list[str] = [wanted]
    if wanted.lstrip().startswith("["):
        expressions = [str(each) for each in json.loads(wanted)]
    return next((each for each in expressions if not _holds(each, live)), "")


def _holds(expression: str, live: Live) -> bool:
    kind, _, rest = expression.partition("=")
    if kind == "condition":
        name, _, value = rest.partition("=")
        found = condition(live, name) or {}
        return str(found.get("status", "")).lower() == (value or "True").lower()
    if kind == "jsonpath":
        path, _, value = rest.partition("=")
        found = _at(path.strip("{}"), live)
        return found is not None and (not value or str(found) == value)
    raise ValueError(f"pulumi.com/waitFor: {expression!r} is neither condition=… nor jsonpath=…")


def _at(path: str, live: Live) -> Any:
    value: Any = live
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value
