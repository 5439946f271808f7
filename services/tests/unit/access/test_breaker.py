"""A store that fails is left alone, and asked at ever longer pauses whether it is back."""

import asyncio

import pytest
from gateway.access import breaker
from gateway.access.breaker import Breaker


def test_pauses_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    told: list[bool] = []
    sleep = asyncio.sleep

    async def recorded(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def probe() -> None:
        if len(pauses) < 5:
            raise OSError("not yet")

    async def run() -> None:
        found = Breaker(probe, open_after=1, pause=1, longest_pause=5, changed=told.append)
        monkeypatch.setattr(breaker.asyncio, "sleep", recorded)
        found.failed()
        assert found.is_open
        assert 0 < found.seconds_to_probe <= 1
        while found.is_open:
            await sleep(0)
        assert found.seconds_to_probe == 0

    asyncio.run(run())
    assert pauses == [1, 2, 4, 5, 5]
    assert told == [False, True]


def test_only_failures_in_a_row_count() -> None:
    async def probe() -> None:
        raise OSError("away")

    async def run() -> None:
        found = Breaker(probe, open_after=3, pause=9, longest_pause=9, changed=lambda _: None)
        for _ in range(5):
            found.failed()
            found.failed()
            found.succeeded()
        assert not found.is_open
        for _ in range(3):
            found.failed()
        assert found.is_open
        await found.close()
        assert not found.is_open

    asyncio.run(run())
