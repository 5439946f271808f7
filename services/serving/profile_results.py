"""What Model Analyzer measured, and which values follow from it. Pure."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from serving.profile_config import Tuned

TIE = 0.05
"""Throughputs that differ by less are taken for equal: the smaller value is chosen then."""
SLOWER_ALONE = 1.25
"""How much longer than today's the p99 of a client that is alone may be."""

_COLUMNS = {
    "Concurrency": "clients",
    "Model Config Path": "configuration",
    "Throughput (infer/sec)": "throughput",
    "Avg Latency (ms)": "mean_ms",
    "p99 Latency (ms)": "p99_ms",
}


class ResultsError(Exception):
    """The results are not there, or say less than is needed."""


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        configuration: Model Analyzer's name of the configuration.
        clients: Requests at a time.
        throughput: Answers a second.
        mean_ms: Mean latency.
        p99_ms: Latency that one of a hundred exceeds.
    """

    configuration: str
    clients: int
    throughput: float
    mean_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Measured:
    """A configuration: its values, and how it did with few and with many clients."""

    values: Tuned
    alone: Point
    loaded: Point

    def words(self) -> str:
        """How it did under load."""
        return f"{self.loaded.throughput:.0f}/s, p99 {self.loaded.p99_ms:.1f} ms"


@dataclass(frozen=True)
class Choice:
    """What follows.

    Attributes:
        today: The present values, as they did in the same run.
        chosen: The values to take; the present ones when nothing is better.
        reasons: Why, for each value by its name.
        measured: All configurations.
    """

    today: Measured
    chosen: Measured
    reasons: Mapping[str, str]
    measured: Sequence[Measured]


def read_points(text: str) -> list[Point]:
    """The measurements in ``metrics-model-inference.csv``.

    Raises:
        ResultsError: It has not the columns that were asked for.
    """
    rows = list(csv.DictReader(io.StringIO(text.strip())))
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise ResultsError(f"Model Analyzer's table has no {', '.join(missing)}")
    return [
        Point(
            configuration=row["Model Config Path"],
            clients=int(row["Concurrency"]),
            throughput=float(row["Throughput (infer/sec)"]),
            mean_ms=float(row["Avg Latency (ms)"]),
            p99_ms=float(row["p99 Latency (ms)"]),
        )
        for row in rows
    ]


def pair(
    points: Sequence[Point], values: Mapping[str, Tuned], clients: tuple[int, int]
) -> list[Measured]:
    """The configurations that were measured with both numbers of clients.

    Args:
        points: All measurements.
        values: What each configuration is, by its name.
        clients: The fewer and the more.
    """
    found = {(each.configuration, each.clients): each for each in points}
    few, many = clients
    return [
        Measured(tuned, found[name, few], found[name, many])
        for name, tuned in values.items()
        if (name, few) in found and (name, many) in found
    ]


def choose(measured: Sequence[Measured], today: Tuned) -> Choice:
    """Decide.

    The most answers a second under load, of the configurations whose p99 there is no worse than
    today's and whose p99 for a client that is alone is not much worse. Of those that are nearly as
    good, the one with the fewest copies, then the shortest delay, then the smallest batch.

    Raises:
        ResultsError: The present values were not measured.
    """
    present = next((each for each in measured if each.values == today), None)
    if present is None:
        raise ResultsError("the present values were not measured")
    allowed = [
        each
        for each in measured
        if each.loaded.p99_ms <= present.loaded.p99_ms
        and each.alone.p99_ms <= present.alone.p99_ms * SLOWER_ALONE
    ]
    best = max(each.loaded.throughput for each in allowed)
    near = [each for each in allowed if each.loaded.throughput >= best * (1 - TIE)]
    chosen = min(near, key=_cost)
    # A change has to be worth it: within the tie, what is there stays.
    if present.loaded.throughput >= chosen.loaded.throughput * (1 - TIE) and present in near:
        chosen = present
    return Choice(present, chosen, _reasons(chosen, measured), measured)


def _cost(measured: Measured) -> tuple[int, int, int, float]:
    values = measured.values
    return (
        values.instance_count,
        values.max_queue_delay_microseconds or 0,
        values.max_batch_size,
        -measured.loaded.throughput,
    )


def _reasons(chosen: Measured, measured: Sequence[Measured]) -> dict[str, str]:
    return {each.name: _reason(each.name, chosen, measured) for each in fields(Tuned)}


def _reason(name: str, chosen: Measured, measured: Sequence[Measured]) -> str:
    """The best that was had with the chosen value, beside the best with every other one."""
    value_of: Callable[[Measured], object] = lambda each: getattr(each.values, name)  # noqa: E731
    mine = value_of(chosen)
    others = list(dict.fromkeys(value_of(each) for each in measured if value_of(each) != mine))
    words = [f"{_shown(mine)}: {chosen.words()}"]
    for other in others:
        best = max(
            (each for each in measured if value_of(each) == other),
            key=lambda each: each.loaded.throughput,
        )
        words.append(f"best with {_shown(other)}: {best.words()}")
    if not others:
        words.append("no other value was tried")
    return "; ".join(words)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value)) if value else "none"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return "none" if value is None else str(value)
