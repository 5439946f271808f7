"""Leaves a store alone that does not answer, and asks it in the background whether it is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Breaker:
    """Opens after failures in a row; while it is open nobody waits for the store.

    A task of its own probes the store, after pauses that double; the first probe that succeeds
    closes the breaker. So no request ever pays for finding out.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        *,
        open_after: int,
        pause: float,
        longest_pause: float,
        changed: Callable[[bool], None],
    ) -> None:
        self._probe = probe
        self._open_after = open_after
        self._pause = pause
        self._longest = longest_pause
        self._changed = changed
        self._failures = 0
        self._task: asyncio.Task[None] | None = None
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the store is being left alone."""
        return self._task is not None

    @property
    def seconds_to_probe(self) -> float:
        """Until it is asked again; 0 while the breaker is closed."""
        return max(0.0, self._next_probe - time.monotonic()) if self.is_open else 0.0

    def succeeded(self) -> None:
        """The store answered."""
        self._failures = 0

    def failed(self) -> None:
        """The store did not answer."""
        self._failures += 1
        if self._failures >= self._open_after and self._task is None:
            self._next_probe = time.monotonic() + self._pause
            self._task = asyncio.create_task(self._until_back(), name="budget-store-probe")
            self._changed(False)

    async def _until_back(self) -> None:
        pause = self._pause
        while True:
            self._next_probe = time.monotonic() + pause
            await asyncio.sleep(pause)
            if await self._is_back():
                break
            pause = min(2 * pause, self._longest)
        self._failures = 0
        self._task = None
        self._changed(True)

    async def _is_back(self) -> bool:
        try:
            await self._probe()
        except Exception:  # noqa: BLE001 - whatever it is, the store is not back
            return False
        return True

    async def close(self) -> None:
        """Stop probing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
