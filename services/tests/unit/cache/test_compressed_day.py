"""The day of requests: what is sent, and that a lost one is seen."""

import importlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

# at the end: a script there has the name of a package
sys.path.append(str(Path(__file__).resolve().parents[4] / "bench"))

account: Any = importlib.import_module("compressed_day.account")
chart: Any = importlib.import_module("compressed_day.chart")
load: Any = importlib.import_module("compressed_day.load")
plan: Any = importlib.import_module("compressed_day.plan")


def test_the_same_seed_gives_the_same_day() -> None:
    assert plan.day(50, "m", 1) == plan.day(50, "m", 1)
    assert plan.day(50, "m", 1) != plan.day(50, "m", 2)


def test_a_day_has_its_number_of_requests_in_order_and_of_every_sort() -> None:
    day = plan.day(2000, "m", 1)
    assert len(day) == 2000
    assert [each.at for each in day] == sorted(each.at for each in day)
    assert 0 <= day[0].at <= day[-1].at < 1
    assert min(plan.counts(day).values()) > 50


def test_in_a_burst_ten_times_as_many_come() -> None:
    moments = [each.at for each in plan.day(8000, "m", 1)]
    for begin, length in plan.BURSTS:
        inside = sum(begin <= at < begin + length for at in moments)
        around = sum(begin - length <= at < begin for at in moments)
        assert 7 < inside / around < 14


def test_only_unique_prompts_come_once() -> None:
    day = plan.day(500, "m", 1)
    unique = [each.body for each in day if each.sort is plan.Sort.UNIQUE]
    assert len(set(unique)) == len(unique)
    assert len({each.body for each in day if each.sort is plan.Sort.REPEAT}) == len(plan.POPULAR)


@pytest.mark.parametrize(("capacity", "seconds"), [(0.1, 360), (1000, 240)])
def test_a_day_is_neither_too_short_nor_too_long(capacity: float, seconds: float) -> None:
    assert plan.duration(2000, capacity, least=240, most=360) == seconds


def outcomes() -> list[Any]:
    """Two answered, one shed, one refused, one left."""
    ends = {200: load.End.ANSWERED, 429: load.End.SHED, 400: load.End.REFUSED}
    found: list[Any] = []
    for place, status in enumerate((200, 200, 429, 400, 0)):
        sort = {400: plan.Sort.BAD, 0: plan.Sort.LEAVES}.get(status, plan.Sort.UNIQUE)
        outcome = load.Outcome(plan.Request(place / 5, sort, b""), float(place), 0.0)
        outcome.end, outcome.status = ends.get(status, load.End.LEFT), status
        outcome.first, outcome.output_tokens = (0.5, 3) if status == 200 else (None, 0)
        found.append(outcome)
    return found


def server(**changed: int) -> Any:
    status = Counter({200: 2, 429: 1, 400: 1, 499: 1})
    status.update({int(name[1:]): count for name, count in changed.items()})
    return account.Counted(+status, Counter(output=6), 0)


def test_what_adds_up_is_accounted_for() -> None:
    assert account.unaccounted(outcomes(), server()) == []
    # the one that left had been answered just before
    assert account.unaccounted(outcomes(), server(s200=1, s499=-1)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"s200": -1},
        {"s200": 1},
        {"s429": -1, "s499": 1},
        {"s500": 1, "s499": -1},
        {"s400": 1, "s200": -1},
    ],
)
def test_what_does_not_add_up_is_said(changed: dict[str, int]) -> None:
    assert account.unaccounted(outcomes(), server(**changed))


def test_tokens_and_requests_in_flight_count_too() -> None:
    assert account.unaccounted(outcomes(), account.Counted(server().by_status, Counter(), 0))
    assert account.unaccounted(
        outcomes(), account.Counted(server().by_status, Counter(output=6), 1)
    )


def test_metrics_are_read_as_the_gateway_writes_them() -> None:
    text = """# TYPE llm_gateway_requests counter
llm_gateway_requests_total{route="chat",model="m",tenant="a",status="200"} 3.0
llm_gateway_requests_total{route="chat",model="m",tenant="b",status="200"} 1.0
llm_gateway_requests_total{route="chat",model="",tenant="a",status="400"} 2.0
# TYPE llm_gateway_tokens counter
llm_gateway_tokens_total{model="m",tenant="a",type="output"} 40.0
# TYPE llm_gateway_requests_in_flight gauge
llm_gateway_requests_in_flight{route="chat",model="m"} 1.0
"""
    found = account.counted(text)
    assert found == account.Counted(Counter({200: 4, 400: 2}), Counter(output=40), 1)


def test_availability_counts_good_requests_whose_clients_waited() -> None:
    figures = account.figures(outcomes())
    assert figures.availability == 1.0
    assert figures.shed == pytest.approx(1 / 3)
    assert figures.first == (0.5, 0.5, 0.5)


def test_a_day_is_drawn() -> None:
    text = chart.lines(outcomes(), 60.0)
    assert "█" in text
    assert "shed" in chart.table(account.figures(outcomes()), 60.0, 2.0)
