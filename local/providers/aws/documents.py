"""Comparison of documents whose text may differ and mean the same."""

import json
from typing import Any, cast


def same_policy(one: Any, other: Any) -> bool:
    """Whether two IAM, bucket, key, queue or endpoint policies grant the same.

    Order of statements and of values, a single value or a list of one, whitespace, and an
    account's id or its root ARN as a principal make no difference.
    """
    a, b = _parse(one), _parse(other)
    return a is not None and b is not None and _single(a) == _single(b)


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON texts hold the same value."""
    a, b = _parse(one), _parse(other)
    return a is not None and a == b


def same_text(one: Any, other: Any) -> bool:
    """Whether two texts differ in letter case only."""
    return str(one).lower() == str(other).lower()


def same_number(one: Any, other: Any) -> bool:
    """Whether two texts or numbers are the same number, such as ``"100"`` and ``100.0``."""
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return False


def _parse(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _single(value: Any) -> Any:
    """A hashable form of an object or a scalar in which equal policies are equal."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if fields.get("Principal") == {"AWS": "*"}:
            fields = {**fields, "Principal": "*"}
        return frozenset((name, _many(item)) for name, item in fields.items())
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text.startswith("arn:aws:iam::") and text.endswith(":root"):
        return text.split(":")[4]
    return text


def _many(value: Any) -> Any:
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return frozenset(_single(item) for item in items)
