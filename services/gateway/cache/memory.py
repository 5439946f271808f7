"""Answers in memory: bounded in number and bytes, the one unused for longest goes first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.contract import Answer

OVERHEAD_BYTES = 600
"""What an answer takes besides its text: key, objects, its place in the table."""


def size_of(answer: Answer) -> int:
    """Bytes that an answer takes in memory, roughly; never too few for long ones."""
    return OVERHEAD_BYTES + 4 * len(answer.text)


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    model: str
    size: int
    until: float


class MemoryStore:
    """Answers by key.

    Args:
        entries: At most so many.
        size: Bytes at most.
        ttl: Seconds that an answer lives.
        clock: Seconds, of a clock that never goes back.
        gone: Told for every answer that leaves: ``size``, ``ttl`` or ``version``.
    """

    def __init__(
        self,
        *,
        entries: int,
        size: int,
        ttl: float,
        clock: Callable[[], float] = time.monotonic,
        gone: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._entries = entries
        self._limit = size
        self._ttl = ttl
        self._clock = clock
        self._gone = gone
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._size

    def get(self, key: str) -> Answer | None:
        """The answer of a key, which is then the last to go."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until <= self._clock():
            self._remove(key, "ttl")
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def put(self, key: str, model: str, answer: Answer) -> bool:
        """Keep an answer of a model; False when it is bigger than all there is room for."""
        size = size_of(answer)
        if size > self._limit:
            return False
        before = self._kept.pop(key, None)
        if before is not None:
            self._size -= before.size
        self._kept[key] = _Kept(answer, model, size, self._clock() + self._ttl)
        self._size += size
        while len(self._kept) > self._entries or self._size > self._limit:
            self._remove(next(iter(self._kept)), "size")
        return True

    def forget(self, model: str) -> None:
        """Drop all answers of a model."""
        for key in [key for key, kept in self._kept.items() if kept.model == model]:
            self._remove(key, "version")

    def _remove(self, key: str, why: str) -> None:
        self._size -= self._kept.pop(key).size
        self._gone(why)
