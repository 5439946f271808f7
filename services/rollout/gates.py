"""Gates: whether a candidate is good enough, told from its metrics and those of stable. Pure.

A gate fails on evidence and passes on evidence; what lies between waits for more requests.

- It *fails* as soon as the candidate is surely worse than allowed: as many bad requests as were
  seen would be a chance of less than `CHANCE` if the candidate were just as bad as allowed
  (exact binomial tail). It is asked every few seconds, so the chance is small.
- It *passes* with the minimum of samples, and a value that is not worse than allowed.

What is allowed is the gate's own limit, or what stable itself does with some room, whichever is
more: a candidate does not answer for trouble that both have.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rollout.counters import Histogram

CHANCE = 1e-4
EARLY_SAMPLES = 5
"""Fewest samples on which a gate may fail."""

_VANISHING = 1e-12


class Kind(StrEnum):
    """How a gate's value comes about."""

    RATIO = "ratio"
    """Share of bad requests: two counters, ``bad`` and ``total``."""
    QUANTILE = "quantile"
    """A quantile of a histogram, ``buckets``."""
    VALUE = "value"
    """The result of any PromQL expression, ``value``; samples are counted by ``samples``."""


QUERIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.RATIO: ("bad", "total"),
    Kind.QUANTILE: ("buckets",),
    Kind.VALUE: ("value", "samples"),
}
"""Names of the queries of each kind of gate."""


class Verdict(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    """Too few samples yet, or not clear yet."""
    SKIPPED = "skipped"
    """There is nothing to measure, and it need not be there."""


@dataclass(frozen=True)
class Gate:
    """One measure of a candidate.

    Attributes:
        name: For people.
        kind: How its value comes about.
        queries: PromQL by the names of `QUERIES`; ``$labels`` stands for the labels of a variant.
            Counters and buckets are selectors without a range.
        limit: Value that is always allowed, whatever stable does.
        factor: What stable's value is multiplied by to be what is allowed.
        margin: What is added to that; taken away where more is better.
        quantile: Which quantile, between 0 and 1.
        min_samples: Fewest requests of the candidate on which it passes.
        more_is_better: Whether high values are the good ones; for `Kind.VALUE` only.
        required: Whether a candidate without such metrics must wait for them.
    """

    name: str
    kind: Kind
    queries: Mapping[str, str]
    limit: float
    factor: float = 1.0
    margin: float = 0.0
    quantile: float = 0.95
    min_samples: int = 50
    more_is_better: bool = False
    required: bool = True

    def allowed(self, stable: float | None) -> float:
        """The worst value that passes, given stable's; None and NaN: that is not known."""
        if stable is None or math.isnan(stable):
            return self.limit
        if self.more_is_better:
            return min(self.limit, stable * self.factor - self.margin)
        return max(self.limit, stable * self.factor + self.margin)


@dataclass(frozen=True)
class Reading:
    """What a gate said at one look.

    Attributes:
        gate: Its name.
        verdict: What it says.
        why: The reason, for people.
        candidate: The candidate's value, if there is one.
        stable: Stable's, if there is one.
        allowed: The worst value that passes.
        samples: Requests of the candidate that it rests on.
    """

    gate: str
    verdict: Verdict
    why: str
    candidate: float | None
    stable: float | None
    allowed: float
    samples: int

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        values = {"candidate": self.candidate, "stable": self.stable, "allowed": self.allowed}
        return {
            "gate": self.gate,
            "verdict": self.verdict.value,
            "why": self.why,
            **{key: _finite(value) for key, value in values.items()},
            "samples": self.samples,
        }


def chance_of(bad: int, count: int, share: float) -> float:
    """Chance of `bad` or more among `count`, when each is bad with the probability `share`.

    Where that many are to be expected anyway, 1: then nothing is shown.
    """
    if bad <= 0 or share >= 1 or bad <= count * share:
        return 1.0
    if share <= 0 or bad > count:
        return 0.0
    ways = math.lgamma(count + 1) - math.lgamma(bad + 1) - math.lgamma(count - bad + 1)
    term = math.exp(ways + bad * math.log(share) + (count - bad) * math.log1p(-share))
    chance = 0.0
    for number in range(bad, count + 1):
        chance += term
        term *= (count - number) / (number + 1) * share / (1 - share)
        if term < _VANISHING * chance:
            break
    return min(chance, 1.0)


def surely_more(bad: float, count: float, share: float) -> bool:
    """Whether a sample shows that more than `share` are bad; parts of one do not count."""
    return chance_of(math.floor(bad + 1e-9), round(count), share) < CHANCE


def of_ratio(
    gate: Gate, bad: float | None, count: float | None, stable: float | None = None
) -> Reading:
    """The verdict of a share of bad requests.

    Args:
        gate: The gate.
        bad: Bad requests of the candidate; None: no series, so none.
        count: All its requests; None: no series.
        stable: Stable's share, None when it is not known.
    """
    allowed = gate.allowed(stable)
    if not count:
        return _nothing(gate, stable, allowed)
    share = (bad or 0.0) / count
    return _judged(gate, share, stable, round(count), surely_more(bad or 0.0, count, allowed))


def of_quantile(gate: Gate, found: Histogram | None, stable: float | None = None) -> Reading:
    """The verdict of a quantile: surely too many requests are above what is allowed, or not."""
    allowed = gate.allowed(stable)
    value = found.quantile(gate.quantile) if found else None
    if found is None or value is None:
        return _nothing(gate, stable, allowed)
    surely = surely_more(found.above(allowed), found.count, 1 - gate.quantile)
    return _judged(gate, value, stable, round(found.count), surely)


def of_value(
    gate: Gate,
    value: float | None,
    samples: float | None,
    stable: float | None = None,
    *,
    last: bool = True,
) -> Reading:
    """The verdict of any value. It has no statistics of its own, so it fails at the `last` look."""
    allowed = gate.allowed(stable)
    if value is None or math.isnan(value):
        return _nothing(gate, stable, allowed)
    counted = gate.min_samples if "samples" not in gate.queries else round(samples or 0)
    worse = value < allowed if gate.more_is_better else value > allowed
    return _judged(gate, value, stable, counted, worse and last and counted >= gate.min_samples)


def overall(
    readings: list[Reading], elapsed: float, least: float, most: float
) -> tuple[Verdict, str]:
    """What all gates of a step say together, and why.

    Args:
        readings: One of each gate.
        elapsed: Seconds since the step began.
        least: Seconds that a step lasts at the least.
        most: Seconds after which what is not clear counts as failed.
    """
    failed = [each for each in readings if each.verdict is Verdict.FAILED]
    if failed:
        return Verdict.FAILED, "; ".join(f"{each.gate}: {each.why}" for each in failed)
    waiting = [each for each in readings if each.verdict is Verdict.WAITING]
    if not waiting:
        if elapsed < least:
            return Verdict.WAITING, f"{least - elapsed:.0f} s to go"
        return Verdict.PASSED, "every gate passed"
    reasons = "; ".join(f"{each.gate}: {each.why}" for each in waiting)
    if elapsed >= most:
        return Verdict.FAILED, f"not shown to be good within {most:.0f} s: {reasons}"
    return Verdict.WAITING, reasons


def _nothing(gate: Gate, stable: float | None, allowed: float) -> Reading:
    verdict = Verdict.WAITING if gate.required else Verdict.SKIPPED
    return Reading(gate.name, verdict, "no such metric yet", None, stable, allowed, 0)


def _judged(
    gate: Gate, value: float, stable: float | None, samples: int, surely_worse: bool
) -> Reading:
    allowed = gate.allowed(stable)
    worse = value < allowed if gate.more_is_better else value > allowed
    side = "below" if gate.more_is_better else "above"
    if surely_worse and samples >= EARLY_SAMPLES:
        verdict = Verdict.FAILED
        why = f"{value:.4g} is {side} {allowed:.4g} on {samples} samples"
    elif samples < gate.min_samples:
        verdict, why = Verdict.WAITING, f"{samples} of {gate.min_samples} samples"
    elif worse:
        verdict = Verdict.WAITING
        why = f"{value:.4g} is {side} {allowed:.4g}, not yet surely"
    else:
        verdict, why = Verdict.PASSED, f"{value:.4g} on {samples} samples"
    return Reading(gate.name, verdict, why, value, stable, allowed, samples)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)
