"""Gates of a step, asked from Prometheus."""

from collections.abc import Sequence
from dataclasses import dataclass

from llm_platform.serving.routes import Variant
from rollout.counters import Series, histogram, total
from rollout.gates import Gate, Kind, Reading, Verdict, of_quantile, of_ratio, of_value
from rollout.prometheus import NoMetricsError, Prometheus

LABELS = "$labels"
COUNTERS = ("bad", "total", "buckets", "samples")
"""Names of the queries of gates that select counters."""
LOOKBACK = 300.0
"""Seconds before a step in which a counter's value at its beginning is looked for."""
BASELINE_SECONDS = 600.0
"""How far stable is looked back at: at 100 for the candidate it has no new requests."""


@dataclass(frozen=True)
class Measured:
    """What one look gave.

    Attributes:
        readings: One of each gate.
        baseline: Stable's values that were measured, by gate.
    """

    readings: list[Reading]
    baseline: dict[str, float]


@dataclass(frozen=True)
class Look:
    """When a look takes place, and what it may fall back on.

    Attributes:
        since: When the step began, in seconds since 1970.
        now: The time of the look.
        last: Whether the step has lasted as long as it must.
        baseline: Stable's last known values by gate.
    """

    since: float
    now: float
    last: bool
    baseline: dict[str, float]


def labels(service: str, namespace: str, variant: Variant) -> str:
    """Matchers of a variant's metrics."""
    return f'namespace="{namespace}",service="{service}",variant="{variant.value}"'


class Measures:
    """The gates of one service."""

    def __init__(
        self, prometheus: Prometheus, gates: Sequence[Gate], service: str, namespace: str
    ) -> None:
        self._prometheus = prometheus
        self._gates = gates
        self._labels = {each: labels(service, namespace, each) for each in Variant}

    def look(self, look: Look) -> Measured:
        """Ask every gate once. Without an answer of Prometheus a gate waits."""
        readings: list[Reading] = []
        baseline: dict[str, float] = {}
        for gate in self._gates:
            known = look.baseline.get(gate.name)
            try:
                fresh = self._stable(gate, look)
                if fresh is not None:
                    baseline[gate.name] = known = fresh
                readings.append(self._candidate(gate, look, known))
            except NoMetricsError as error:
                allowed = gate.allowed(known)
                why = str(error)
                readings.append(Reading(gate.name, Verdict.WAITING, why, None, known, allowed, 0))
        return Measured(readings, baseline)

    def have_seen(self, variant: Variant, moment: float, now: float) -> bool:
        """Whether every counter of a variant that Prometheus reads was read since a moment.

        Series of pods that are gone do not count; without any series there is nothing to wait for.

        Raises:
            NoMetricsError: Prometheus does not answer.
        """
        selectors = [
            gate.queries[name].replace(LABELS, self._labels[variant])
            for gate in self._gates
            for name in COUNTERS
            if name in gate.queries
        ]
        read = [
            self._prometheus.value(f"min(timestamp({each}))", now)
            for each in dict.fromkeys(selectors)
        ]
        return all(each is None or each > moment for each in read)

    def _candidate(self, gate: Gate, look: Look, stable: float | None) -> Reading:
        if gate.kind is Kind.RATIO:
            bad = total(self._series(gate, "bad", Variant.CANDIDATE, look), look.since)
            count = total(self._series(gate, "total", Variant.CANDIDATE, look), look.since)
            return of_ratio(gate, bad, count, stable)
        if gate.kind is Kind.QUANTILE:
            buckets = self._series(gate, "buckets", Variant.CANDIDATE, look)
            return of_quantile(gate, histogram(buckets, look.since), stable)
        value = self._value(gate, Variant.CANDIDATE, look)
        samples = None
        if "samples" in gate.queries:
            samples = total(self._series(gate, "samples", Variant.CANDIDATE, look), look.since)
        return of_value(gate, value, samples, stable, last=look.last)

    def _stable(self, gate: Gate, look: Look) -> float | None:
        """Stable's value of late; None when it has too few requests to say."""
        since = min(look.since, look.now - BASELINE_SECONDS)
        back = Look(since, look.now, look.last, {})
        if gate.kind is Kind.RATIO:
            count = total(self._series(gate, "total", Variant.STABLE, back), since)
            if not count or count < gate.min_samples:
                return None
            return (total(self._series(gate, "bad", Variant.STABLE, back), since) or 0.0) / count
        if gate.kind is Kind.QUANTILE:
            found = histogram(self._series(gate, "buckets", Variant.STABLE, back), since)
            enough = found is not None and found.count >= gate.min_samples
            return found.quantile(gate.quantile) if found is not None and enough else None
        value = self._value(gate, Variant.STABLE, look)
        return None if value is None or value != value else value  # noqa: PLR0124 - NaN

    def _series(self, gate: Gate, query: str, variant: Variant, look: Look) -> list[Series]:
        selector = gate.queries[query].replace(LABELS, self._labels[variant])
        return self._prometheus.samples(selector, look.now - look.since + LOOKBACK, look.now)

    def _value(self, gate: Gate, variant: Variant, look: Look) -> float | None:
        expression = gate.queries["value"].replace(LABELS, self._labels[variant])
        return self._prometheus.value(expression, look.now)
