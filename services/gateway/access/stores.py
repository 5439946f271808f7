"""Where use is counted: what every store offers, and the one of a single process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.access.windows import Decision, Limit, Usage, admit

PRUNE_EVERY = 4096


class StoreError(Exception):
    """The store did not answer, or not as it should; says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a granted request was counted, for the change afterwards."""

    account: str
    limits: tuple[Limit, ...]
    marks: tuple[int, ...]


class Store(Protocol):
    """Counts the use of accounts. Each call is atomic. All but `close` may raise `StoreError`."""

    @property
    def waits(self) -> bool:
        """Whether calls may take time; those of a store that does not wait never suspend."""
        ...

    async def reserve(self, account: str, limits: tuple[Limit, ...], tokens: int) -> Decision:
        """Let a request in if it fits under every limit, and count it."""
        ...

    async def change(self, ticket: Ticket, tokens: int) -> None:
        """Add to (or take from) the tokens of a granted request, as far as it still counts."""
        ...

    async def ping(self) -> None:
        """Whether it answers."""
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class MemoryStore:
    """Counts for this process alone."""

    waits = False

    def __init__(self, clock: Callable[[], int] = wall_clock) -> None:
        self._clock = clock
        self._usages: dict[tuple[str, str], Usage] = {}
        self._calls = 0

    def __len__(self) -> int:
        return len(self._usages)

    def _usage(self, account: str, limit: Limit) -> Usage:
        key = (account, limit.window.name)
        usage = self._usages.get(key)
        if usage is None:
            usage = self._usages[key] = Usage(limit.window)
        return usage

    async def reserve(self, account: str, limits: tuple[Limit, ...], tokens: int) -> Decision:
        """See `Store`."""
        now = self._clock()
        self._calls += 1
        if self._calls % PRUNE_EVERY == 0:
            self._prune(now)
        return admit([self._usage(account, limit) for limit in limits], limits, now, tokens)

    async def change(self, ticket: Ticket, tokens: int) -> None:
        """See `Store`."""
        for limit, mark in zip(ticket.limits, ticket.marks, strict=True):
            self._usage(ticket.account, limit).change(mark, tokens)

    def _prune(self, now: int) -> None:
        for key, usage in list(self._usages.items()):
            if now // usage.window.width - usage.newest > usage.ring:
                del self._usages[key]

    async def ping(self) -> None:
        """See `Store`."""

    async def close(self) -> None:
        """See `Store`."""
        self._usages.clear()
