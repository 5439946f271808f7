"""What the steps of a rollout's workflow do. Every one may be killed, and run again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from llm_platform.serving.routes import WEIGHTS, Split, Variant
from rollout.beginning import free_lease, refuse_nonsense
from rollout.cluster import Place, Route, is_ready
from rollout.errors import GateFailedError, RefusedError, StoppedError
from rollout.gates import Reading, Verdict, overall
from rollout.kube import ConflictError
from rollout.measures import Look, Measures
from rollout.plan import Step, Strategy, index_of, plan
from rollout.prometheus import NoMetricsError
from rollout.settings import Settings
from rollout.state import Passed, Phase, State

STABLE = Split(pinned=False)
"""Everything to stable, whatever variant a request names."""
SETTLE_SECONDS = 90.0
"""How long a rollout waits for a scrape of the candidate before its first step."""
GOOD_ENDS = frozenset({Phase.PROMOTED, Phase.SHADOWED})
Tell = Callable[[str], None]


@dataclass
class Clock:
    """Time, so that tests need not wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Rollout:
    """One rollout, by its name.

    Args:
        name: The workflow's name, which tells it from others.
        place: The service.
        settings: What it is told.
        measures: The gates.
        tell: Told what happens.
        clock: Time.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        settings: Settings,
        measures: Measures,
        tell: Tell,
        clock: Clock | None = None,
    ) -> None:
        self._name, self._place, self._settings = name, place, settings
        self._measures, self._tell = measures, tell
        self._clock = clock or Clock()

    def check(self) -> None:
        """See that a rollout could begin now.

        Raises:
            RefusedError: It makes no sense, or another one is running.
        """
        refuse_nonsense(self._place, self._settings)
        free_lease(self._place, self._name, self._clock.now())

    def begin(self, strategy: Strategy) -> None:
        """See that a rollout makes sense, take the lease, and wait until the candidate is ready.

        Raises:
            RefusedError: It makes no sense; nothing was changed.
            StoppedError: It was ended meanwhile, or is over.
        """
        state = self._place.route().state
        if state is None or state.id != self._name:
            refuse_nonsense(self._place, self._settings)
            self._take(strategy)
        elif not state.runs:
            raise StoppedError(f"this rollout is over: {state.phase.value}, {state.reason}")
        self._place.guarded(self._settings.guard, suspended=False)
        began = self._clock.now()
        while not is_ready(self._place.variant(Variant.CANDIDATE)):
            self._mine()
            if self._clock.now() - began > self._settings.ready_seconds:
                waited = f"the candidate was not ready within {self._settings.ready_seconds:.0f} s"
                raise self._failed(waited)
            self._alive([])
            self._clock.sleep(self._settings.poll_seconds)
        self._settle()
        self._tell(f"{strategy.value} of {self._place.service}: the candidate is ready")

    def step(self, strategy: Strategy, name: str) -> None:
        """Set the weights of a step, and watch the candidate until its gates have decided.

        Raises:
            GateFailedError: It is not good enough; stable has all requests again.
            StoppedError: The rollout was ended meanwhile.
        """
        steps = self.steps(strategy)
        position = index_of(steps, name)
        step = steps[position]
        state = self._mine()
        if state.phase is Phase.PROMOTED or state.has_passed(name):
            self._tell(f"{name}: done already")
            return
        missing = [each.name for each in steps[:position] if not state.has_passed(each.name)]
        if missing:
            raise self._failed(f"{name} came before {', '.join(missing)}")
        self._place.guarded(self._settings.guard, suspended=False)
        state = self._entered(step)
        self._tell(f"{name}: candidate {step.split.candidate} of {WEIGHTS}")
        readings = self._watched(step, state)
        if readings is not None:
            self._passed(step, state, readings)

    def finish(self, strategy: Strategy) -> None:
        """Say that every step has passed.

        Raises:
            GateFailedError: One has not; stable has all requests.
        """
        last = self._place.route().state
        if last is not None and last.id == self._name and last.phase in GOOD_ENDS:
            return
        state = self._mine()
        missing = [each.name for each in self.steps(strategy) if not state.has_passed(each.name)]
        if missing:
            raise self._failed(f"not passed: {', '.join(missing)}")
        shadow = strategy is Strategy.SHADOW
        phase = Phase.SHADOWED if shadow else Phase.PROMOTED
        split = STABLE if shadow else Split(candidate=WEIGHTS)
        self._end(split, phase, "every gate passed")
        self._place.release(self._name)
        self._tell(f"{self._place.service}: {phase.value}")

    def settle(self, status: str) -> None:
        """Clean up after the workflow, however it ended; other rollouts are left alone."""
        found = self._place.route()
        if found.state is None or found.state.id != self._name:
            return
        if found.state.runs:
            self._end(STABLE, Phase.ROLLED_BACK, f"the workflow ended: {status}")
            self._tell(f"{self._place.service}: stable has all requests again")
        # whoever ended it may have died between one route and the next
        self._place.follow_http()
        self._place.release(self._name)

    def steps(self, strategy: Strategy) -> tuple[Step, ...]:
        """The steps of a strategy with this service's settings."""
        return plan(strategy, self._settings.weights, self._settings.mirrored)

    def _settle(self) -> None:
        """Wait until what the candidate did before the rollout is in the counters of Prometheus.

        A step counts from the last sample before it. Without this, what happened between that
        sample and the rollout's beginning would count as the rollout's own.
        """
        waited_until = self._clock.now() + SETTLE_SECONDS
        while True:
            began, now = self._mine().began, self._clock.now()
            try:
                if self._measures.have_seen(Variant.CANDIDATE, began, now):
                    return
            except NoMetricsError:
                return  # the gates will say so
            if now > waited_until:
                self._tell(
                    f"no new metrics of the candidate for {now - began:.0f} s; the rollout goes on"
                )
                return
            self._alive([])
            self._clock.sleep(self._settings.poll_seconds)

    def _take(self, strategy: Strategy) -> None:
        """Take the lease, then the route; a dead rollout's rest is put in order by that."""
        version = free_lease(self._place, self._name, self._clock.now()).version
        try:
            self._place.renew(self._name, self._settings.lease_seconds, [], version=version)
        except ConflictError:
            raise RefusedError(f"another rollout of {self._place.service} has just begun") from None
        now = self._clock.now()
        state = State(self._name, strategy, Phase.RUNNING, "", now, now)
        self._place.change(lambda _: (Split(), state))

    def _mine(self) -> State:
        """The state, if it is still this rollout's and it goes on or was promoted."""
        found = self._place.route()
        state = found.state
        if state is None or state.id != self._name:
            other = "nothing" if state is None else f"rollout {state.id}"
            raise StoppedError(f"the route belongs to {other}")
        if found.split is not None and not found.split.has_candidate:
            words = "the candidate was taken out of the route"
            self._place.change(
                lambda now: (
                    None
                    if now.split is None or now.split.has_candidate or now.state is None
                    else (now.split, now.state.ended(Phase.ABORTED, words))
                )
            )
            raise StoppedError(words)
        if state.phase in {Phase.RUNNING, Phase.PROMOTED}:
            return state
        raise StoppedError(f"the rollout is over: {state.phase.value}, {state.reason}")

    def _entered(self, step: Step) -> State:
        """Set the step's weights; a step that was entered before goes on from its beginning."""
        now = self._clock.now()

        def decide(found: Route) -> tuple[Split, State] | None:
            state = self._owned(found)
            there = state.step == step.name and found.split == step.split
            if there or not state.runs:
                return None
            since = state.since if state.step == step.name else now
            return step.split, replace(state, step=step.name, since=since)

        self._place.change(decide)
        return self._mine()

    def _watched(self, step: Step, entered: State) -> list[Reading] | None:
        """Look again and again; None when a person has promoted the candidate meanwhile."""
        baseline = dict(entered.baseline)
        unready: float | None = None
        while True:
            state = self._mine()
            if state.phase is Phase.PROMOTED:
                return None
            now = self._clock.now()
            unready = None if is_ready(self._place.variant(Variant.CANDIDATE)) else unready or now
            if unready is not None and now - unready >= self._settings.unready_seconds:
                raise self._failed(f"the candidate is not ready since {now - unready:.0f} s")
            elapsed = now - state.since
            least = self._settings.step_seconds if step.gated else 0.0
            readings: list[Reading] = []
            if step.gated:
                look = Look(state.since, now, elapsed >= least, baseline)
                measured = self._measures.look(look)
                readings, baseline = measured.readings, {**baseline, **measured.baseline}
            verdict, why = overall(readings, elapsed, least, self._settings.step_limit_seconds)
            documents = [each.document() for each in readings]
            if verdict is Verdict.FAILED:
                raise self._failed(why, documents)
            if verdict is Verdict.PASSED and unready is None:
                self._keep(baseline)
                return readings
            self._alive(documents)
            self._hold(step)
            self._clock.sleep(self._settings.poll_seconds)

    def _passed(self, step: Step, entered: State, readings: list[Reading]) -> None:
        took = self._clock.now() - entered.since
        documents = tuple(each.document() for each in readings)
        note = Passed(step.name, Verdict.PASSED.value, round(took, 1), documents)

        def decide(found: Route) -> tuple[Split, State] | None:
            state = self._owned(found)
            if state.has_passed(step.name) or not state.runs:
                return None
            return step.split, replace(state, passed=(*state.passed, note))

        self._place.change(decide)
        self._alive(list(documents))
        self._tell(f"{step.name}: passed after {took:.0f} s")

    def _keep(self, baseline: dict[str, float]) -> None:
        def decide(found: Route) -> tuple[Split, State] | None:
            state = self._owned(found)
            if state.baseline == baseline or found.split is None or not state.runs:
                return None
            return found.split, replace(state, baseline=baseline)

        self._place.change(decide)

    def _hold(self, step: Step) -> None:
        """Put weights right that somebody changed by hand."""

        def decide(found: Route) -> tuple[Split, State] | None:
            state = self._owned(found)
            gone = found.split is not None and not found.split.has_candidate
            if found.split == step.split or gone or not state.runs:
                return None
            self._tell(f"{step.name}: the weights were changed by somebody else; set again")
            return step.split, state

        found = self._place.change(decide)
        if found.split == step.split:
            self._place.follow(step.split)

    def _owned(self, found: Route) -> State:
        if found.state is None or found.state.id != self._name:
            raise StoppedError("the route belongs to another rollout")
        return found.state

    def _alive(self, readings: list[dict[str, Any]]) -> None:
        self._place.renew(self._name, self._settings.lease_seconds, readings)

    def _failed(
        self, reason: str, readings: list[dict[str, Any]] | None = None
    ) -> GateFailedError | StoppedError:
        """Give stable all requests; returns what is to be raised."""
        began = self._clock.now()
        ended = self._end(STABLE, Phase.ROLLED_BACK, reason)
        if not ended:
            return StoppedError("the rollout was ended from elsewhere")
        took = self._clock.now() - began
        self._tell(f"rolled back in {took:.1f} s: {reason}")
        if readings:
            self._alive(readings)
        return GateFailedError(reason)

    def _end(self, split: Split, phase: Phase, reason: str) -> bool:
        """End the rollout, if it still runs; True when it is this call that ended it."""
        done: list[bool] = []

        def decide(found: Route) -> tuple[Split, State] | None:
            done.clear()
            state = found.state
            if state is None or state.id != self._name or not state.runs:
                return None
            done.append(True)
            gone = found.split is not None and not found.split.has_candidate
            kept = found.split if gone and found.split is not None else split
            return kept, state.ended(phase, reason)

        self._place.change(decide)
        return bool(done)
