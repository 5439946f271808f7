"""Use of one account in a sliding window: pure arithmetic, in whole microseconds.

A window is cut into buckets. What counts is the bucket of now and as many before it as the window
has: the oldest of them may lie partly outside, and counts whole. So no interval of the window's
length ever sees more than the limit, and what was used comes free at most one bucket late.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

REQUESTS, TOKENS = 0, 1


@dataclass(frozen=True, slots=True)
class Window:
    """Length of a window.

    Attributes:
        name: ``minute`` or ``day``.
        width: Microseconds of a bucket.
        buckets: Buckets that make up its length.
    """

    name: str
    width: int
    buckets: int


MINUTE = Window("minute", 1_000_000, 60)
DAY = Window("day", 900_000_000, 96)


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be used in a window: requests and tokens, None for as many as you like."""

    window: Window
    requests: int | None = None
    tokens: int | None = None

    def of(self, quantity: int) -> int | None:
        """The limit of `REQUESTS` or `TOKENS`."""
        return self.tokens if quantity else self.requests


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is let in.

    Attributes:
        granted: It is, and has been counted.
        marks: Bucket of each window in which it was counted; for `change`.
        wait: Microseconds until it would be granted if nobody else came; None for never.
        limit: Index of the limit that made it wait longest.
        quantity: `REQUESTS` or `TOKENS`, of that limit.
    """

    granted: bool
    marks: tuple[int, ...] = ()
    wait: int | None = 0
    limit: int = 0
    quantity: int = REQUESTS


class Usage:
    """What one account used in one window: a ring of buckets."""

    __slots__ = ("counts", "newest", "ring", "totals", "window")

    def __init__(self, window: Window, state: bytes = b"") -> None:
        self.window = window
        self.ring = window.buckets + 1
        self.newest = 0
        self.counts = (self._empty(), self._empty())
        self.totals = [0, 0]
        if state:
            self._load(state)

    def _empty(self) -> "array[int]":
        return array("q", bytes(8 * self.ring))

    def _load(self, state: bytes) -> None:
        values = array("q")
        values.frombytes(state)
        if len(values) != 1 + 2 * self.ring:
            return  # of a version with other buckets: begin anew
        self.newest = values[0]
        self.counts = (values[1 : self.ring + 1], values[self.ring + 1 :])
        self.totals = [sum(self.counts[REQUESTS]), sum(self.counts[TOKENS])]

    def dump(self) -> bytes:
        """All of it, as `Usage` takes it back."""
        return array("q", [self.newest]).tobytes() + b"".join(
            each.tobytes() for each in self.counts
        )

    def advance(self, now: int) -> None:
        """Forget what has left the window.

        A clock that was set back by less than the window stands still until it has caught up; by
        more, and all is forgotten.
        """
        bucket = now // self.window.width
        step = bucket - self.newest
        if not any(self.totals):
            self.newest = bucket
            return
        if step >= self.ring or -step > self.ring:
            self.newest = bucket
            self.counts = (self._empty(), self._empty())
            self.totals = [0, 0]
            return
        for passed in range(self.newest + 1, bucket + 1):
            slot = passed % self.ring
            for quantity in (REQUESTS, TOKENS):
                self.totals[quantity] -= self.counts[quantity][slot]
                self.counts[quantity][slot] = 0
        self.newest = max(self.newest, bucket)

    def wait(self, now: int, quantity: int, amount: int, most: int) -> int | None:
        """Microseconds until `amount` more fits under `most`: 0 for now, None for never."""
        need = self.totals[quantity] + amount - most
        if need <= 0:
            return 0
        if amount > most:
            return None
        bucket = self.newest - self.window.buckets
        counts = self.counts[quantity]
        while need > 0 and bucket <= self.newest:
            need -= counts[bucket % self.ring]
            bucket += 1
        return (bucket + self.window.buckets) * self.window.width - now

    def add(self, requests: int, tokens: int) -> int:
        """Count in the newest bucket; returns it."""
        slot = self.newest % self.ring
        self.counts[REQUESTS][slot] += requests
        self.counts[TOKENS][slot] += tokens
        self.totals[REQUESTS] += requests
        self.totals[TOKENS] += tokens
        return self.newest

    def change(self, mark: int, tokens: int) -> None:
        """Add to (or take from) what was counted in bucket `mark`, if it still counts."""
        if self.newest - self.window.buckets <= mark <= self.newest:
            slot = mark % self.ring
            before = self.counts[TOKENS][slot]
            after = max(0, before + tokens)
            self.counts[TOKENS][slot] = after
            self.totals[TOKENS] += after - before


def admit(usages: Sequence[Usage], limits: Sequence[Limit], now: int, tokens: int) -> Decision:
    """Let a request in if it fits under every limit, and count it; otherwise count nothing."""
    longest, limit, quantity = 0, 0, REQUESTS
    for index, (usage, each) in enumerate(zip(usages, limits, strict=True)):
        usage.advance(now)
        for kind, amount in ((REQUESTS, 1), (TOKENS, tokens)):
            most = each.of(kind)
            if most is None:
                continue
            wait = usage.wait(now, kind, amount, most)
            if wait is None:
                return Decision(granted=False, wait=None, limit=index, quantity=kind)
            if wait > longest:
                longest, limit, quantity = wait, index, kind
    if longest:
        return Decision(granted=False, wait=longest, limit=limit, quantity=quantity)
    return Decision(granted=True, marks=tuple(usage.add(1, tokens) for usage in usages))
