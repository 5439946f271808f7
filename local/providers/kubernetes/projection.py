"""The inputs that would make an object what it is: what Read tells the engine. Pure."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from local.providers.kubernetes.objects import (
    LAST_APPLIED,
    Manifest,
    annotations,
    is_secret,
    metadata,
)
from local.providers.kubernetes.ownership import UNKNOWN_FIELDS, Fields, applied, fields_of
from local.providers.kubernetes.quantities import is_quantity, same_quantity
from local.providers.kubernetes.trees import mapping, sequence

SERVER_FIELDS = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""Metadata that the API server fills in."""

Path = tuple[str, ...]


def as_inputs(live: Mapping[str, Any], wanted: Mapping[str, Any], manager: str) -> Manifest:
    """The inputs that would make the object what it is.

    Args:
        live: The object as the API server has it, managed fields included.
        wanted: The inputs of the last run; only what they set is reported, since the rest is
            the API server's or somebody else's. Empty for an import.
        manager: Our field manager.
    """
    if not wanted:
        return _imported(live, manager)
    fields = fields_of(live, manager)
    shown = dict(live)
    if live.get("kind") == "Secret":
        data = mapping(live.get("data"))
        if "stringData" in wanted:
            # it can only be written; what it says is in the data
            shown["stringData"] = _decoded(data)
        if "data" in wanted and data:
            shown["data"] = _spelt_alike(data, mapping(wanted["data"]))
    return _project_object(shown, mapping(dict(wanted)), fields, ())


def _imported(live: Mapping[str, Any], manager: str) -> Manifest:
    """What somebody set, as far as that is known; otherwise everything."""
    meta = metadata(live)
    last = annotations(live).get(LAST_APPLIED)
    found = applied(live, manager)
    if found is None and last:
        found = cast("Manifest", json.loads(str(last)))
    if found is None:
        kept = {key: value for key, value in meta.items() if key not in SERVER_FIELDS}
        return {**{k: v for k, v in live.items() if k != "status"}, "metadata": kept}
    named = {key: meta[key] for key in ("name", "namespace") if key in meta}
    given = {**mapping(found.get("metadata")), **named}
    if not given.get("annotations"):
        given.pop("annotations", None)
    named_kind = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": given}
    if is_secret(live):
        # what was written as text is data now
        return {**found, **named_kind, "data": mapping(live.get("data"))}
    return {**found, **named_kind}


def _decoded(data: Mapping[str, str]) -> dict[str, str]:
    decoded: dict[str, str] = {}
    for key, value in data.items():
        try:
            decoded[key] = base64.b64decode(value).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded[key] = value
    return decoded


def _spelt_alike(data: Mapping[str, str], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`data` in the program's spelling where that means the same: base64 may hold line ends."""
    return {
        key: wanted[key] if _bytes(wanted.get(key)) in {_bytes(value)} - {None} else value
        for key, value in data.items()
    }


def _bytes(value: Any) -> bytes | None:
    try:
        return base64.b64decode("".join(str(value).split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _project(live: Any, wanted: Any, fields: Fields, path: Path) -> Any:
    """What `live` has at the places that `wanted` sets."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return _project_object(mapping(live), mapping(wanted), fields, path)
    if isinstance(wanted, list) and isinstance(live, list):
        return _project_list(sequence(live), sequence(wanted), fields, path)
    given = cast("Any", wanted)
    return given if is_quantity(path) and same_quantity(live, given) else live


def _project_object(
    live: Mapping[str, Any], wanted: Mapping[str, Any], fields: Fields, path: Path
) -> dict[str, Any]:
    projected: dict[str, Any] = {}
    for key, value in wanted.items():
        inner = UNKNOWN_FIELDS if path == () and key == "stringData" else fields.below(key)
        if key in live:
            projected[key] = _project(live[key], value, inner, (*path, key))
        elif is_empty(value) and inner.is_mine:
            # The API server leaves out what is empty and remembers that it was set; it forgets
            # that when somebody removes what had been there.
            projected[key] = value
    return projected


def _project_list(live: list[Any], wanted: list[Any], fields: Fields, path: Path) -> list[Any]:
    keys = fields.keys() or (frozenset({"name"}) if not fields.known else frozenset[str]())
    if keys and all(isinstance(item, dict) for item in (*live, *wanted)):
        return _project_items(live, wanted, keys, fields, path)
    if fields.is_set():
        return [item for item in wanted if item in live]
    return [
        _project(item, wanted[index], fields, path) if index < len(wanted) else item
        for index, item in enumerate(live)
    ]


def _project_items(
    live: list[Any], wanted: list[Any], keys: frozenset[str], fields: Fields, path: Path
) -> list[Any]:
    """Items merged by keys: ours in our order; those of others are none of our business."""
    left = list(live)
    projected: list[Any] = []
    for item in wanted:
        match = _match(left, item, keys)
        if match is not None:
            left.remove(match)
            projected.append(_project_object(match, item, fields.item(match), path))
    return projected if fields.keys() else projected + left


def _match(live: Sequence[Any], item: Mapping[str, Any], keys: frozenset[str]) -> Any:
    """The item of `live` with the same keys; a key that the program leaves out has a default."""
    given = {key: item[key] for key in keys if key in item}
    return next((have for have in live if all(have.get(k) == v for k, v in given.items())), None)


def is_empty(value: Any) -> bool:
    """Whether the API server may leave the value out."""
    return value is None or value in ("", [], {}) or value is False or value == 0
