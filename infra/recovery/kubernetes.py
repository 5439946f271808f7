"""Kubernetes: an object is its kind, namespace and name; a Helm release is Helm's record of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.recovery.decide import at
from infra.recovery.model import Condition, Found, Unfinished
from infra.recovery.search import CannotTellError
from local.providers.kubernetes.api import Api
from local.providers.kubernetes.discovery import Discovery, UnknownKindError
from local.providers.kubernetes.objects import object_id, parse_token

RELEASE = "kubernetes:helm.sh/v3:Release"
PATCH = "Patch"
MANAGER = "pulumi-kubernetes"
"""How every field manager of the provider begins."""

NATURAL = ("metadata.namespace", "metadata.name")
RELEASE_NATURAL = ("namespace", "name")

_RELEASE_STATES = {
    "deployed": Condition.READY,
    "superseded": Condition.READY,
    "uninstalling": Condition.ENDING,
    "uninstalled": Condition.ENDING,
}


def natural(kind: str) -> tuple[str, ...]:
    """Inputs that name an object of a type."""
    return RELEASE_NATURAL if kind == RELEASE else NATURAL


def is_patch(kind: str) -> bool:
    """Whether a type changes fields of an object that somebody else makes."""
    return kind.endswith(PATCH) and kind != "kubernetes:core/v1:Patch"


def find(unfinished: Unfinished, api: Api, default_namespace: str) -> Sequence[Found]:
    """What stands under the name of an object or release.

    Raises:
        CannotTellError: No name was recorded.
        ProviderError: The API server refuses or cannot be reached.
    """
    if unfinished.type == RELEASE:
        return _release(unfinished, api, default_namespace)
    if is_patch(unfinished.type):
        return []
    token = parse_token(unfinished.type)
    name = _text(unfinished, "metadata.name")
    try:
        kind = Discovery(api).find(token.api_version, token.kind)
    except UnknownKindError:
        return []  # the kind went, and every object of it
    namespace = None
    if kind.namespaced:
        namespace = str(at(unfinished.inputs, "metadata.namespace") or default_namespace)
    seen = api.find(kind.path(namespace, name))
    return [] if seen is None else [_object(object_id(namespace, name), seen)]


def _object(identifier: str, seen: Mapping[str, Any]) -> Found:
    meta: Mapping[str, Any] = seen["metadata"]
    managers = [str(each.get("manager", "")) for each in meta.get("managedFields") or ()]
    going = meta.get("deletionTimestamp") is not None
    return Found(
        identifier,
        condition=Condition.ENDING if going else Condition.READY,
        ours=True if any(each.startswith(MANAGER) for each in managers) else None,
        made=datetime.fromisoformat(str(meta["creationTimestamp"])),
        status="Terminating" if going else "",
    )


def _release(unfinished: Unfinished, api: Api, default_namespace: str) -> Sequence[Found]:
    name = _text(unfinished, "name")
    namespace = str(at(unfinished.inputs, "namespace") or default_namespace)
    listed = api.get(
        f"/api/v1/namespaces/{namespace}/secrets", labelSelector=f"owner=helm,name={name}"
    )
    records: list[Mapping[str, Any]] = listed.get("items") or []
    if not records:
        return []
    newest = max(records, key=lambda each: int(each["metadata"]["labels"].get("version", 0)))
    status = str(newest["metadata"]["labels"].get("status", ""))
    return [
        Found(
            object_id(namespace, name),
            condition=_RELEASE_STATES.get(status, Condition.FAILED),
            ours=None,
            made=datetime.fromisoformat(str(newest["metadata"]["creationTimestamp"])),
            status=status,
        )
    ]


def _text(unfinished: Unfinished, path: str) -> str:
    value = at(unfinished.inputs, path)
    if not isinstance(value, str) or not value:
        raise CannotTellError(f"the recorded inputs have no {path}")
    return value


ApiOf = Callable[[Unfinished], tuple[Api, str]]
"""Gives the API server of an operation, and its default namespace."""
