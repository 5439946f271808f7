"""The day as a table, as lines of blocks, and as a picture."""

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compressed_day.account import Figures, percentile
from compressed_day.load import End, Outcome

COLUMNS = 72
"""Pieces of the day in a chart: twenty minutes each."""
BLOCKS = " ▁▂▃▄▅▆▇█"


def table(figures: Figures, seconds: float, capacity: float) -> str:
    """The figures of a day.

    Args:
        figures: They.
        seconds: How long the day took.
        capacity: Answers a second that were measured before.
    """
    ends = figures.ends
    rows = [
        ("requests sent", f"{figures.sent:,} in {seconds:.0f} s"),
        ("capacity before", f"{capacity:.2f} answers/s, 8 at a time"),
        *((f"  {end}", f"{ends[end]:,}") for end in End),
        *((f"    {why}", f"{count:,}") for why, count in figures.failures.most_common()),
        ("availability", f"{figures.availability:.2%} of good requests answered or shed in order"),
        ("answered", f"{figures.answered:.1%}, {figures.hits:,} of them out of the cache"),
        ("shed", f"{figures.shed:.1%}"),
        ("  in bursts, else", f"{figures.shed_burst:.1%}, {figures.shed_calm:.1%}"),
        ("time to first token", _seconds(figures.first)),
        ("  without the cache", _seconds(figures.first_generated)),
        ("tokens", f"{figures.prompt_tokens:,} in, {figures.output_tokens:,} out"),
        ("sent too late by", f"{1000 * figures.late:.0f} ms at p99"),
    ]
    return "\n".join(f"{name:22} {value}" for name, value in rows)


def lines(outcomes: Sequence[Outcome], seconds: float) -> str:
    """Requests, shed requests and time to first token over the day, a line each."""
    bins = _bins(outcomes)
    step = seconds / COLUMNS
    rows = (
        ("requests/s", [len(each) / step for each in bins], ".1f"),
        ("answered/s", [_count(each, End.ANSWERED) / step for each in bins], ".1f"),
        ("shed/s", [_count(each, End.SHED) / step for each in bins], ".1f"),
        ("p95 TTFT, s", [_late(each) for each in bins], ".2f"),
    )
    hours = "".join(f"{hour:<9}" for hour in range(0, 24, 3))
    drawn = [f"{name:12} {_line(values)} up to {max(values):{form}}" for name, values, form in rows]
    return "\n".join([*drawn, f"{'hour':12} {hours}"])


def picture(outcomes: Sequence[Outcome], seconds: float, file: Path) -> None:
    """The same as a PNG.

    Raises:
        ImportError: There is no matplotlib.
    """
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    bins, step = _bins(outcomes), seconds / COLUMNS
    hours = [24 * (column + 0.5) / COLUMNS for column in range(COLUMNS)]
    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(10, 6))
    ends = {End.ANSWERED: "tab:green", End.SHED: "tab:orange", End.REFUSED: "tab:gray",
            End.LEFT: "tab:blue", End.FAILED: "tab:red"}  # fmt: skip
    heights = [[_count(each, end) / step for each in bins] for end in ends]
    above.stackplot(hours, heights, labels=[str(end) for end in ends], colors=list(ends.values()))
    above.set_ylabel("requests/s")
    above.legend(loc="upper left")
    below.plot(hours, [_late(each) or math.nan for each in bins], color="tab:purple", marker=".")
    below.set_ylabel("p95 time to first token, s")
    below.set_xlabel("hour of the compressed day")
    below.set_xlim(0, 24)
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    pyplot.close(figure)


def _bins(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    bins: list[list[Outcome]] = [[] for _ in range(COLUMNS)]
    for each in outcomes:
        bins[min(COLUMNS - 1, int(each.request.at * COLUMNS))].append(each)
    return bins


def _count(outcomes: Sequence[Outcome], end: End) -> int:
    return sum(each.end is end for each in outcomes)


def _late(outcomes: Sequence[Outcome]) -> float:
    first = [each.first for each in outcomes if each.first is not None]
    return percentile(first, 0.95) if first else 0.0


def _line(values: Sequence[float]) -> str:
    most = max(values) or 1.0
    return "".join(BLOCKS[math.ceil((len(BLOCKS) - 1) * value / most)] for value in values)


def _seconds(found: tuple[float, float, float]) -> str:
    return "p50 {:.2f} s, p95 {:.2f} s, p99 {:.2f} s".format(*found)
