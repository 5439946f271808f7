"""Merging of chart values. Pure, and the same whatever the order in which keys were written."""

from collections.abc import Mapping
from typing import Any, cast


def merge_values(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all layers, later ones winning, with keys in alphabetical order.

    Mappings are merged key by key. Everything else, lists among it, is replaced as a whole, as
    Helm does. The layers themselves are not changed. ``None``, by which Helm drops a default of
    the chart, has no effect: Pulumi leaves it out of what it hands on.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            merged[key] = _merged(merged.get(key), value)
    return {key: merged[key] for key in sorted(merged)}


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(new, Mapping):
        return new
    fresh = cast("Mapping[str, Any]", new)
    if not isinstance(old, Mapping):
        return merge_values(fresh)
    return merge_values(cast("Mapping[str, Any]", old), fresh)
