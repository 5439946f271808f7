"""Deletion, awaited to its end."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local import patience
from local.providers.kubernetes.api import Api, ApiError, UnreachableError
from local.providers.kubernetes.discovery import ResourceKind
from local.providers.kubernetes.objects import PROPAGATION, annotations, metadata
from local.providers.kubernetes.trees import mapping, mappings, sequence
from local.providers.kubernetes.waiting import condition, seconds
from local.providers.model import ProviderError

DEFAULT_SECONDS = 600.0
FIRST_POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 1.0
NUDGE_SECONDS = 15.0
"""When a CRD that does not go is nudged for the first time; each further time takes twice as long,
since every change of a CRD costs the API server a second or so of work."""

NUDGED = "llm-platform.dev/deletion-nudged"
MERGE = "application/merge-patch+json"

CONTENT = ("NamespaceFinalizersRemaining", "NamespaceContentRemaining", "Terminating")
"""Conditions that say what a namespace or a CRD under deletion waits for."""

OWNERS = frozenset({"CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"})
"""Kinds whose objects go after what they own, as with the official provider.

It deletes every kind so, but then the garbage collector must have looked at the object, and of a
kind that came with a CRD it learns only within half a minute. What an operator made goes soon
after its custom resource instead of before.
"""


def remove(
    api: Api, kind: ResourceKind, path: str, given: Mapping[str, Any], timeout: float
) -> None:
    """Delete an object and wait until it is gone; one that is gone already is a success.

    Args:
        api: The API server.
        kind: Kind of the object.
        path: Where it lies.
        given: The inputs that it was made with.
        timeout: In seconds, 0 for the default; the object's annotation goes before it.

    Raises:
        ProviderError: It is still there when the time is up; names its finalizers.
    """
    is_definition = kind.kind == "CustomResourceDefinition"
    if is_definition:
        _warm(api, path)
    default = "Foreground" if kind.kind in OWNERS else "Background"
    policy = str(annotations(given).get(PROPAGATION, default)).capitalize()
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy}
    try:
        answer = api.request("DELETE", path, body=body)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return
        raise
    uid = metadata(answer).get("uid") or mapping(answer.get("details")).get("uid")
    begun = time.monotonic()
    deadline = begun + seconds(given, timeout, DEFAULT_SECONDS)
    next_nudge, pause = NUDGE_SECONDS, FIRST_POLL_SECONDS
    while True:
        left = api.find_metadata(path)
        if left is None or metadata(left).get("uid") != uid:
            return
        now = time.monotonic()
        if now >= deadline:
            raise ProviderError(_held(api.find(path) or left))
        if is_definition and now - begun > next_nudge:
            _nudge(api, path)
            next_nudge *= 2
        try:
            patience.pause(max(0.0, min(pause, deadline - now)))
        except patience.StoppedError as error:
            raise ProviderError(f"it is being deleted; {error} for it to go") from None
        pause = min(pause * 2, LONGEST_POLL_SECONDS)


def _held(left: Mapping[str, Any]) -> str:
    spec = mapping(left.get("spec"))
    finalizers = [*sequence(metadata(left).get("finalizers")), *sequence(spec.get("finalizers"))]
    text = "it was deleted but is still there; finalizers that hold it: "
    text += ", ".join(map(str, finalizers)) or "none"
    found = (condition(left, name) for name in CONTENT)
    told = [str(each.get("message", "")) for each in found if each]
    return "; ".join([text, *filter(None, told)])


def _warm(api: Api, path: str) -> None:
    """Have the API server load the storage of a CRD's objects.

    Its cleanup lists them at once, fails when nobody had asked for one before, and may then try
    again only after five minutes.
    """
    crd = api.find(path)
    if crd is None or "deletionTimestamp" in metadata(crd):
        return
    spec = mapping(crd.get("spec"))
    plural = mapping(spec.get("names")).get("plural")
    served = [each["name"] for each in mappings(spec.get("versions")) if each.get("served")]
    established = condition(crd, "Established") or {}
    if not served or established.get("status") != "True":
        return
    try:
        api.find_metadata(f"/apis/{spec['group']}/{served[0]}/{plural}?limit=1")
    except (ApiError, UnreachableError):
        # it was for speed only
        return


def _nudge(api: Api, path: str) -> None:
    """Change a CRD under deletion, so that the API server's cleanup looks at it again."""
    noted = {"metadata": {"annotations": {NUDGED: str(time.time())}}}
    try:
        api.request("PATCH", path, body=noted, content_type=MERGE)
    except (ApiError, UnreachableError):
        # it went meanwhile, or the server is too busy: it is waited for all the same
        return
