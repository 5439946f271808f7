"""JSON schemas that llama.cpp can hold an answer to. Pure.

llama.cpp answers without any constraint when it cannot make a grammar of a schema, and says so in
its log only. So what it cannot do is refused here, by name.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

MAX_DEPTH = 24
MAX_NODES = 2000
MAX_COUNT = 1000
"""Highest number of characters or items that a schema may count to."""

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
NOTES = ("title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated")
"""Keywords that say nothing about what is allowed."""
SUPPORTED = sorted(
    {
        "type",
        "enum",
        "const",
        "anyOf",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "prefixItems",
        "$ref",
        "$defs",
        "definitions",
        *COUNTS,
        *BOUNDS,
    }
)


def schema_problems(schema: Any, where: str) -> list[str]:
    """What keeps a schema from being used.

    Args:
        schema: As parsed from JSON.
        where: Its path, for the messages.
    """
    if not isinstance(schema, dict):
        return [f"{where} must be a JSON schema that is an object"]
    root = cast("dict[str, Any]", schema)
    problems: list[str] = []
    for seen, (path, node, depth) in enumerate(_nodes(root, where)):
        if depth > MAX_DEPTH or seen >= MAX_NODES:
            problems.append(
                f"{where} is too large; allowed: {MAX_DEPTH} levels, {MAX_NODES} schemas"
            )
            break
        problems += _node_problems(path, node, root)
    return problems


def _nodes(root: dict[str, Any], where: str) -> Iterator[tuple[str, Any, int]]:
    """Every schema in a schema, with its path and depth."""
    waiting: list[tuple[str, Any, int]] = [(where, root, 0)]
    while waiting:
        path, node, depth = waiting.pop()
        yield path, node, depth
        if isinstance(node, dict):
            below = _below(cast("dict[str, Any]", node))
            waiting += [(f"{path}.{step}", each, depth + 1) for step, each in below]


def _below(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("properties", "$defs", "definitions"):
        value = node.get(key)
        if isinstance(value, dict):
            for name, each in cast("dict[str, Any]", value).items():
                yield f"{key}.{name}", each
    for key in ("anyOf", "prefixItems"):
        value = node.get(key)
        if isinstance(value, list):
            for index, each in enumerate(cast("list[Any]", value)):
                yield f"{key}[{index}]", each
    for key in ("items", "additionalProperties"):
        if key in node:
            yield key, node[key]


def _node_problems(path: str, node: Any, root: dict[str, Any]) -> list[str]:
    if isinstance(node, bool):
        return []
    if not isinstance(node, dict):
        return [f"{path} must be an object, true or false"]
    schema = cast("dict[str, Any]", node)
    problems = [
        f"{path}: {key!r} is not supported; supported: {', '.join(SUPPORTED)}"
        for key in schema
        if key not in SUPPORTED and key not in NOTES
    ]
    problems += _type_problems(path, schema)
    for key in COUNTS:
        value = schema.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
            problems.append(f"{path}.{key} must be a whole number from 0 to {MAX_COUNT}")
    for key in BOUNDS:
        value = schema.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(f"{path}.{key} must be a number")
    problems += _shape_problems(path, schema)
    required: Any = schema.get("required", [])
    if isinstance(required, list) and not all(
        isinstance(each, str) for each in cast("list[Any]", required)
    ):
        problems.append(f"{path}.required must be a list of names")
    if "$ref" in schema and not _resolves(schema["$ref"], root):
        problems.append(f"{path}.$ref must lead to a schema of the same document: #/$defs/NAME")
    return problems


def _shape_problems(path: str, schema: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    shapes: dict[str, tuple[type, str]] = {
        "properties": (dict, "an object"),
        "$defs": (dict, "an object"),
        "definitions": (dict, "an object"),
        "required": (list, "a list of names"),
        "enum": (list, "a list that is not empty"),
        "anyOf": (list, "a list that is not empty"),
        "prefixItems": (list, "a list that is not empty"),
    }
    for key, (kind, allowed) in shapes.items():
        value = schema.get(key)
        empty = kind is list and key != "required" and value == []
        if key in schema and (not isinstance(value, kind) or empty):
            problems.append(f"{path}.{key} must be {allowed}")
    return problems


def _type_problems(path: str, schema: Mapping[str, Any]) -> list[str]:
    value: Any = schema.get("type", "object")
    kinds = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not kinds or any(kind not in TYPES for kind in kinds if isinstance(kind, str)):
        return [f"{path}.type must be of {', '.join(TYPES)}"]
    if not all(isinstance(kind, str) for kind in kinds):
        return [f"{path}.type must be of {', '.join(TYPES)}"]
    return []


def _resolves(reference: Any, root: Mapping[str, Any]) -> bool:
    """Whether a reference leads to a definition of the document."""
    if not isinstance(reference, str):
        return False
    if reference == "#":
        return True
    parts = reference.split("/")
    if len(parts) != 3 or parts[0] != "#" or parts[1] not in ("$defs", "definitions"):
        return False
    definitions: Any = root.get(parts[1])
    return isinstance(definitions, dict) and parts[2] in definitions
