"""JSON as it comes from the wire: where a mapping or a list is expected, and may be absent."""

from typing import Any, cast


def mapping(value: Any) -> dict[str, Any]:
    """The mapping, or an empty one when there is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The list, or an empty one when there is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list, or none."""
    return [mapping(each) for each in sequence(value)]
