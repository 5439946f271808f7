"""What a rollout's workflow is told: one JSON document. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from rollout.errors import RefusedError
from rollout.gates import QUERIES, Gate, Kind

VARIABLE = "ROLLOUT_SETTINGS"
"""Environment variable that holds the document."""
DEFAULT_WEIGHTS = (1, 10, 25, 50, 100)


@dataclass(frozen=True)
class Settings:
    """A service's rollouts.

    Attributes:
        service: Name of the served model.
        namespace: Its namespace.
        prometheus: URL of Prometheus; empty: no metrics, which no gate can do without.
        gates: What decides.
        weights: Shares of a canary.
        mirrored: Requests out of 100 that a shadow gets a copy of.
        step_seconds: How long a step lasts at the least.
        step_limit_seconds: After how long a step that is not clear counts as failed.
        ready_seconds: How long a candidate may take to be ready before its first request.
        unready_seconds: How long it may be not ready later on.
        lease_seconds: After how long without a sign of life a rollout is taken for dead. Must be
            longer than a pod of the workflow takes to start.
        poll_seconds: Time between two looks.
        guard: ``NAMESPACE/NAME`` of the CronJob that ends dead rollouts; empty: there is none.
    """

    service: str
    namespace: str
    prometheus: str = ""
    gates: tuple[Gate, ...] = ()
    weights: tuple[int, ...] = DEFAULT_WEIGHTS
    mirrored: int = 100
    step_seconds: float = 120.0
    step_limit_seconds: float = 1800.0
    ready_seconds: float = 900.0
    unready_seconds: float = 30.0
    lease_seconds: float = 180.0
    poll_seconds: float = 5.0
    guard: str = ""


_NUMBERS = (
    "step_seconds", "step_limit_seconds", "ready_seconds", "unready_seconds", "lease_seconds",
    "poll_seconds",
)  # fmt: skip
_TEXTS = ("service", "namespace", "prometheus", "guard")
_KEYS = (*_TEXTS, *_NUMBERS, "gates", "weights", "mirrored")


def read_settings(text: str) -> Settings:
    """The settings in a document.

    Raises:
        RefusedError: It is wrong; the message names everything that is.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise RefusedError(f"{VARIABLE} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise RefusedError(f"{VARIABLE} is no mapping")
    given = cast("dict[str, Any]", document)
    wrong = [f"{key} is not known; known: {', '.join(_KEYS)}" for key in given if key not in _KEYS]
    found: dict[str, Any] = {}
    for key in _TEXTS:
        if isinstance(given.get(key, ""), str):
            found[key] = given.get(key, "")
        else:
            wrong.append(f"{key} is no text")
    wrong += [f"{key} is missing" for key in ("service", "namespace") if not given.get(key)]
    for key in _NUMBERS:
        value = given.get(key)
        if isinstance(value, (int, float)) and value > 0:
            found[key] = float(value)
        elif value is not None:
            wrong.append(f"{key} is {value!r}; allowed: a number of seconds above 0")
    wrong += _shares(given, found)
    found["gates"] = _gates(given.get("gates", []), wrong)
    if wrong:
        raise RefusedError(f"{VARIABLE} is wrong: {'; '.join(wrong)}")
    return Settings(**found)


def _shares(given: Mapping[str, Any], found: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    weights = given.get("weights", list(DEFAULT_WEIGHTS))
    if _ascending(weights):
        found["weights"] = tuple(weights)
    else:
        wrong.append(f"weights is {weights!r}; allowed: ascending numbers from 1 to 100")
    mirrored = given.get("mirrored", 100)
    if isinstance(mirrored, int) and 1 <= mirrored <= 100:
        found["mirrored"] = mirrored
    else:
        wrong.append(f"mirrored is {mirrored!r}; allowed: 1 to 100")
    return wrong


def _ascending(weights: Any) -> bool:
    if not isinstance(weights, list) or not weights:
        return False
    numbers = cast("list[Any]", weights)
    if not all(isinstance(each, int) and 1 <= each <= 100 for each in numbers):
        return False
    return numbers == sorted(set(numbers)) and numbers[-1] == 100


def _gates(given: Any, wrong: list[str]) -> tuple[Gate, ...]:
    found: list[Gate] = []
    if not isinstance(given, list):
        wrong.append("gates is no list")
        return ()
    for index, each in enumerate(cast("list[Any]", given)):
        try:
            named: dict[str, Any] = {**each}
            kind = Kind(named.pop("kind"))
            gate = Gate(kind=kind, **named)
            lack = {*QUERIES[kind]} - {*gate.queries, "samples"}
        except (TypeError, KeyError, ValueError) as error:
            wrong.append(f"gates[{index}] is wrong: {error}")
            continue
        if lack:
            wrong.append(f"gates[{index}] lacks the query {', '.join(sorted(lack))}")
        found.append(gate)
    return tuple(found)
