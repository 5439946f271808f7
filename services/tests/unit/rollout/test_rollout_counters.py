"""Counters and histograms, counted from raw samples."""

import math

import pytest
from rollout.counters import Histogram, Series, histogram, increase, total

NAN = math.nan


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        ([(0, 10), (10, 12), (20, 15)], 5),
        ([(0, 10), (10, 12), (20, 3), (30, 4)], 6),
        ([(0, 10), (10, 0), (20, 0)], 0),
        ([(6, 7), (10, 9)], 9),
        ([(0, 5)], 0),
        ([(0, 5), (10, NAN), (20, 8)], 3),
        ([(0, NAN), (10, 4)], 4),
        ([], 0),
        ([(-9, 1), (0, 10), (5, 11), (10, 12)], 1),
    ],
    ids=[
        "grows", "restarts", "restarts at zero", "is new", "has nothing new", "is no number once",
        "was no number before", "is empty", "only what is later counts",
    ],
)  # fmt: skip
def test_a_counter(samples: list[tuple[float, float]], grown: float) -> None:
    assert increase(samples, since=5) == grown


def series(bound: str, *values: float) -> Series:
    return Series({"le": bound}, [(10.0 * index, value) for index, value in enumerate(values)])


def test_no_series_is_not_zero() -> None:
    assert total([], 0) is None
    assert total([Series({}, [])], 0) is None
    assert total([Series({}, [(0, 5)])], 0) == 0
    assert total([Series({}, [(0, 5), (9, 6)]), Series({}, [(9, 2)])], 0) == 3


def test_a_histogram_is_the_sum_of_its_pods() -> None:
    pods = [
        *(series("0.1", 0, 5), series("1", 0, 9), series("+Inf", 0, 10)),
        *(series("0.1", 50, 55), series("1", 60, 70), series("+Inf", 61, 71)),
        series("nonsense", 0, 99),
    ]
    found = histogram(pods, since=0)
    assert found == Histogram((0.1, 1.0, math.inf), (10, 19, 20))
    assert found is not None
    assert found.count == 20


def test_a_histogram_is_put_right() -> None:
    assert histogram([], 0) is None
    assert histogram([series("x", 0, 1)], 0) is None
    torn = histogram([series("0.1", 0, 5), series("1", 0, 4)], 0)
    assert torn == Histogram((0.1, 1.0, math.inf), (5, 5, 5))


@pytest.mark.parametrize(
    ("share", "value"), [(0.25, 0.05), (0.5, 0.1), (0.75, 0.55), (0.95, 0.91), (1.0, 1.0)]
)
def test_a_quantile_is_what_prometheus_says(share: float, value: float) -> None:
    found = Histogram((0.1, 1.0, math.inf), (50, 100, 100))
    assert found.quantile(share) == pytest.approx(value)


def test_a_quantile_beyond_the_last_bound_is_that_bound() -> None:
    assert Histogram((0.1, 1.0, math.inf), (0, 1, 10)).quantile(0.95) == 1.0
    assert Histogram((0.1, math.inf), (0, 0)).quantile(0.95) is None


@pytest.mark.parametrize(
    ("limit", "larger"), [(0.0, 100), (0.05, 75), (0.1, 50), (0.55, 30), (1.0, 10), (5.0, 10)]
)
def test_how_many_are_above_a_limit(limit: float, larger: float) -> None:
    found = Histogram((0.1, 1.0, math.inf), (50, 90, 100))
    assert found.above(limit) == pytest.approx(larger)
