"""Unfinished operations and known ids, read from an exported deployment. Pure."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from infra.recovery.model import Operation, Origin, Resource, Unfinished

LONGEST_RUN = timedelta(hours=1)
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # how the engine marks one


def resources_of(deployment: Mapping[str, Any]) -> list[Resource]:
    """The resources of a deployment."""
    return cast("list[Resource]", deployment.get("resources") or [])


def operations_of(deployment: Mapping[str, Any]) -> list[Resource]:
    """The operations of a deployment that had not ended when it was written."""
    return cast("list[Resource]", deployment.get("pending_operations") or [])


def unfinished_operations(
    deployment: Mapping[str, Any],
    shown: Mapping[str, Any] | None = None,
    began: datetime | None = None,
) -> list[Unfinished]:
    """The operations of a deployment.

    Args:
        deployment: As exported, with secrets encrypted; its resources are what is written back.
        shown: The same with secrets in plain text, to look with; `deployment` when left out.
        began: When the run that died began, if known. Otherwise it is taken to have begun an
            hour before its last checkpoint.

    Returns:
        One entry for each operation, without doubles: an engine that was run again carries the
        operations of earlier runs on.
    """
    last = written(deployment)
    since = began or (last - LONGEST_RUN if last else None)
    plain = operations_of(shown if shown is not None else deployment)
    found: dict[tuple[str, str], Unfinished] = {}
    for operation, readable in zip(operations_of(deployment), plain, strict=True):
        resource = cast("Resource", operation["resource"])
        inputs = revealed(readable["resource"].get("inputs") or {})
        key = (str(operation["type"]), str(resource["urn"]))
        found[key] = Unfinished(Operation(operation["type"]), Origin.STATE, resource, inputs, since)
    return list(found.values())


def known_ids(resources: Iterable[Resource], kind: str) -> frozenset[str]:
    """Ids of one type that are in the state; not those that were deleted to be replaced."""
    return frozenset(
        str(each["id"])
        for each in resources
        if each["type"] == kind and each.get("id") and not each.get("pendingReplacement")
    )


def live(resources: Iterable[Resource], urn: str) -> Resource | None:
    """The resource that is in use under a URN: not one that waits to be deleted or replaced."""
    for each in resources:
        if each["urn"] == urn and not each.get("delete") and not each.get("pendingReplacement"):
            return each
    return None


def provider_of(resources: Iterable[Resource], reference: str) -> Resource | None:
    """The provider that ``URN::ID`` refers to."""
    urn, _, identifier = reference.rpartition("::")
    for each in resources:
        if each["urn"] == urn and each.get("id") == identifier:
            return each
    return None


def written(deployment: Mapping[str, Any]) -> datetime | None:
    """When the engine wrote the deployment."""
    manifest = cast("Mapping[str, Any]", deployment.get("manifest") or {})
    try:
        return datetime.fromisoformat(str(manifest["time"]))
    except (KeyError, ValueError):
        return None


def revealed(value: Any) -> Any:
    """A property value with secrets replaced by what they hold, if that is readable."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        if mapping.get(SIGNATURE) == SECRET:
            return _plain(mapping)
        return {key: revealed(each) for key, each in mapping.items()}
    if isinstance(value, list):
        return [revealed(each) for each in cast("list[Any]", value)]
    return value


def _plain(secret: Mapping[str, Any]) -> Any:
    text = secret.get("plaintext")
    return json.loads(text) if isinstance(text, str) else None
