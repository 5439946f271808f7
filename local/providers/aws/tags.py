"""Tags: what the program gave, what the provider adds, what AWS lists."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.providers.values import UNKNOWN

RESERVED_PREFIX = "aws:"


def all_tags(tags: Any, defaults: Any) -> Any:
    """The resource's own tags over the provider's default tags; UNKNOWN when either is."""
    if tags is UNKNOWN or defaults is UNKNOWN:
        return UNKNOWN
    merged: dict[str, Any] = {**(defaults or {}), **(tags or {})}
    return merged


def own_tags(
    seen: Mapping[str, str], defaults: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, str]:
    """Of the tags in the cloud those that are the resource's own, not the provider's."""
    return {
        key: value
        for key, value in seen.items()
        if key in given or key not in defaults or defaults[key] != value
    }


def from_list(tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> Any:
    """Tags of an AWS answer as a map, without those that AWS makes itself."""
    return {t[key]: t.get(value, "") for t in tags if not t[key].startswith(RESERVED_PREFIX)}


def from_map(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags that AWS answers as a map, without those that AWS makes itself."""
    return {k: v for k, v in (tags or {}).items() if not k.startswith(RESERVED_PREFIX)}


def to_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Any]:
    """Tags for an AWS call that takes a list."""
    return [{key: k, value: v} for k, v in tags.items()]
