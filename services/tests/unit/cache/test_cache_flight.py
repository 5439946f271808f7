"""Identical requests at the same time: one generates, whatever becomes of it."""

import asyncio

from cache_support import Triton, a_call, a_question, an_answer, ask, caches
from gateway.cache.flight import Flights
from gateway.contract import Answer, Call


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def started(
    count: int, seconds: float = 5.0, waiters: int = 9
) -> tuple[Flights, list[Call], list["asyncio.Task[Answer | None]"]]:
    """A leader and those that wait for it."""
    flights = Flights(waiters=waiters, seconds=seconds)
    calls = [a_call() for _ in range(count + 1)]
    assert await flights.join(calls[0], "key") is None
    tasks = [asyncio.create_task(flights.join(call, "key")) for call in calls[1:]]
    await turn()
    return flights, calls, tasks


def test_all_that_wait_get_the_answer() -> None:
    async def run() -> None:
        flights, _, tasks = await started(3)
        assert not any(task.done() for task in tasks)
        flights.land("key", an_answer())
        assert await asyncio.gather(*tasks) == [an_answer()] * 3
        assert len(flights) == 0

    asyncio.run(run())


def test_a_leader_without_an_answer_hands_over_to_the_first_that_waits() -> None:
    async def run() -> None:
        flights, calls, tasks = await started(3)
        flights.release(calls[0])
        await turn()
        assert [task.done() for task in tasks] == [True, False, False]
        assert tasks[0].result() is None
        flights.land("key", an_answer())
        assert await asyncio.gather(*tasks[1:]) == [an_answer()] * 2

    asyncio.run(run())


def test_after_a_leader_that_failed_all_go_on_their_own() -> None:
    async def run() -> None:
        flights, calls, tasks = await started(3)
        flights.release(calls[0], failed=True)
        assert await asyncio.gather(*tasks) == [None] * 3
        assert len(flights) == 0

    asyncio.run(run())


def test_one_that_is_cancelled_while_it_takes_over_hands_on() -> None:
    async def run() -> None:
        flights, calls, tasks = await started(2)
        flights.release(calls[0])
        tasks[0].cancel()
        await turn()
        assert tasks[0].cancelled()
        assert tasks[1].done()
        assert tasks[1].result() is None
        flights.release(calls[2])
        assert len(flights) == 0

    asyncio.run(run())


def test_one_that_is_cancelled_while_it_waits_is_passed_over() -> None:
    async def run() -> None:
        flights, calls, tasks = await started(2)
        tasks[0].cancel()
        await turn()
        flights.release(calls[0])
        await turn()
        assert tasks[1].result() is None

    asyncio.run(run())


def test_nobody_waits_for_ever() -> None:
    async def run() -> None:
        flights, calls, tasks = await started(1, seconds=0.01)
        assert await tasks[0] is None
        # it goes alone: the flight is still the leader's
        flights.release(calls[1])
        assert len(flights) == 1

    asyncio.run(run())


def test_nobody_waits_beyond_its_deadline() -> None:
    async def run() -> None:
        flights, _, _ = await started(0)
        assert await flights.join(a_call(seconds=0.01), "key") is None

    asyncio.run(run())


def test_the_number_of_those_that_wait_is_bounded() -> None:
    async def run() -> None:
        flights, _, tasks = await started(3, waiters=2)
        assert [task.done() for task in tasks] == [False, False, True]
        flights.land("key", an_answer())
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_a_leader_that_was_never_released_is_replaced_after_its_deadline() -> None:
    async def run() -> None:
        now = [0.0]
        flights = Flights(waiters=9, seconds=5, clock=lambda: now[0])
        lost, next_one = a_call(), a_call()
        lost.deadline, next_one.deadline = 10.0, 99.0
        assert await flights.join(lost, "key") is None
        now[0] = 11.0
        assert await flights.join(next_one, "key") is None
        flights.release(lost)
        assert len(flights) == 1
        flights.release(next_one)
        assert len(flights) == 0

    asyncio.run(run())


def test_a_call_never_waits_for_itself() -> None:
    async def run() -> None:
        flights, calls, _ = await started(0)
        assert await flights.join(calls[0], "key") is None

    asyncio.run(run())


def test_concurrent_requests_share_one_answer() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={})
        leader = a_call()
        assert await cache.find(leader, a_question()) is None
        others = [asyncio.create_task(ask(cache, a_question())) for _ in range(3)]
        await turn()
        await cache.keep(leader, a_question(), an_answer())
        cache.release(leader)
        assert await asyncio.gather(*others) == [("hit", an_answer())] * 3

    asyncio.run(run())


def test_other_tenants_do_not_wait() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={})
        assert await cache.find(a_call(), a_question()) is None
        assert await cache.find(a_call(tenant="other"), a_question()) is None

    asyncio.run(run())
