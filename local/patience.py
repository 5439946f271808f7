"""Waiting that can be told to end: for readiness, for deletion, between two attempts.

A wait does not know who asked for it, so the patience of the request under way is a context
variable. A thread that is started for a request has to be given a copy of its context.
"""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

LAST_SECONDS = 20.0
"""How long a request that was told to end may still look at what it has done."""


class StoppedError(Exception):
    """A wait was told to end."""

    def __init__(self) -> None:
        super().__init__("stopped on request while it waited")


class Patience:
    """How long one side's requests go on waiting: until it is told to end.

    Args:
        seconds: When it ends by itself, from now; None: never.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._ended = threading.Event()
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def end(self) -> None:
        """End every wait, those under way and those to come."""
        self._ended.set()

    @property
    def has_ended(self) -> bool:
        """Whether the next wait would end at once."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._ended.is_set()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: It was told to end.
        """
        if self._deadline is not None:
            seconds = min(seconds, max(0.0, self._deadline - time.monotonic()))
        self._ended.wait(seconds)
        if self.has_ended:
            raise StoppedError


_CURRENT: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def using(patience: Patience) -> Generator[None]:
    """Have the waits of a request end with `patience`."""
    token = _CURRENT.set(patience)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def last_look() -> Generator[None]:
    """Have what is done here go on although the request was told to end; for a short time only."""
    if _CURRENT.get() is None:
        yield
        return
    with using(Patience(LAST_SECONDS)):
        yield


def pause(seconds: float) -> None:
    """Wait, as part of the request under way.

    Raises:
        StoppedError: The request was told to end.
    """
    current = _CURRENT.get()
    if current is None:
        time.sleep(seconds)
    else:
        current.pause(seconds)


def with_jitter(seconds: float) -> float:
    """`seconds`, more or less, so that many that failed together do not try again together."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
