"""Counters and histograms of Prometheus, from their raw samples. Pure.

PromQL's ``increase`` extrapolates to the ends of its window and misses what a new series begins
with, so it gives fractions of requests and no errors for a pod that failed at once. Numbers of
samples decide here, so they are counted from the samples themselves.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Sample = tuple[float, float]
"""Time in seconds since 1970, and value."""


@dataclass(frozen=True)
class Series:
    """One series of a range query.

    Attributes:
        labels: Its labels.
        samples: Its samples, by time.
    """

    labels: Mapping[str, str]
    samples: Sequence[Sample]


def increase(samples: Sequence[Sample], since: float) -> float:
    """How much a counter has grown since a moment.

    A value below the one before is a restart: the counter began again at zero. So did a series
    without any sample up to `since`. Samples that are no number are passed over.
    """
    before, grown = 0.0, 0.0
    for moment, value in samples:
        if math.isnan(value):
            continue
        if moment > since:
            grown += value - before if value >= before else value
        before = value
    return grown


def total(series: Iterable[Series], since: float) -> float | None:
    """How much all series have grown together since a moment; None when there is no series."""
    grown = [increase(each.samples, since) for each in series if each.samples]
    return sum(grown) if grown else None


@dataclass(frozen=True)
class Histogram:
    """Observations by size.

    Attributes:
        bounds: Upper bounds, ascending; the last is infinite.
        counts: Observations up to each bound.
    """

    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def count(self) -> float:
        """All observations."""
        return self.counts[-1] if self.counts else 0.0

    def quantile(self, share: float) -> float | None:
        """The size that `share` of all observations do not exceed, as Prometheus estimates it.

        Linear inside a bucket; the largest finite bound where it lies beyond. None without
        observations.
        """
        if not self.count:
            return None
        rank = share * self.count
        lower, below = 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if count >= rank:
                if math.isinf(bound) or count == below:
                    return lower
                return lower + (bound - lower) * (rank - below) / (count - below)
            lower, below = bound, count
        return lower

    def above(self, limit: float) -> float:
        """Observations larger than `limit`; what lies beyond the largest finite bound counts."""
        lower, below = 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if limit < bound:
                if math.isinf(bound):
                    return self.count - below
                share = (limit - lower) / (bound - lower)
                return self.count - (below + share * (count - below))
            lower, below = bound, count
        return 0.0


def histogram(series: Iterable[Series], since: float) -> Histogram | None:
    """What was observed since a moment, from the series of a histogram's buckets.

    Returns:
        None when there is no series with a bound. Counts that fall from one bound to the next,
        as scrapes between two updates make them, are raised to the one before.
    """
    grown: dict[float, float] = {}
    for each in series:
        bound = _bound(each.labels.get("le", ""))
        if bound is not None and each.samples:
            grown[bound] = grown.get(bound, 0.0) + increase(each.samples, since)
    if not grown:
        return None
    bounds = sorted(grown)
    counts: list[float] = []
    for bound in bounds:
        counts.append(max(grown[bound], counts[-1] if counts else 0.0))
    if not math.isinf(bounds[-1]):
        bounds, counts = [*bounds, math.inf], [*counts, counts[-1]]
    return Histogram(tuple(bounds), tuple(counts))


def _bound(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
