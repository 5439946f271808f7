"""Turning what is wrong with settings into problems: where, what, and what is allowed."""

import json
import typing
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.settings import Settings
from infra.settings_base import Room, partly
from infra.settings_words import allowed_words, kind_of, members_of, room_in, shown
from llm_platform.problems import Problem, did_you_mean, nearest

PROJECT = "llm-platform"
"""Name of the Pulumi project, and the namespace of its own configuration keys."""

PROVIDER_NAMESPACES = ("aws", "kubernetes", "eks", "pulumi")
"""Keys of providers and of the engine are theirs to check."""

Location = tuple[int | str, ...]

_UNJUDGED: typing.Final = object()


def parse(values: Mapping[str, Any]) -> tuple[Settings, list[Problem]]:
    """Check every value by itself.

    Args:
        values: Configuration by full key, ``llm-platform:network`` or ``aws:region``.

    Returns:
        The settings, without what is missing, malformed or misspelt: to ask for that raises
        `UnjudgedError`. And every problem; when there is none, the settings are whole.
    """
    fields = {field.alias or name: (name, field) for name, field in Settings.model_fields.items()}
    full = {_full_key(key): key for key in fields}
    problems = [
        _unknown_key(key, full)
        for key in values
        if key not in full and (not _is_provider_key(key) or _is_misspelt_region(key, values))
    ]
    meant = {nearest(key, full) for key in values if key not in full}
    good: dict[str, Any] = {}
    for full_key, key in full.items():
        name, field = fields[key]
        if full_key in values:
            value, found = _judged(key, field, values[full_key])
        elif field.is_required():
            value, found = _UNJUDGED, [Problem(key, "is missing", allowed_words(field))]
        elif full_key in meant:
            value, found = _UNJUDGED, []
        else:
            value, found = field.get_default(call_default_factory=True), []
        problems += found
        if value is not _UNJUDGED:
            good[name] = value
    return partly(Settings, good), problems


def _full_key(key: str) -> str:
    return key if ":" in key else f"{PROJECT}:{key}"


def _is_provider_key(key: str) -> bool:
    return key.partition(":")[0] in PROVIDER_NAMESPACES and ":" in key


def _is_misspelt_region(key: str, values: Mapping[str, Any]) -> bool:
    return "aws:region" not in values and bool(did_you_mean(key, ["aws:region"]))


def _unknown_key(key: str, full: Mapping[str, str]) -> Problem:
    """A problem of a key of ``config``; keys of the project are told without its name."""
    namespace, _, own = key.rpartition(":")
    path = own if namespace == PROJECT else key
    if namespace == PROJECT:
        near = did_you_mean(own, full.values())
    elif not namespace and _full_key(key) in full:
        near = f"; did you mean {_full_key(key)}?"
    else:
        near = did_you_mean(key, full)
    allowed = full.values() if namespace == PROJECT else full
    return Problem(path, f"is not a known key{near}", " | ".join(sorted(allowed)))


def _judged(key: str, field: FieldInfo, raw: Any) -> tuple[Any, list[Problem]]:
    """The value of one room, as far as it is well-formed, and what is wrong with it."""
    try:
        return _validated(field, raw), []
    except ValidationError as error:
        details = _without_consequences(error.errors(include_url=False))
        problems = [_problem(key, field, each) for each in details]
        return _partial(field, raw, [each["loc"] for each in details]), problems


def _without_consequences(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the length of lists that have a wrong item: only right ones were counted."""
    deeper = {each["loc"][:length] for each in details for length in range(len(each["loc"]))}
    return [each for each in details if each["loc"] not in deeper]


def _validated(field: FieldInfo, raw: Any) -> Any:
    """JSON's rules are strict where it matters: no text becomes a number, no number a text."""
    annotation: Any = field.annotation
    if field.metadata:
        annotation = typing.Annotated[(annotation, *field.metadata)]
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    return adapter.validate_json(json.dumps(raw, default=str), strict=True)


def _partial(field: FieldInfo, raw: Any, wrong: Iterable[Location]) -> Any:
    """`raw` without what stands at the wrong locations; `_UNJUDGED` when nothing is left."""
    locations = list(wrong)
    room = room_in(field.annotation)
    if room is None or () in locations:
        return _UNJUDGED
    if isinstance(raw, Mapping):
        return _partial_room(room, cast("Mapping[str, Any]", raw), locations)
    items: list[Any] = []
    for index, item in enumerate(cast("list[Any]", raw)):
        inner = [each[1:] for each in locations if each[0] == index]
        if not isinstance(item, Mapping):
            return _UNJUDGED
        items.append(_partial_room(room, cast("Mapping[str, Any]", item), inner))
    return tuple(items)


def _partial_room(room: type[Room], raw: Mapping[str, Any], wrong: list[Location]) -> Room:
    keys = [field.alias or name for name, field in room.model_fields.items()]
    meant = {nearest(key, keys) for key in raw if key not in keys}
    good: dict[str, Any] = {}
    for name, field in room.model_fields.items():
        key = field.alias or name
        inner = [each[1:] for each in wrong if each and each[0] == key]
        if key not in raw and (inner or key in meant):
            value = _UNJUDGED
        elif key not in raw:
            value = field.get_default(call_default_factory=True)
        elif inner:
            value = _partial(field, raw[key], inner)
        else:
            value = _validated(field, raw[key])
        if value is not _UNJUDGED:
            good[name] = value
    return partly(room, good)


def _problem(key: str, field: FieldInfo, details: ErrorDetails) -> Problem:
    location = details["loc"]
    path = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    owner, leaf = _walk(field, location)
    given, last = details["input"], location[-1] if location else ""
    if details["type"] == "extra_forbidden" and owner is not None:
        known = [each.alias or name for name, each in owner.model_fields.items()]
        near = did_you_mean(str(last), known)
        return Problem(path, f"is not a known key{near}", " | ".join(sorted(known)))
    allowed = allowed_words(leaf, of_item=isinstance(last, int)) if leaf else details["msg"]
    if details["type"] == "missing":
        return Problem(path, "is missing", allowed)
    digits = kind_of(given) in {"a number", "a whole number"}
    if details["type"] == "string_type" and digits and isinstance(last, str):
        allowed = f"{allowed}; a text of digits stands in quotes"
    if details["type"].endswith("_type"):
        what = "is empty" if given is None else f"{shown(given)} is {kind_of(given)}"
        return Problem(path, what, allowed)
    near = did_you_mean(str(given), members_of(leaf.annotation)) if leaf else ""
    return Problem(path, f"{shown(given)} is not allowed{near}", allowed)


def _walk(field: FieldInfo, location: Location) -> tuple[type[Room] | None, FieldInfo | None]:
    """The model that holds the last key of `location`, and that key's field if it is known."""
    owner: type[Room] | None = None
    leaf: FieldInfo | None = field
    for part in location:
        if isinstance(part, int):
            continue
        model = room_in(leaf.annotation) if leaf is not None else None
        if model is None:
            break
        owner = model
        leaf = next(
            (each for name, each in model.model_fields.items() if (each.alias or name) == part),
            None,
        )
    return owner, leaf
