"""Types and bounds of single values, in the words of an error message. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

Schema = Mapping[str, Any]

_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_LONGEST_SHOWN = 60
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


def wrong_type(value: Any, schema: Schema) -> str:
    """What is wrong with the type; empty when nothing is."""
    if _is_int_or_string(schema):
        right = _is_integer(value) or isinstance(value, str)
        return "" if right else f"is {_of(value)}; allowed: an integer or a text"
    wanted = schema.get("type")
    if wanted is None or wanted == "" or _TYPES[wanted](value):
        return ""
    return f"is {_of(value)}; allowed: {_NAMES[wanted]}"


def wrong_value(value: Any, schema: Schema) -> Iterator[str]:
    """What is wrong with a value whose type is right."""
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        yield f"is {shown(value)}; allowed: {' | '.join(str(each) for each in allowed)}"
    if isinstance(value, str):
        yield from _text(value, schema)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(value, schema)
    elif isinstance(value, list):
        yield from _size(len(cast("list[Any]", value)), schema, "Items", "items")
    elif isinstance(value, dict):
        yield from _size(len(cast("dict[str, Any]", value)), schema, "Properties", "fields")


def shown(value: Any) -> str:
    """A value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _text(value: str, schema: Schema) -> Iterator[str]:
    yield from _size(len(value), schema, "Length", "characters")
    pattern = schema.get("pattern")
    if pattern is not None:
        form = _compiled(pattern)
        if form is not None and not form.search(value):
            yield f"is {shown(value)}; allowed: text of the form {pattern}"
    if schema.get("format") == "date-time" and not _DATE_TIME.match(value):
        yield f"is {shown(value)}; allowed: a moment such as 2026-11-24T12:00:00Z"


def _number(value: float, schema: Schema) -> Iterator[str]:
    low, high = _BOUNDS.get(str(schema.get("format")), (None, None))
    low, high = schema.get("minimum", low), schema.get("maximum", high)
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        yield f"is {value}; allowed: {_over(schema, 'Minimum', 'more than', 'at least')} {low}"
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        yield f"is {value}; allowed: {_over(schema, 'Maximum', 'less than', 'at most')} {high}"
    step = schema.get("multipleOf")
    if step and value % step:
        yield f"is {value}; allowed: multiples of {step}"


def _over(schema: Schema, bound: str, exclusive: str, inclusive: str) -> str:
    return exclusive if schema.get(f"exclusive{bound}") else inclusive


def _size(size: int, schema: Schema, noun: str, words: str) -> Iterator[str]:
    low, high = schema.get(f"min{noun}"), schema.get(f"max{noun}")
    if low is not None and size < low:
        yield f"has {size} {words}; allowed: at least {low}"
    if high is not None and size > high:
        yield f"has {size} {words}; allowed: at most {high}"


def _is_int_or_string(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-int-or-string")) or (
        schema.get("format") == "int-or-string"
    )


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_a(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": _is_a(dict),
    "array": _is_a(list),
    "string": _is_a(str),
    "boolean": _is_a(bool),
    "integer": _is_integer,
    "number": _is_number,
}

_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
}


def _of(value: Any) -> str:
    """A wrong value with its type, so that ``"3"`` and ``3`` are told apart."""
    for kind, fits in _TYPES.items():
        if kind != "number" and fits(value):
            noun = _NAMES[kind]
            return noun if kind in {"object", "array"} else f"{shown(value)}, {noun}"
    return shown(value)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A schema's pattern; None where it is of a form that Python does not know."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
