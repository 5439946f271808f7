"""Turning what is wrong with settings into problems: where, what, and what is allowed."""

import difflib
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.settings import Room, Settings
from infra.settings_rules import RULES, Rooms
from llm_platform.problems import Problem


def parse(rooms: Mapping[str, Any]) -> tuple[Settings | None, list[Problem]]:
    """Check every room by itself, then the rules over all rooms that are well-formed.

    Returns:
        The settings, or none when a room is missing or malformed; and every problem.
    """
    fields = {field.alias or name: (name, field) for name, field in Settings.model_fields.items()}
    problems = [_unknown(key, "", list(fields)) for key in rooms if key not in fields]
    good: dict[str, Any] = {}
    for key, (name, field) in fields.items():
        if key not in rooms:
            if field.is_required():
                problems.append(Problem(key, "is missing", _allowed(field)))
            else:
                good[name] = field.get_default(call_default_factory=True)
            continue
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(_annotation(field))
            good[name] = adapter.validate_python(rooms[key], strict=False)
        except ValidationError as error:
            problems += [_problem(key, field, details) for details in error.errors()]
    known = Rooms(good)
    for rule in RULES:
        problems += rule(known)
    settings = Settings.model_construct(**good) if len(good) == len(fields) else None
    return settings, problems


def _annotation(field: FieldInfo) -> Any:
    if not field.metadata:
        return field.annotation
    return typing.Annotated[(field.annotation, *field.metadata)]


def _problem(key: str, field: FieldInfo, details: ErrorDetails) -> Problem:
    location = details["loc"]
    path = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    owner, leaf = _walk(field, location)
    if details["type"] == "extra_forbidden" and owner is not None:
        known = [each.alias or name for name, each in owner.model_fields.items()]
        return _unknown(path, str(location[-1]), known)
    allowed = _allowed(leaf) if leaf is not None else details["msg"]
    if details["type"] == "missing":
        return Problem(path, "is missing", allowed)
    return Problem(path, f"{_shown(details['input'])} is not allowed", allowed)


def _unknown(path: str, key: str, known: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(key or path, known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Problem(path, f"is not a known key{hint}", " | ".join(sorted(known)))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _walk(
    field: FieldInfo, location: tuple[int | str, ...]
) -> tuple[type[Room] | None, FieldInfo | None]:
    """The model that holds the last key of `location`, and that key's field if it is known."""
    owner: type[Room] | None = None
    leaf: FieldInfo | None = field
    for part in location:
        if isinstance(part, int):
            continue
        model = _room_in(leaf.annotation) if leaf is not None else None
        if model is None:
            break
        owner = model
        leaf = next(
            (each for name, each in model.model_fields.items() if (each.alias or name) == part),
            None,
        )
    return owner, leaf


def _room_in(annotation: Any) -> type[Room] | None:
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Room) else None
    for argument in typing.get_args(annotation):
        found = _room_in(argument)
        if found is not None:
            return found
    return None


def _allowed(field: FieldInfo) -> str:
    """What a field allows, from its own words, its enumeration, or its bounds."""
    if isinstance(field.json_schema_extra, dict):
        words = cast("dict[str, Any]", field.json_schema_extra).get("allowed")
        if words is not None:
            return str(words)
    members = _members(field.annotation)
    if members:
        return " | ".join(members)
    room = _room_in(field.annotation)
    if room is not None:
        keys = ", ".join(each.alias or name for name, each in room.model_fields.items())
        listed = typing.get_origin(field.annotation) is tuple
        return f"a list of mappings with {keys}" if listed else f"a mapping with {keys}"
    return _bounds(field)


def _bounds(field: FieldInfo) -> str:
    kind = {int: "a whole number", float: "a number", bool: "true | false", str: "a text"}
    words = kind.get(cast("type", field.annotation), "a value")
    limits = {type(item).__name__: item for item in field.metadata}
    low = next((getattr(limits[n], n.lower()) for n in ("Ge", "Gt") if n in limits), None)
    high = next((getattr(limits[n], n.lower()) for n in ("Le", "Lt") if n in limits), None)
    if low is not None and high is not None:
        between = "more than" if "Gt" in limits else "from"
        return f"{words} {between} {low} to {high}".replace("more than 0 to", "above 0, up to")
    return words


def _members(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if typing.get_origin(annotation) in {typing.Union, UnionType}:
        return [text for part in typing.get_args(annotation) for text in _members(part)]
    return []
