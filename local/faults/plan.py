"""The fault plan: which calls of the local cloud go wrong, how often, and how.

A JSON file in the folder of a cloud, absent in normal life::

    {"seed": 1, "rules": [
      {"side": "aws", "call": "ec2:Create*", "ratio": 0.2, "kind": "error", "effect": "after"},
      {"side": "kubernetes", "call": "PATCH *", "ratio": 0.2, "kind": "throttle"}
    ]}
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast

from llm_platform.problems import InvalidInputsError, Problem, did_you_mean, raise_if_any
from local.cluster.processes import write_private

PLAN_FILE = "faults.json"
LONGEST_SECONDS = 600.0
DEFAULT_SECONDS = {"slow": 1.0, "timeout": LONGEST_SECONDS}


class Side(Enum):
    """Which cloud answers a call."""

    AWS = "aws"
    KUBERNETES = "kubernetes"


class Kind(Enum):
    """What goes wrong."""

    THROTTLE = "throttle"
    """Refused because there were too many calls; nothing was done."""

    ERROR = "error"
    """An error of the server, 5xx."""

    TIMEOUT = "timeout"
    """No answer."""

    SLOW = "slow"
    """The right answer, late."""

    CUT = "cut"
    """The connection is closed instead of an answer."""


class Effect(Enum):
    """Whether the call is carried out although its answer goes wrong."""

    BEFORE = "before"
    """It fails before it takes effect: nothing was done."""

    AFTER = "after"
    """It fails after it took effect: the caller cannot know."""


@dataclass(frozen=True)
class Rule:
    """One kind of trouble.

    Attributes:
        side: Whose calls.
        call: Glob for the call: ``ec2:CreateVpc`` (the service as it is signed for) or
            ``POST /api/v1/namespaces``; ``*`` stands for any text, slashes included.
        ratio: Of how many calls, above 0 and up to 1.
        kind: What goes wrong.
        effect: Whether the call is carried out; throttled calls never are, slow ones always.
        seconds: How late a slow answer is; how long one that never comes is held open; for
            throttled calls of Kubernetes what Retry-After says, in whole seconds.
        times: How often at most; None: without end.
    """

    side: Side
    call: str
    ratio: float
    kind: Kind
    effect: Effect = Effect.BEFORE
    seconds: float = 0.0
    times: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The rule as it stands in a plan."""
        document: dict[str, Any] = {
            "side": self.side.value,
            "call": self.call,
            "ratio": self.ratio,
            "kind": self.kind.value,
            "seconds": self.seconds,
        }
        if self.kind in _WITH_EFFECT:
            document["effect"] = self.effect.value
        return document if self.times is None else {**document, "times": self.times}


@dataclass(frozen=True)
class FaultPlan:
    """All that goes wrong.

    Attributes:
        seed: Chooses which calls; the same seed and the same calls fail alike.
        rules: The first that strikes counts.
    """

    seed: int
    rules: tuple[Rule, ...]

    def write(self, folder: Path) -> None:
        """Put the plan into the folder of a cloud; it counts from the next call on."""
        document = {"seed": self.seed, "rules": [rule.as_dict() for rule in self.rules]}
        write_private(folder / PLAN_FILE, json.dumps(document, indent=1))


_WITH_EFFECT = frozenset({Kind.ERROR, Kind.TIMEOUT, Kind.CUT})
_PLAN_KEYS = ("seed", "rules")
_RULE_KEYS = ("side", "call", "ratio", "kind", "effect", "seconds", "times")

Word = TypeVar("Word", bound=Enum)


def clear(folder: Path) -> bool:
    """Have nothing go wrong any more; False when there was no plan."""
    path = folder / PLAN_FILE
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def parse(text: str, subject: str = PLAN_FILE) -> FaultPlan:
    """The plan that `text` is.

    Args:
        text: JSON.
        subject: What the text is, for the error.

    Raises:
        InvalidInputsError: Names every problem of it.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise InvalidInputsError(subject, [Problem("(file)", f"{error}", "JSON")]) from None
    if not isinstance(document, dict):
        problem = Problem("(file)", f"is a {_name(document)}", "an object with `rules`")
        raise InvalidInputsError(subject, [problem])
    plan = cast("dict[str, Any]", document)
    problems = _unknown(plan, _PLAN_KEYS, "")
    seed = plan.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        problems.append(Problem("seed", f"is {seed!r}", "a whole number"))
    rules: Any = plan.get("rules")
    if not isinstance(rules, list) or not rules:
        problems.append(Problem("rules", f"is {rules!r}", "a list of at least one rule"))
        rules = []
    made: list[Rule] = []
    for index, each in enumerate(cast("Sequence[Any]", rules)):
        rule = _rule(each, f"rules[{index}]", problems)
        if rule is not None:
            made.append(rule)
    raise_if_any(subject, problems)
    return FaultPlan(seed, tuple(made))


def _rule(given: Any, path: str, problems: list[Problem]) -> Rule | None:
    if not isinstance(given, dict):
        problems.append(Problem(path, f"is a {_name(given)}", "an object"))
        return None
    rule = cast("dict[str, Any]", given)
    found = _unknown(rule, _RULE_KEYS, f"{path}.")
    side = _word(Side, rule, "side", path, found)
    kind = _word(Kind, rule, "kind", path, found)
    effect = _word(Effect, {"effect": "before", **rule}, "effect", path, found)
    if "effect" in rule and kind in {Kind.THROTTLE, Kind.SLOW}:
        allowed = f"leave it out, or one of the kinds {', '.join(k.value for k in _WITH_EFFECT)}"
        found.append(Problem(f"{path}.effect", f"means nothing for kind {kind.value}", allowed))
    call = rule.get("call")
    if not isinstance(call, str) or not call.strip():
        allowed = "a glob such as ec2:Create* or POST /api/v1/namespaces"
        found.append(Problem(f"{path}.call", f"is {call!r}", allowed))
    ratio = _number(rule, "ratio", None, path, found, most=1.0)
    if ratio is not None and ratio <= 0:
        found.append(Problem(f"{path}.ratio", f"is {ratio:g}", "above 0, up to 1"))
    default = DEFAULT_SECONDS.get(kind.value, 0.0) if kind else 0.0
    seconds = _number(rule, "seconds", default, path, found, most=LONGEST_SECONDS)
    times = rule.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        found.append(Problem(f"{path}.times", f"is {times!r}", "a whole number from 1"))
    problems += found
    if found or side is None or kind is None or effect is None or ratio is None:
        return None
    return Rule(side, str(call), ratio, kind, effect, seconds or 0.0, times)


def _word(
    words: type[Word], rule: Mapping[str, Any], key: str, path: str, problems: list[Problem]
) -> Word | None:
    allowed = [str(word.value) for word in words]
    value = rule.get(key)
    if value in allowed:
        return words(value)
    near = did_you_mean(str(value), allowed) if value is not None else ""
    problems.append(Problem(f"{path}.{key}", f"is {value!r}{near}", f"one of {', '.join(allowed)}"))
    return None


def _number(
    rule: Mapping[str, Any],
    key: str,
    default: float | None,
    path: str,
    problems: list[Problem],
    *,
    most: float,
) -> float | None:
    value = rule.get(key, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and 0 <= value <= most:
        return float(value)
    problems.append(Problem(f"{path}.{key}", f"is {value!r}", f"a number from 0 to {most:g}"))
    return None


def _unknown(given: Mapping[str, Any], known: Sequence[str], prefix: str) -> list[Problem]:
    return [
        Problem(f"{prefix}{key}", f"is unknown{did_you_mean(key, known)}", ", ".join(known))
        for key in given
        if key not in known
    ]


def _name(value: Any) -> str:
    return type(value).__name__
