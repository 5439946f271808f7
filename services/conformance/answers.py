"""Whether the server answers: at once, in pieces, to many, and after clients that left."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from conformance.place import Place
from conformance.surfaces import END, Surface
from conformance.wire import Answer, Stream
from conformance.words import Finding, left_out, met, not_met

Result = TypeVar("Result")

SHORT = 16
"""Tokens of a short answer."""
BUSY = (429, 503)
"""Statuses by which a server says that it has no room."""
AT_THE_END = 0.9
"""A stream whose first piece comes after this part of the time was not streamed."""
LONG_ENOUGH = 1.0
"""Seconds; of shorter streams it cannot be told."""


class Reading:
    """A streamed answer while it comes.

    Attributes:
        pieces: Events with text that came so far.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._last = self._ended = False
        self._wrong = ""
        self.pieces = 0

    def take(self, data: str) -> None:
        """Take an event's data."""
        if data == END:
            self._ended = True
            return
        event = _loaded(data)
        if event is None:
            self._wrong = self._wrong or f"an event is no JSON: {data[:80]!r}"
        elif isinstance(event, dict) and "error" in event:
            self._wrong = self._wrong or f"the stream ended by an error: {data[:200]}"
        self.pieces += bool(self._surface.text_of(event))
        self._last = self._last or self._surface.is_last(event)

    def problem(self, stream: Stream) -> str:
        """What is wrong with a stream that is over; empty if nothing is."""
        if self._wrong or stream.failure:
            return self._wrong or stream.failure
        if self._surface.ends_by_word and not self._ended:
            return f"the stream ends without data: {END}"
        if self._surface.tells_finish and not self._last:
            return "the stream ends without a finish_reason"
        return ""


def check_model(place: Place) -> Finding:
    """Whether the server names its model."""
    path = place.surface.description
    answer = place.client.get(path)
    if answer.status != 200:
        return not_met("model", f"GET {path}: {answer.told()}")
    if place.surface.model not in json.dumps(answer.json()):
        return not_met("model", f"GET {path} does not name {place.surface.model}")
    return met("model", f"GET {path} names {place.surface.model}")


def check_answer(place: Place) -> Finding:
    """Whether a question is answered in the form of the surface."""
    surface = place.surface
    answer = place.client.post(surface.path, surface.question(SHORT))
    if answer.status != 200 or not answer.whole:
        return not_met("answer", f"POST {surface.path}: {answer.told()}")
    problem = surface.problem(answer.json())
    return not_met("answer", problem) if problem else met("answer", f"POST {surface.path}: 200")


def check_stream(place: Place) -> Finding:
    """Whether an answer comes in pieces, as it is made, and to its end."""
    surface = place.surface
    if not surface.stream_path:
        return left_out("stream", "models of tensors have no streams")
    with place.client.stream(surface.stream_path, surface.question(SHORT, stream=True)) as stream:
        pieces, problem = read(place, stream)
        kind = stream.headers.get("content-type", "")
        if problem:
            return not_met("stream", problem)
        if not kind.startswith("text/event-stream"):
            return not_met("stream", f"its Content-Type is {kind!r}, not text/event-stream")
        if pieces < 2:
            return not_met("stream", f"{SHORT} tokens came in {pieces} piece, not in several")
        whole = time.monotonic() - stream.began
        if whole >= LONG_ENOUGH and stream.times[0] - stream.began > AT_THE_END * whole:
            return not_met("stream", "all pieces came at the end: the answer is held back")
    return met("stream", f"{pieces} pieces, then the end")


def check_leaving(place: Place) -> Finding:
    """Whether clients that leave in the middle of a stream take no room for good."""
    surface = place.surface
    if not surface.stream_path:
        return left_out("client-gone", "models of tensors have no streams")
    count = place.limits.parallel
    begun = side_by_side(count, lambda: _begin_and_leave(place))
    answer = patiently(place, SHORT)
    if answer.status != 200:
        detail = f"{sum(begun)} clients left; the next one: {answer.told()}"
        return not_met("client-gone", detail)
    return met("client-gone", f"{sum(begun)} of {count} clients left in the middle; then 200")


def check_load(place: Place) -> Finding:
    """Whether requests side by side are answered or refused, and none is broken off."""
    seen = side_by_side(place.limits.parallel, lambda: _one_of_many(place))
    broken = sorted({each for each in seen if each not in ("answered", "refused")})
    if broken:
        return not_met("load", f"of {len(seen)} requests side by side: {'; '.join(broken)}")
    if "answered" not in seen:
        return not_met("load", f"none of {len(seen)} requests side by side was answered")
    answered = seen.count("answered")
    return met("load", f"{answered} of {len(seen)} answered, {len(seen) - answered} refused")


def read(place: Place, stream: Stream) -> tuple[int, str]:
    """Read a stream to its end: how many pieces of text came, and what is wrong with it."""
    if stream.status != 200:
        body = stream.rest()
        failed = Answer(stream.status, stream.headers, body, stream.failure)
        return 0, f"the stream did not begin: {failed.told()}"
    reading = Reading(place.surface)
    for data in stream.events():
        reading.take(data)
    return reading.pieces, reading.problem(stream)


def patiently(place: Place, tokens: int) -> Answer:
    """Ask, and again for a while as long as there is no room."""
    deadline = time.monotonic() + place.client.seconds
    while True:
        answer = place.client.post(place.surface.path, place.surface.question(tokens))
        if answer.status not in BUSY or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def side_by_side(count: int, work: Callable[[], Result]) -> list[Result]:
    """Do the same so many times at once."""
    with ThreadPoolExecutor(count) as pool:
        return [each.result() for each in [pool.submit(work) for _ in range(count)]]


def _begin_and_leave(place: Place) -> bool:
    """Whether a stream had begun when its client left."""
    surface = place.surface
    question = surface.question(place.limits.tokens, stream=True)
    with place.client.stream(surface.stream_path, question) as stream:
        return next(stream.events(), None) is not None


def _one_of_many(place: Place) -> str:
    surface = place.surface
    if not surface.stream_path:
        answer = place.client.post(surface.path, surface.question(SHORT))
        if answer.whole and answer.status in (200, *BUSY):
            return "answered" if answer.status == 200 else "refused"
        return answer.told()
    with place.client.stream(surface.stream_path, surface.question(SHORT, stream=True)) as stream:
        if stream.status in BUSY:
            return "refused"
        return read(place, stream)[1] or "answered"


def _loaded(data: str) -> Any:
    """An event's data read as JSON; None where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
