"""Slots, the bounded queue before them, and the drain."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from gateway.admission import AdmissionSettings, ModelAdmission, QueueAdmission, make_admission
from gateway.contract import Call, Kind, ServedModel, Tenant
from gateway.drain import Drain
from gateway.errors import OverloadedError, UnavailableError


def call(tenant: str = "a", model: str = "m", seconds: float = 60.0) -> Call:
    now = time.monotonic()
    served = ServedModel(model, model, Kind.TENSOR)
    return Call("id", "infer", Tenant(tenant, tenant), served, now, now + seconds)


def made(**settings: Any) -> QueueAdmission:
    return make_admission(AdmissionSettings(**settings), Drain())


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 10))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def hold(admission: QueueAdmission, asked: Call, until: asyncio.Event) -> None:
    async with admission.slot(asked):
        await until.wait()


def test_one_more_than_slots_and_queue_is_refused_at_once() -> None:
    async def scenario() -> None:
        admission, over = made(slots=2, queue=1), asyncio.Event()
        tasks = [asyncio.create_task(hold(admission, call(), over)) for _ in range(3)]
        await settle()
        assert admission.load() == {"m": (2, 1)}
        with pytest.raises(OverloadedError) as caught:
            await hold(admission, call(), over)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1
        over.set()
        await asyncio.gather(*tasks)
        assert admission.load() == {"m": (0, 0)}

    run(scenario())


def test_models_do_not_share_their_room() -> None:
    async def scenario() -> None:
        admission = made(slots=1, queue=0, models={"big": ModelAdmission(slots=2, queue=0)})
        over = asyncio.Event()
        asked = [call(), call(model="big"), call(model="big")]
        tasks = [asyncio.create_task(hold(admission, each, over)) for each in asked]
        await settle()
        assert admission.load() == {"m": (1, 0), "big": (2, 0)}
        over.set()
        await asyncio.gather(*tasks)

    run(scenario())


def test_the_lowest_number_goes_first_then_who_came_first() -> None:
    async def scenario() -> None:
        admission = made(slots=1, queue=9, priorities={"first": 1, "last": 9})
        order: list[str] = []

        async def take(tenant: str) -> None:
            asked = call(tenant)
            async with admission.slot(asked):
                order.append(tenant)
                assert asked.notes["queue_seconds"] >= 0

        async with admission.slot(call()):
            tasks = [
                asyncio.create_task(take(tenant)) for tenant in ("last", "one", "two", "first")
            ]
            await settle()
        await asyncio.gather(*tasks)
        assert order == ["first", "one", "two", "last"]

    run(scenario())


def test_who_waits_too_long_is_refused() -> None:
    async def scenario() -> None:
        admission = made(slots=1, queue=1, queue_seconds=0.02)
        async with admission.slot(call()):
            with pytest.raises(OverloadedError, match="became free in time"):
                await hold(admission, call(), asyncio.Event())
            assert admission.load() == {"m": (1, 0)}
        assert admission.load() == {"m": (0, 0)}

    run(scenario())


def test_nobody_waits_beyond_their_deadline() -> None:
    async def scenario() -> None:
        admission = made(slots=1, queue=1, queue_seconds=3600)
        async with admission.slot(call()):
            with pytest.raises(OverloadedError):
                await hold(admission, call(seconds=0.02), asyncio.Event())

    run(scenario())


def test_who_goes_away_while_waiting_leaves_the_queue() -> None:
    async def scenario() -> None:
        admission, over = made(slots=1, queue=1), asyncio.Event()
        async with admission.slot(call()):
            gone = asyncio.create_task(hold(admission, call(), over))
            await settle()
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            stays = asyncio.create_task(hold(admission, call(), over))
            await settle()
            assert admission.load() == {"m": (1, 1)}
        over.set()
        await stays
        assert admission.load() == {"m": (0, 0)}

    run(scenario())


def test_a_slot_that_is_handed_to_who_has_just_gone_is_not_lost() -> None:
    async def scenario() -> None:
        admission, over = made(slots=1, queue=2), asyncio.Event()
        slot = admission.slot(call())
        await slot.__aenter__()
        waiting = asyncio.create_task(hold(admission, call(), over))
        await settle()
        # Both within one turn of the loop: it has the slot, and is told to go.
        await slot.__aexit__(None, None, None)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert admission.load() == {"m": (0, 0)}

    run(scenario())


def test_a_gateway_that_drains_takes_nothing_new() -> None:
    async def scenario() -> None:
        drain = Drain()
        admission = make_admission(AdmissionSettings(), drain)
        drain.begin()
        with pytest.raises(UnavailableError):
            await hold(admission, call(), asyncio.Event())

    run(scenario())


def test_a_drain_waits_for_what_is_running() -> None:
    async def scenario() -> None:
        drain = Drain()
        with drain:
            assert await drain.finish(0.01) == 1
            finishing = asyncio.create_task(drain.finish(10))
            await settle()
            assert not finishing.done()
        assert await finishing == 0
        assert await drain.finish(0) == 0

    run(scenario())
