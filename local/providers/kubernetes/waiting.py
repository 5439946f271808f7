"""What an object's annotations ask for: ``waitFor``, timeouts, the way of deletion. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from local.providers.kubernetes.objects import PROPAGATION, TIMEOUT, WAIT_FOR, annotations
from local.providers.kubernetes.trees import mapping, mappings, sequence
from local.providers.model import CheckFailure, ProviderError

POLICIES = ("background", "foreground", "orphan")

_JSONPATH = re.compile(
    r"jsonpath=\{(?P<path>(?:\.(?:[\w-]|\\\.)+|\[\d+\])+)\}(?:=(?P<value>.*))?\Z"
)
_CONDITION = re.compile(r"condition=(?P<name>[\w.\-/]+)(?:=(?P<value>\w+))?\Z")
_STEP = re.compile(r"\.((?:[\w-]|\\\.)+)|\[(\d+)\]")

Live = Mapping[str, Any]


def wrong_annotations(manifest: Mapping[str, Any]) -> list[CheckFailure]:
    """What is wrong with the annotations that are for the provider; unknown ones pass."""
    noted = annotations(manifest)
    wrong: list[tuple[str, str]] = []
    timeout = noted.get(TIMEOUT)
    if isinstance(timeout, str) and not timeout.isdecimal():
        wrong.append((TIMEOUT, f"is {timeout!r}, allowed: a whole number of seconds"))
    policy = noted.get(PROPAGATION)
    if isinstance(policy, str) and policy.lower() not in POLICIES:
        wrong.append((PROPAGATION, f"is {policy!r}, allowed: {', '.join(POLICIES)}"))
    wanted = noted.get(WAIT_FOR)
    if isinstance(wanted, str):
        try:
            _expressions(wanted)
        except ProviderError as error:
            wrong.append((WAIT_FOR, str(error)))
    return [CheckFailure(f'metadata.annotations["{name}"]', why) for name, why in wrong]


def seconds(manifest: Mapping[str, Any], timeout: float, default: float) -> float:
    """How long to wait: as the annotation says, or the resource's options, or the default."""
    annotated = str(annotations(manifest).get(TIMEOUT, ""))
    return float(annotated) if annotated.isdecimal() else timeout or default


def unmet(wanted: str, live: Live) -> str:
    """The first condition of a waitFor annotation that does not hold; empty when all do.

    Raises:
        ProviderError: The annotation is malformed.
    """
    for expression in _expressions(wanted):
        if not _holds(expression, live):
            return f"{expression} does not hold"
    return ""


def condition(live: Live, name: str) -> Live | None:
    """The condition of that type, if the object has it."""
    conditions = mappings(mapping(live.get("status")).get("conditions"))
    return next((each for each in conditions if each.get("type") == name), None)


def _expressions(wanted: str) -> list[str]:
    expressions: list[Any] = [wanted]
    if wanted.lstrip().startswith("["):
        try:
            expressions = sequence(json.loads(wanted))
        except ValueError as error:
            raise ProviderError(f"{wanted!r} is no JSON list: {error}") from None
    if not expressions:
        raise ProviderError("the list is empty")
    for each in expressions:
        if not isinstance(each, str) or not (_JSONPATH.match(each) or _CONDITION.match(each)):
            raise ProviderError(
                f"{each!r} is none of the forms allowed: condition=TYPE, condition=TYPE=STATUS, "
                "jsonpath={.path}, jsonpath={.path}=VALUE, or a JSON list of these"
            )
    return expressions


def _holds(expression: str, live: Live) -> bool:
    asked = _CONDITION.match(expression)
    if asked:
        found = condition(live, asked["name"]) or {}
        generation = mapping(live.get("metadata")).get("generation", 0)
        if found.get("observedGeneration", generation) < generation:
            return False
        return str(found.get("status", "")).lower() == (asked["value"] or "True").lower()
    match = _JSONPATH.match(expression)
    value = _at(match["path"], live) if match else None
    if match is None or value is None:
        return False
    return match["value"] is None or _text(value) == match["value"]


def _at(path: str, live: Live) -> Any:
    value: Any = live
    for name, index in _STEP.findall(path):
        try:
            value = value[name.replace("\\.", ".")] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _text(value: Any) -> str:
    """A value as `kubectl` prints it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
