"""What a plan changes about a resource, path by path, in words for people. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from infra.offline.exported import UNKNOWN
from infra.offline.planned import Planned
from local.providers.diff import parse_path

NOT_KNOWN = "(known once it is made)"
_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """One input that differs.

    Attributes:
        path: Path of the input, ``tags.owner`` or ``ingress[0].cidrBlocks``.
        kind: ``add``, ``update`` or ``delete``, with ``-replace`` where it needs a replacement.
        old: Value so far; None when there was none.
        new: Value by the plan; None when there is none.
    """

    path: str
    kind: str
    old: Any
    new: Any


def differences(planned: Planned) -> list[Difference]:
    """What differs, sorted by path; empty for a new resource."""
    return [
        Difference(path, kind, _at(planned.old, path), _at(planned.inputs, path))
        for path, kind in sorted(planned.differs.items())
    ]


def shown(value: Any) -> str:
    """A value in one line; what is not known yet says so."""
    if value == UNKNOWN:
        return NOT_KNOWN
    return json.dumps(_readable(value), ensure_ascii=False, sort_keys=True)


def input_lines(inputs: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Inputs of a new resource, one value per line, nested ones indented."""
    for name, value in sorted(inputs.items()):
        if name.startswith("__"):
            continue
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from input_lines(cast("Mapping[str, Any]", value), f"{indent}  ")
        elif value is not None:
            yield f"{indent}{name}: {shown(value)}"


def _readable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _readable(v) for k, v in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_readable(each) for each in cast("list[Any]", value)]
    return NOT_KNOWN if value == UNKNOWN else value


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    here: Any = inputs
    for part in parse_path(path):
        here = _member(here, part)
        if here is _ABSENT:
            return None
    return here


def _member(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(str(part), _ABSENT)
    if isinstance(value, list) and isinstance(part, int):
        items = cast("list[Any]", value)
        return items[part] if part < len(items) else _ABSENT
    return _ABSENT
