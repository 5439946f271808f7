"""JSON schemas from clients: checked before a backend builds a grammar of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from gateway.errors import InvalidRequestError

MAX_BYTES = 32 * 1024
MAX_DEPTH = 24
MAX_REPEATED = 1000
"""Repetitions that a grammar may have to count; each costs the backend memory."""

MAX_PATTERN = 256

_LARGEST = 2**53
ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
_RANGES = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)
_COUNTED = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")


def check_schema(schema: Mapping[str, Any], param: str) -> None:
    """Whether a backend can be given this schema.

    Args:
        schema: JSON schema, draft 2020-12.
        param: Where it is in the request, for errors.

    Raises:
        InvalidRequestError: It is no schema, too big, too deep, refers to other documents or
            counts too far.
    """
    problems: list[str] = []
    for problem in _problems(schema, 0):
        problems.append(problem)
        if len(problems) == 4:
            break
    if not problems:
        try:
            size = len(orjson.dumps(schema))
        except TypeError:
            problems.append("it holds a number that is out of range")
        else:
            if size > MAX_BYTES:
                problems.append(f"it has {size} bytes; allowed are {MAX_BYTES}")
    problems = problems or _not_a_schema(schema) or _unanswerable(schema)
    if problems:
        raise InvalidRequestError(
            f"{param}: {'; '.join(problems)}.", code="invalid_json_schema", param=param
        )


def _not_a_schema(schema: Mapping[str, Any]) -> list[str]:
    check: Any = Draft202012Validator.check_schema
    try:
        check(schema)
    except SchemaError as error:
        where = "/".join(str(step) for step in error.absolute_path) or "its root"
        return [f"at {where} it is not a JSON schema ({error.validator})"]
    except (OverflowError, RecursionError):  # patterns that Python's re cannot even read
        return ["it holds a pattern that cannot be read"]
    return []


def _unanswerable(schema: Mapping[str, Any]) -> list[str]:
    """What nothing can ever match: some backends then answer as if there were no schema."""
    waiting: list[tuple[str, Any]] = [("its root", schema)]
    found: list[str] = []
    while waiting:
        path, node = waiting.pop()
        if node is False:
            found.append(f"at {path} nothing is allowed")
        if not isinstance(node, dict):
            continue
        fields = cast("dict[str, Any]", node)
        found += [
            f"at {path} {low} is more than {high}"
            for low, high in _RANGES
            if _number(fields.get(low)) > _number(fields.get(high), math.inf)
        ]
        if _leads_to_itself(fields, schema):
            found.append(f"at {path} $ref leads to itself")
        waiting += _below(path, fields)
    return found[:4]


def _number(value: Any, default: float = -math.inf) -> float:
    return value if isinstance(value, int | float) else default


def _leads_to_itself(node: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    seen: set[str] = set()
    while isinstance(reference := node.get("$ref"), str):
        if reference in seen:
            return True
        seen.add(reference)
        target: Any = root
        for step in reference.split("/")[1:]:
            target = cast("Any", target.get(step)) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            return False
        node = cast("dict[str, Any]", target)
    return False


def _below(path: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema."""
    for key in ("properties", "$defs", "definitions"):
        named: Any = fields.get(key)
        if isinstance(named, dict):
            for name, each in cast("dict[str, Any]", named).items():
                yield f"{path}/{key}/{name}", each
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        listed: Any = fields.get(key)
        if isinstance(listed, list):
            for index, each in enumerate(cast("list[Any]", listed)):
                yield f"{path}/{key}/{index}", each
    if isinstance(fields.get("items"), dict):
        yield f"{path}/items", fields["items"]


def _problems(value: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield f"it is nested deeper than {MAX_DEPTH}"
    elif isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        yield from _of_fields(fields)
        for each in (*fields, *fields.values()):
            yield from _problems(each, depth + 1)
    elif isinstance(value, list):
        for each in cast("Sequence[Any]", value):
            yield from _problems(each, depth + 1)
    elif isinstance(value, str) and "\0" in value:
        yield "it holds the character NUL"
    elif isinstance(value, int | float) and not abs(value) <= _LARGEST:  # NaN is not, either
        yield "it holds a number beyond 2^53"


def _of_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in ("$ref", "$dynamicRef"):
        target = fields.get(name)
        if isinstance(target, str) and not target.startswith("#"):
            yield f"{name} must refer to this schema itself (#…)"
    patterns: Any = fields.get("patternProperties")
    named = cast("dict[str, Any]", patterns) if isinstance(patterns, dict) else {}
    for pattern in (fields.get("pattern"), *named):
        if isinstance(pattern, str) and len(pattern) > MAX_PATTERN:
            yield f"a pattern must have at most {MAX_PATTERN} characters"
    for name in _COUNTED:
        count = fields.get(name)
        if isinstance(count, int | float) and count > MAX_REPEATED:
            yield f"{name} must be at most {MAX_REPEATED}"
