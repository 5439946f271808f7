"""What a setting allows and what was given instead, in words; for errors and the reference."""

import typing
from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Any, cast

from pydantic.fields import FieldInfo

from infra.settings_base import Room

_KINDS: Mapping[type, str] = {
    bool: "true | false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def allowed_words(field: FieldInfo, *, of_item: bool = False) -> str:
    """What a field allows, from its own words, its enumeration, its model or its bounds.

    Args:
        field: The field.
        of_item: Whether one item of the field's list is meant.
    """
    if isinstance(field.json_schema_extra, dict):
        words = cast("dict[str, Any]", field.json_schema_extra).get("allowed")
        if words is not None:
            return str(words)
    members = members_of(field.annotation)
    if members:
        return " | ".join(members)
    room = room_in(field.annotation)
    if room is not None:
        keys = ", ".join(each.alias or name for name, each in room.model_fields.items())
        is_list = typing.get_origin(field.annotation) is tuple and not of_item
        return f"a list of mappings with {keys}" if is_list else f"a mapping with {keys}"
    return _bounds(field)


def room_in(annotation: Any) -> type[Room] | None:
    """The model that an annotation holds: itself, or the items of its list."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Room) else None
    for argument in typing.get_args(annotation):
        found = room_in(argument)
        if found is not None:
            return found
    return None


def members_of(annotation: Any) -> list[str]:
    """Values of the enumeration that an annotation holds: itself, or the items of its list."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if typing.get_origin(annotation) in {typing.Union, UnionType, tuple}:
        return [text for part in typing.get_args(annotation) for text in members_of(part)]
    return []


def kind_of(value: object) -> str:
    """What kind of value was given."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    words = {**_KINDS, bool: "true or false"}
    return next((text for kind, text in words.items() if type(value) is kind), "no such value")


def shown(value: object) -> str:
    """A value for an error message, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _bounds(field: FieldInfo) -> str:
    words = _KINDS.get(cast("type", field.annotation), "a value")
    limits = {type(item).__name__: item for item in field.metadata}
    low = next((getattr(limits[n], n.lower()) for n in ("Ge", "Gt") if n in limits), None)
    high = next((getattr(limits[n], n.lower()) for n in ("Le", "Lt") if n in limits), None)
    if low is None or high is None:
        return words
    if "Gt" in limits:
        return f"{words} above {low:,}, up to {high:,}"
    return f"{words} from {low} to {high}"
