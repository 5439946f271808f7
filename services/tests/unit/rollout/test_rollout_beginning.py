"""The wait at a rollout's beginning for a scrape of the candidate, by a clock of the test's own."""

from typing import Any, cast

import pytest
from rollout.cluster import Place, Route
from rollout.measures import Measures
from rollout.plan import Strategy
from rollout.prometheus import NoMetricsError
from rollout.settings import Settings
from rollout.state import Phase, State
from rollout.steps import SETTLE_SECONDS, Clock, Rollout

BEGAN = 1000.0
READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}


class Scrapes:
    """Metrics whose last scrape is at a moment, or that nobody answers for."""

    def __init__(self, scraped: float | None) -> None:
        self.scraped = scraped

    def have_seen(self, _variant: object, moment: float, now: float) -> bool:
        if self.scraped is None:
            raise NoMetricsError("away")
        assert moment == BEGAN
        return now >= self.scraped


class Running:
    """A service whose rollout runs, and whose candidate is ready."""

    service, namespace = "chat", "a"

    def __init__(self) -> None:
        self.signs = 0

    def route(self) -> Route:
        state = State("r1", Strategy.CANARY, Phase.RUNNING, "", BEGAN, BEGAN)
        return Route("1", [], None, state)

    def variant(self, _variant: object) -> dict[str, Any]:
        return READY

    def guarded(self, _name: str, *, suspended: bool) -> None:
        assert not suspended

    def renew(self, *_given: object) -> None:
        self.signs += 1


def began(scraped: float | None) -> tuple[float, int, list[str]]:
    """How long `begin` took, how often it gave a sign of life, and what it said."""
    place = Running()
    moment = [BEGAN]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    said: list[str] = []
    rollout = Rollout(
        "r1",
        cast("Place", place),
        Settings("chat", "a"),
        cast("Measures", Scrapes(scraped)),
        said.append,
        Clock(lambda: moment[0], sleep),
    )
    rollout.begin(Strategy.CANARY)
    return moment[0] - BEGAN, place.signs, said


@pytest.mark.parametrize(
    ("scraped", "took", "signs"),
    [(BEGAN, 0, 0), (BEGAN + 13, 15, 3), (None, 0, 0)],
    ids=["seen already", "between two looks", "nobody answers"],
)
def test_it_waits_for_a_scrape(scraped: float | None, took: float, signs: int) -> None:
    assert began(scraped) == (took, signs, ["canary of chat: the candidate is ready"])


def test_it_does_not_wait_for_ever() -> None:
    took, _, said = began(BEGAN + 10_000)
    assert SETTLE_SECONDS < took <= SETTLE_SECONDS + 5
    assert said == [
        "no new metrics of the candidate for 95 s; the rollout goes on",
        "canary of chat: the candidate is ready",
    ]
