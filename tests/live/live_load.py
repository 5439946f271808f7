"""Requests to the live platform, as many as a test needs at a time."""

import collections
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from live_platform import Answer, Platform

CONVERSATION = [
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Poland?"},
]
STORY = [
    {"role": "user", "content": "Write a very long story about a lighthouse, a storm and a dog."}
]
VARIANT = "x-llm-variant"


def chat(max_tokens: int = 4, **more: Any) -> dict[str, Any]:
    """The body of a request for an answer in a conversation of several turns."""
    return {"model": "smollm2", "messages": CONVERSATION, "max_tokens": max_tokens, **more}


@dataclass
class Load:
    """Clients that ask again and again until the block ends.

    Attributes:
        platform: Who is asked.
        clients: Requests at the same time.
        body: What is asked.
        pause_seconds: Pause of a client between two requests.
        answers: Number of answers by variant and status; of failures by their name and 0.
        trouble: What failed, in words.
    """

    platform: Platform
    clients: int = 3
    body: Mapping[str, Any] = field(default_factory=chat)
    pause_seconds: float = 0.05
    answers: "collections.Counter[tuple[str, int]]" = field(
        default_factory=collections.Counter[tuple[str, int]]
    )
    trouble: list[str] = field(default_factory=list[str])
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Self:
        # before the threads: the first one who asks reads it from the cluster
        assert self.platform.authority
        self._threads = [threading.Thread(target=self._go) for _ in range(self.clients)]
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    @property
    def failed(self) -> int:
        """Requests without a good answer."""
        return sum(count for (_, status), count in self.answers.items() if status != 200)

    @property
    def good(self) -> int:
        """Requests with one."""
        return sum(count for (_, status), count in self.answers.items() if status == 200)

    def _go(self) -> None:
        while not self._over.wait(self.pause_seconds):
            try:
                answer = self.platform.ask("/v1/chat/completions", self.body)
            except OSError as error:
                self.answers[(type(error).__name__, 0)] += 1
                self.trouble.append(f"{time.strftime('%X')} {type(error).__name__}: {error}")
                continue
            self.answers[(answer.headers.get(VARIANT, ""), answer.status)] += 1
            if answer.status != 200:
                said = answer.body.decode(errors="replace")[:200]
                self.trouble.append(f"{time.strftime('%X')} {answer.status} {said}")


@dataclass
class Streams:
    """Long answers that are being streamed while something else happens.

    Attributes:
        platform: Who is asked.
        count: How many at a time.
        tokens: Of each answer.
        headers: Of each request, `-` written as `_`.
    """

    platform: Platform
    count: int = 6
    tokens: int = 400
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    answers: list[Answer] = field(default_factory=list[Answer])
    trouble: list[str] = field(default_factory=list[str])
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def begin(self) -> None:
        """Start them all."""
        assert self.platform.authority
        self._threads = [threading.Thread(target=self._read) for _ in range(self.count)]
        for each in self._threads:
            each.start()

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(each.is_alive() for each in self._threads)

    def end(self) -> None:
        """Wait until every one of them is over."""
        for each in self._threads:
            each.join()

    def _read(self) -> None:
        body = {**chat(self.tokens, stream=True), "messages": STORY, "temperature": 1.0}
        try:
            answer = self.platform.ask("/v1/chat/completions", body, **self.headers)
        except OSError as error:
            self.trouble.append(f"{type(error).__name__}: {error}")
            return
        self.answers.append(answer)


def until(what: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: "") -> float:
    """Wait until something is true.

    Args:
        what: Asked twice a second.
        seconds: For how long at the most.
        why: Told when it does not come.

    Returns:
        Seconds that it took.
    """
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {why()}"
        time.sleep(0.5)
    return time.monotonic() - began
