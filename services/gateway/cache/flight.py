"""One of several identical requests generates; the others wait for its answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.contract import Answer, Call

Landing = asyncio.Future[Answer | None]


@dataclass(slots=True, eq=False)
class _Flight:
    """An answer that is being generated: by whom, and who waits for it, in order."""

    leader: Call
    waiting: dict[Landing, Call] = field(default_factory=dict[Landing, Call])


class Flights:
    """Answers that are being generated right now, by key.

    A leader whose client leaves hands over to the first that waits, so a cancelled request never
    takes others with it, and never two generate where one would do. After one that was refused or
    broke off all go on their own: one after the other they would wait for a refusal each.

    Args:
        waiters: How many may wait for one answer; more go on their own.
        seconds: How long each waits at most.
        clock: Seconds, of the clock that deadlines are in.
    """

    def __init__(
        self, *, waiters: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._waiters = waiters
        self._seconds = seconds
        self._clock = clock
        self._flights: dict[str, _Flight] = {}
        # by identity: an id that a client chose may come twice
        self._led: dict[int, tuple[Call, str]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def join(self, call: Call, key: str) -> Answer | None:
        """Lead, or wait for who leads. None: this call has to generate the answer."""
        flight = self._flights.get(key)
        if flight is not None and flight.leader.deadline <= self._clock():
            self._hand_over(key)  # it was never released
            flight = self._flights.get(key)
        if flight is None:
            self._lead(call, key, _Flight(call))
            return None
        if flight.leader is call or len(flight.waiting) >= self._waiters:
            return None
        return await self._wait(call, flight)

    def land(self, key: str, answer: Answer) -> None:
        """The answer is there: everybody gets it."""
        if key in self._flights:
            self._end(key, answer)

    def release(self, call: Call, *, failed: bool = False) -> None:
        """A call is over. If it led and no answer came, the first that waits leads, or all go."""
        _, key = self._led.get(id(call), (None, ""))
        if not key:
            return
        if failed:
            self._end(key, None)
        else:
            self._hand_over(key)

    async def _wait(self, call: Call, flight: _Flight) -> Answer | None:
        future: Landing = asyncio.get_running_loop().create_future()
        flight.waiting[future] = call
        try:
            async with asyncio.timeout(min(self._seconds, call.deadline - self._clock())):
                return await future
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            # it may have become the leader in the same moment
            self.release(call)
            raise
        finally:
            flight.waiting.pop(future, None)

    def _lead(self, call: Call, key: str, flight: _Flight) -> None:
        flight.leader = call
        self._flights[key] = flight
        self._led[id(call)] = (call, key)

    def _end(self, key: str, answer: Answer | None) -> None:
        flight = self._flights.pop(key)
        del self._led[id(flight.leader)]
        for future in flight.waiting:
            if not future.done():
                future.set_result(answer)
        flight.waiting.clear()

    def _hand_over(self, key: str) -> None:
        flight = self._flights.pop(key)
        del self._led[id(flight.leader)]
        while flight.waiting:
            future, call = next(iter(flight.waiting.items()))
            del flight.waiting[future]
            if not future.done() and call.deadline > self._clock():
                self._lead(call, key, flight)
                future.set_result(None)
                return
