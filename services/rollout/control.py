"""A rollout from outside of it: what a person asks for, and what its guard does."""

import time
from typing import Any

from llm_platform.serving.routes import WEIGHTS, Split
from rollout.cluster import Place, Route
from rollout.errors import RefusedError
from rollout.state import Phase, State
from rollout.steps import STABLE, Tell


def status(place: Place, now: float) -> dict[str, Any]:
    """Everything that is known of a service's rollout, for programs.

    Raises:
        RefusedError: There is no such service.
    """
    found, lease = place.route(), place.lease()
    split, state = found.split, found.state
    return {
        "service": place.service,
        "namespace": place.namespace,
        "split": None
        if split is None
        else {
            "stable": WEIGHTS - split.candidate if split.has_candidate else WEIGHTS,
            "candidate": split.candidate if split.has_candidate else 0,
            "mirrored": split.mirrored if split.has_candidate else 0,
            "has_candidate": split.has_candidate,
        },
        "rollout": None if state is None else _document(state),
        "lease": None
        if lease is None
        else {
            "holder": lease.holder,
            "age_seconds": round(now - lease.renewed, 1) if lease.renewed else None,
            "alive": lease.alive(now),
        },
        "readings": lease.readings if lease is not None else [],
    }


def promote(place: Place) -> None:
    """Give the candidate everything at once, whatever the gates say.

    Raises:
        RefusedError: No rollout is running.
    """

    def decide(found: Route) -> tuple[Split, State] | None:
        state = _running(place, found, "promote")
        return Split(candidate=WEIGHTS), state.ended(Phase.PROMOTED, "promoted by a person")

    place.change(decide)


def abort(place: Place) -> None:
    """Give stable everything at once: of a rollout that runs, or of one that was promoted.

    Raises:
        RefusedError: Stable has everything already, or there is no candidate any more.
    """

    def decide(found: Route) -> tuple[Split, State] | None:
        if found.state is None or found.state.phase not in {Phase.RUNNING, Phase.PROMOTED}:
            raise RefusedError(_nothing(place, found.state, "abort"))
        if found.split is not None and not found.split.has_candidate:
            raise RefusedError(f"{place.service} has no candidate; stable has every request")
        return STABLE, found.state.ended(Phase.ABORTED, "aborted by a person")

    found = place.change(decide)
    if found.state is not None:
        place.release(found.state.id)


def guard(place: Place, name: str, tell: Tell, now: float | None = None) -> None:
    """End a rollout that nobody looks after; rest when there is none.

    Args:
        place: The service.
        name: ``NAMESPACE/NAME`` of the guard's CronJob.
        tell: Told what it did.
        now: The time; default: that of this machine.
    """
    moment = time.time() if now is None else now
    lease = place.lease()
    alive = lease is not None and lease.alive(moment)
    ended: list[State] = []

    def decide(found: Route) -> tuple[Split, State] | None:
        ended.clear()
        if found.state is None or not found.state.runs:
            return None
        if alive and lease is not None and lease.holder == found.state.id:
            return None
        gone = found.split is not None and not found.split.has_candidate
        kept = found.split if gone and found.split is not None else STABLE
        ended.append(found.state)
        return kept, found.state.ended(Phase.ROLLED_BACK, "nobody looked after it any more")

    found = place.change(decide)
    for state in ended:
        tell(f"{place.service}: rollout {state.id} is dead; stable has all requests again")
    runs = found.state is not None and found.state.runs and not ended
    if not runs:
        # whoever ended it may have died between one route and the next
        place.follow_http()
    if not runs and not alive:
        place.guarded(name, suspended=True)


def _running(place: Place, found: Route, verb: str) -> State:
    if found.state is None or not found.state.runs:
        raise RefusedError(_nothing(place, found.state, verb))
    return found.state


def _nothing(place: Place, state: State | None, verb: str) -> str:
    last = "" if state is None else f"; the last one, {state.id}, is {state.phase.value}"
    return f"no rollout of {place.service} is running, so there is nothing to {verb}{last}"


def _document(state: State) -> dict[str, Any]:
    return {
        "id": state.id,
        "strategy": state.strategy.value,
        "phase": state.phase.value,
        "step": state.step,
        "since": state.since,
        "began": state.began,
        "reason": state.reason,
        "passed": [
            {
                "step": each.step,
                "verdict": each.verdict,
                "seconds": each.seconds,
                "readings": list(each.readings),
            }
            for each in state.passed
        ],
    }
