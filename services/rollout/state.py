"""What is known of a rollout: one JSON document in an annotation of the HTTPRoute. Pure."""

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

from rollout.plan import Strategy

STATE = "llm-platform.dev/rollout"
"""Annotation of the HTTPRoute; written together with the weights, so that they never differ."""
READINGS = "llm-platform.dev/rollout-readings"
"""Annotation of the Lease: the gates at the last look."""


class Phase(StrEnum):
    """How far a rollout is. All but the first are ends."""

    RUNNING = "running"
    PROMOTED = "promoted"
    """The candidate has all requests."""
    SHADOWED = "shadowed"
    """A shadow passed; stable has all requests, as before."""
    ROLLED_BACK = "rolled-back"
    """A gate failed, or nobody looked after it any more; stable has all requests."""
    ABORTED = "aborted"
    """A person stopped it; stable has all requests."""


@dataclass(frozen=True)
class Passed:
    """A step that is over.

    Attributes:
        step: Its name.
        verdict: How it ended.
        seconds: How long it took.
        readings: The gates at its end, as JSON.
    """

    step: str
    verdict: str
    seconds: float
    readings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class State:
    """A rollout, the one that runs or the last one.

    Attributes:
        id: The workflow's name.
        strategy: How the candidate gets requests.
        phase: How far it is.
        step: Name of the step that runs or ran last; empty before the first.
        since: When that step began, in seconds since 1970.
        began: When the rollout began.
        reason: Why it ended, for people.
        passed: Steps that are over.
        baseline: Stable's last known value by gate, for steps in which it has no requests.
    """

    id: str
    strategy: Strategy
    phase: Phase
    step: str
    since: float
    began: float
    reason: str = ""
    passed: tuple[Passed, ...] = ()
    baseline: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def runs(self) -> bool:
        """Whether it is not over."""
        return self.phase is Phase.RUNNING

    def has_passed(self, step: str) -> bool:
        """Whether a step is over."""
        return any(each.step == step for each in self.passed)

    def ended(self, phase: Phase, reason: str) -> "State":
        """The same, over."""
        return replace(self, phase=phase, reason=reason)

    def text(self) -> str:
        """As the annotation has it."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)


def read_state(text: str | None) -> State | None:
    """The state in an annotation; None when there is none, or none of ours."""
    if not text:
        return None
    try:
        found = cast("dict[str, Any]", json.loads(text))
        passed = tuple(
            Passed(
                str(each["step"]),
                str(each["verdict"]),
                float(each["seconds"]),
                tuple(each["readings"]),
            )
            for each in found["passed"]
        )
        return State(
            id=str(found["id"]),
            strategy=Strategy(found["strategy"]),
            phase=Phase(found["phase"]),
            step=str(found["step"]),
            since=float(found["since"]),
            began=float(found["began"]),
            reason=str(found["reason"]),
            passed=passed,
            baseline={str(key): float(value) for key, value in found["baseline"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
