"""The sliding window, held against a plain list of what was used."""

from dataclasses import dataclass, field

import pytest
from gateway.access.windows import REQUESTS, TOKENS, Limit, Usage, Window, admit
from hypothesis import given, settings
from hypothesis import strategies as st

SHORT = Window("short", 10, 4)
LONG = Window("long", 35, 3)
LIMITS = (Limit(SHORT, requests=3, tokens=50), Limit(LONG, requests=None, tokens=80))


@dataclass
class Log:
    """Everything that was let in: (time, tokens), changes applied."""

    entries: list[list[int]] = field(default_factory=list[list[int]])

    def worst(self, length: int, quantity: int) -> int:
        """The most that any interval of that length holds."""
        amounts = [(at, 1 if quantity == REQUESTS else used) for at, used in self.entries]
        return max(
            (
                sum(amount for at, amount in amounts if begin <= at < begin + length)
                for begin, _ in amounts
            ),
            default=0,
        )


steps = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=60
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_no_interval_sees_more_than_the_limit(steps: list[tuple[int, int, int]]) -> None:
    usages = [Usage(limit.window) for limit in LIMITS]
    log, now = Log(), 1_000
    for pause, wanted, used in steps:
        now += pause
        decision = admit(usages, LIMITS, now, wanted)
        if decision.granted:
            spent = min(used, wanted)
            log.entries.append([now, spent])
            for usage, mark in zip(usages, decision.marks, strict=True):
                usage.change(mark, spent - wanted)
    for limit in LIMITS:
        length = limit.window.width * limit.window.buckets
        for quantity in (REQUESTS, TOKENS):
            most = limit.of(quantity)
            assert most is None or log.worst(length, quantity) <= most


@settings(max_examples=150, deadline=None)
@given(steps)
def test_the_wait_is_exact(steps: list[tuple[int, int, int]]) -> None:
    usages = [Usage(limit.window) for limit in LIMITS]
    now = 1_000
    for pause, wanted, _ in steps:
        now += pause
        decision = admit(usages, LIMITS, now, wanted)
        if decision.granted:
            continue
        if decision.wait is None:
            limit = LIMITS[decision.limit]
            assert wanted > (limit.of(decision.quantity) or 0)
            continue
        early, late = ([Usage(usage.window, usage.dump()) for usage in usages] for _ in range(2))
        assert not admit(early, LIMITS, now + decision.wait - 1, wanted).granted
        assert admit(late, LIMITS, now + decision.wait, wanted).granted


def test_what_was_set_aside_too_much_comes_back() -> None:
    usage, limit = Usage(SHORT), Limit(SHORT, tokens=50)
    granted = admit([usage], [limit], 100, 50)
    assert not admit([usage], [limit], 101, 1).granted
    usage.change(granted.marks[0], -45)
    assert admit([usage], [limit], 102, 45).granted


def test_more_used_than_set_aside_is_counted_too() -> None:
    usage, limit = Usage(SHORT), Limit(SHORT, tokens=50)
    usage.change(admit([usage], [limit], 100, 10).marks[0], 60)
    assert usage.totals[TOKENS] == 70
    assert not admit([usage], [limit], 101, 1).granted


def test_a_change_of_what_left_the_window_does_nothing() -> None:
    usage, limit = Usage(SHORT), Limit(SHORT, tokens=50)
    mark = admit([usage], [limit], 100, 50).marks[0]
    admit([usage], [limit], 160, 20)
    usage.change(mark, -50)
    assert usage.totals[TOKENS] == 20


def test_an_amount_over_the_limit_never_fits() -> None:
    decision = admit([Usage(SHORT)], [Limit(SHORT, tokens=50)], 100, 51)
    assert (decision.granted, decision.wait, decision.quantity) == (False, None, TOKENS)


def test_what_is_refused_by_one_window_is_counted_in_none() -> None:
    usages = [Usage(SHORT), Usage(LONG)]
    limits = [Limit(SHORT, tokens=50), Limit(LONG, tokens=10)]
    assert not admit(usages, limits, 100, 20).granted
    assert [usage.totals for usage in usages] == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("back", "forgotten"), [(15, False), (500, True)])
def test_a_clock_that_is_set_back(back: int, forgotten: bool) -> None:
    usage, limit = Usage(SHORT), Limit(SHORT, tokens=50)
    admit([usage], [limit], 1_000, 50)
    assert admit([usage], [limit], 1_000 - back, 50).granted is forgotten


def test_state_of_other_buckets_is_forgotten() -> None:
    usage = Usage(LONG)
    admit([usage], [Limit(LONG)], 1_000, 7)
    assert Usage(SHORT, usage.dump()).totals == [0, 0]


def test_state_survives_a_store() -> None:
    usage = Usage(SHORT)
    admit([usage], [Limit(SHORT)], 1_000, 7)
    again = Usage(SHORT, usage.dump())
    assert (again.newest, again.totals) == (usage.newest, usage.totals)
    assert again.dump() == usage.dump()
