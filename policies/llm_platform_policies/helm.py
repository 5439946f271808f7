"""Values of Helm releases, the only part of a chart's objects that a policy can see."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

RELEASE = "kubernetes:helm.sh/v3:Release"


def as_mapping(value: object) -> Mapping[str, Any]:
    """A mapping as it is; anything else as an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def find_keys(values: object, key: str, where: str) -> Iterator[tuple[str, Any]]:
    """Every value under a key, however deep, with its path."""
    if isinstance(values, Mapping):
        for name, value in as_mapping(cast("object", values)).items():
            path = f"{where}.{name}"
            if name == key:
                yield path, value
            else:
                yield from find_keys(value, key, path)
    elif isinstance(values, list):
        for index, value in enumerate(cast("list[object]", values)):
            yield from find_keys(value, key, f"{where}[{index}]")
