"""Exact answers: memory first, then the shared store, then whoever is generating it."""

import time
from collections.abc import Callable

from gateway.cache.flight import Flights
from gateway.cache.memory import MemoryStore
from gateway.cache.metrics import CacheMetrics
from gateway.cache.redis_store import RedisStore
from gateway.cache.settings import MEGABYTE, CacheSettings
from gateway.contract import Answer, Call


class ExactCache:
    """Answers by the digest of everything that decides them.

    Args:
        settings: Section ``cache``.
        metrics: Where it counts.
        clock: Seconds, of the clock that deadlines are in.
    """

    def __init__(
        self,
        settings: CacheSettings,
        metrics: CacheMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._memory = MemoryStore(
            entries=settings.entries,
            size=int(settings.megabytes * MEGABYTE),
            ttl=settings.ttl_seconds,
            clock=clock,
            gone=lambda why: metrics.gone.labels("exact", why).inc(),
        )
        self._redis = (
            RedisStore(settings.redis, settings.ttl_seconds, metrics.store_failures.inc, clock)
            if settings.redis
            else None
        )
        self._flights = Flights(
            waiters=settings.waiters, seconds=settings.wait_seconds, clock=clock
        )

    async def get(self, call: Call, key: str) -> Answer | None:
        """A kept answer."""
        began = time.perf_counter()
        answer = self._memory.get(key)
        if answer is None and self._redis is not None:
            answer = await self._redis.get(key)
            if answer is not None:
                # lives here from now on as long as there, twice its time at most
                self._memory.put(key, call.model.triton, answer)
        self._metrics.lookup_seconds.labels("exact").observe(time.perf_counter() - began)
        return answer

    async def join(self, call: Call, key: str) -> Answer | None:
        """The answer that another call is generating, once it is there; None to generate it."""
        if not self._settings.single_flight:
            return None
        return await self._flights.join(call, key)

    def land(self, key: str, answer: Answer) -> None:
        """Give an answer to all that wait for it."""
        self._flights.land(key, answer)

    def release(self, call: Call, *, failed: bool = False) -> None:
        """The call is over: if others wait for it, the first of them generates, or all do."""
        self._flights.release(call, failed=failed)

    async def put(self, call: Call, key: str, answer: Answer) -> None:
        """Keep an answer unless it is too big."""
        if len(answer.text) > self._settings.answer_kilobytes * 1024:
            return
        self._memory.put(key, call.model.triton, answer)
        self._measure()
        if self._redis is not None:
            await self._redis.put(key, answer)

    def forget(self, model: str) -> None:
        """Drop what a model said."""
        self._memory.forget(model)
        self._measure()

    async def close(self) -> None:
        """Close the connections to the shared store."""
        if self._redis is not None:
            await self._redis.close()

    def _measure(self) -> None:
        self._metrics.entries.labels("exact").set(len(self._memory))
        self._metrics.size.labels("exact").set(self._memory.size)
