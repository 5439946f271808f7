"""Verdicts of gates: on evidence only."""

import json
import math
import random
from typing import Any

import pytest
from rollout.counters import Histogram
from rollout.gates import (
    EARLY_SAMPLES,
    Gate,
    Kind,
    Reading,
    Verdict,
    chance_of,
    of_quantile,
    of_ratio,
    of_value,
    overall,
    surely_more,
)

NAN = math.nan
P, F, W, S = Verdict.PASSED, Verdict.FAILED, Verdict.WAITING, Verdict.SKIPPED


def gate(kind: Kind = Kind.RATIO, limit: float = 0.01, **more: Any) -> Gate:
    return Gate("g", kind, {}, limit, **more)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.5])
@pytest.mark.parametrize("count", [5, 50, 400])
def test_the_chance_is_the_binomial_tail(share: float, count: int) -> None:
    for bad in range(1, count + 1, max(1, count // 20)):
        exact = sum(
            math.comb(count, each) * share**each * (1 - share) ** (count - each)
            for each in range(bad, count + 1)
        )
        expected = 1.0 if bad <= count * share else exact
        assert chance_of(bad, count, share) == pytest.approx(expected, rel=1e-9, abs=1e-150)


def test_the_chance_at_its_ends() -> None:
    assert chance_of(0, 10, 0.1) == 1
    assert chance_of(3, 10, 0.0) == 0
    assert chance_of(3, 10, 1.0) == 1
    assert chance_of(11, 10, 0.5) == 0
    assert chance_of(20_000, 1_000_000, 0.01) == pytest.approx(0)


def test_a_good_candidate_is_rarely_called_worse() -> None:
    """Looked at after every request, as a rollout never does, a candidate at its limit."""
    draws = random.Random(7)  # noqa: S311 - no secret
    wrong = 0
    for _ in range(400):
        bad = 0
        for count in range(1, 301):
            bad += draws.random() < 0.01
            if count >= EARLY_SAMPLES and surely_more(bad, count, 0.01):
                wrong += 1
                break
    assert wrong <= 2


@pytest.mark.parametrize(
    ("bad", "count", "verdict"),
    [
        (None, None, W),
        (0, 0, W),
        (0, 49, W),
        (0, 50, P),
        (None, 50, P),
        (1, 50, W),
        (1, 100, P),
        (2, 4, W),
        (5, 5, F),
        (4, 20, F),
        (30, 1000, F),
        (12, 1000, W),
    ],
    ids=[
        "no series", "no request", "too few", "enough", "no series of bad ones", "not clear",
        "at its limit", "too few to fail", "all fail", "a fifth fails", "three in a hundred",
        "a little above its limit",
    ],
)  # fmt: skip
def test_a_share_of_errors(bad: float | None, count: float | None, verdict: Verdict) -> None:
    assert of_ratio(gate(), bad, count).verdict is verdict


def test_a_candidate_does_not_answer_for_trouble_that_both_have() -> None:
    assert of_ratio(gate(), 10, 100, stable=0.1).verdict is P
    assert of_ratio(gate(), 10, 100, stable=NAN).verdict is F
    assert of_ratio(gate(), 10, 100, stable=0.0).verdict is F
    assert of_ratio(gate(margin=0.2), 10, 100, stable=0.0).verdict is P


def waits(fast: float, slow: float) -> Histogram:
    """Requests below 0.1 s, and between 1 and 2 s."""
    return Histogram((0.1, 1.0, 2.0, math.inf), (fast, fast, fast + slow, fast + slow))


@pytest.mark.parametrize(
    ("found", "stable", "verdict"),
    [
        (None, None, W),
        (waits(0, 0), None, W),
        (waits(40, 0), None, W),
        (waits(100, 0), None, P),
        (waits(4, 6), None, F),
        (waits(500, 500), 2.0, P),
        (waits(96, 4), None, P),
        (waits(93, 7), None, W),
    ],
    ids=[
        "no series", "no request", "too few", "fast", "half is slow", "as slow as stable",
        "some are slow", "not clear",
    ],
)  # fmt: skip
def test_a_quantile(found: Histogram | None, stable: float | None, verdict: Verdict) -> None:
    reading = of_quantile(gate(Kind.QUANTILE, 0.5, factor=1.25), found, stable)
    assert reading.verdict is verdict, reading


@pytest.mark.parametrize(
    ("value", "stable", "last", "verdict"),
    [
        (None, 0.9, True, W),
        (NAN, 0.9, True, W),
        (0.88, 0.9, True, P),
        (0.70, 0.9, False, W),
        (0.70, 0.9, True, F),
        (0.70, None, True, F),
        (1.0, None, True, P),
    ],
    ids=["none", "no number", "near", "worse, early", "worse", "stable unknown", "perfect"],
)
def test_a_quality_score(
    value: float | None, stable: float | None, *, last: bool, verdict: Verdict
) -> None:
    score = gate(Kind.VALUE, 1.0, margin=0.05, more_is_better=True)
    assert of_value(score, value, None, stable, last=last).verdict is verdict


def test_what_need_not_be_there_is_skipped_and_what_is_there_is_judged() -> None:
    optional = gate(Kind.QUANTILE, 0.5, required=False)
    assert of_quantile(optional, None).verdict is S
    assert of_quantile(optional, waits(4, 6)).verdict is F
    counted = Gate("g", Kind.VALUE, {"samples": "x"}, 1.0, more_is_better=True)
    assert of_value(counted, 0.1, 3).verdict is W
    assert of_value(counted, 0.1, 60).verdict is F


def reading(verdict: Verdict) -> Reading:
    return Reading("g", verdict, "because", None, None, 0.0, 0)


@pytest.mark.parametrize(
    ("verdicts", "elapsed", "together"),
    [
        ([P, P], 60, P),
        ([P, P], 59, W),
        ([P, S], 60, P),
        ([P, W], 60, W),
        ([P, W], 600, F),
        ([F, W], 1, F),
        ([], 60, P),
    ],
)
def test_all_gates_together(verdicts: list[Verdict], elapsed: float, together: Verdict) -> None:
    found, why = overall([reading(each) for each in verdicts], elapsed, 60, 600)
    assert found is together
    assert why


def test_a_reading_is_json_whatever_its_values_are() -> None:
    odd = Reading("g", W, "x", NAN, math.inf, 0.25, 3)
    text = json.dumps(odd.document(), allow_nan=False)
    assert json.loads(text)["candidate"] is None
