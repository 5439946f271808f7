"""Secrets of an exported state: they are masked as UNKNOWN, and count as unchanged. Pure.

A plan has no key for what another backend encrypted. So an old value that is UNKNOWN stands for
a secret that was there, and is compared with nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from local.providers.model import DiffRequest, UpdateRequest
from local.providers.values import UNKNOWN, has_unknown

Request = TypeVar("Request", DiffRequest, UpdateRequest)


def aligned(request: Request) -> Request:
    """The request with each masked old input replaced by the new one at the same place."""
    if not has_unknown(request.old_inputs):
        return request
    old = cast("dict[str, Any]", _aligned(request.old_inputs, request.inputs))
    return replace(request, old_inputs=old)


def _aligned(old: Any, new: Any) -> Any:
    if old is UNKNOWN:
        return new
    if isinstance(old, Mapping):
        before = cast("Mapping[str, Any]", old)
        after = cast("Mapping[str, Any]", new if isinstance(new, Mapping) else {})
        pairs = {name: _aligned(value, after.get(name)) for name, value in before.items()}
        return {name: value for name, value in pairs.items() if value is not None}
    if isinstance(old, list):
        items = cast("list[Any]", old)
        others = cast("list[Any]", new if isinstance(new, list) else [])
        return [
            _aligned(value, others[index] if index < len(others) else None)
            for index, value in enumerate(items)
        ]
    return old
