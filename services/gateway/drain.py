"""Ending without breaking an answer off."""

import asyncio
from types import TracebackType


class Drain:
    """Knows whether the gateway is ending, and which requests are still being answered.

    Attributes:
        draining: Whether it ends: no new request is taken.
        running: Requests that are being answered.
    """

    def __init__(self) -> None:
        self.draining = False
        self.running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """From now on, take nothing new."""
        self.draining = True

    async def finish(self, seconds: float) -> int:
        """Wait until all running requests are answered; returns how many are not in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return self.running
        return 0

    def __enter__(self) -> None:
        """A request begins."""
        self.running += 1
        self._idle.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """A request is over."""
        self.running -= 1
        if not self.running:
            self._idle.set()
