"""What other parts left in the notes of a call, as far as it may be told."""

from collections.abc import Iterable
from typing import Any

from gateway.contract import Call

CACHED = frozenset({"hit", "semantic", "shared"})
"""Outcomes of the caches for an answer that no model made for this call."""


def cache(call: Call) -> str:
    """What the caches did; empty where there are none."""
    found = call.notes.get("cache", "")
    return found if isinstance(found, str) else ""


def model_answered(call: Call) -> bool:
    """Whether a model makes the answer, and not a cache."""
    return cache(call) not in CACHED


def guards(call: Call) -> Iterable[tuple[str, str]]:
    """Guards that did something, and what: names alone, never what they found."""
    found: Any = call.notes.get("guards", ())
    return found
