"""The end: SIGTERM while a stream is open."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.answers import BUSY, Reading
from conformance.place import Place, Stopper
from conformance.wire import Stream
from conformance.words import Finding, left_out, met, not_met, not_run

REQUIREMENTS = ("drain-stream", "drain-ready", "drain-new", "drain-exit")
PAUSE = 0.05
"""Seconds between two looks at a server that ends."""
PROBE_SECONDS = 1
"""Patience of Kubernetes' probes."""
CLOSING = 0.3
"""Seconds before the last answer in which a new request may be broken off."""
REFUSED = "ConnectionRefusedError"
"""How a port is told that nobody listens to any more."""


@dataclass
class Seen:
    """What was seen after SIGTERM, while the stream was open.

    Attributes:
        ready: What readiness answered.
        new: When each new request began, and what it was answered.
    """

    ready: list[str] = field(default_factory=list[str])
    new: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])


class Reader(threading.Thread):
    """Reads a stream to its end while others look at the server.

    Attributes:
        reading: What came.
        over: When it was over, by the monotonic clock; 0 while it goes on.
    """

    def __init__(self, reading: Reading, events: Iterator[str]) -> None:
        super().__init__(daemon=True)
        self.reading = reading
        self._events = events
        self.over = 0.0

    def run(self) -> None:
        """Read."""
        for data in self._events:
            self.reading.take(data)
        self.over = time.monotonic()


def check(place: Place) -> list[Finding]:
    """End the server while a stream is open, and look."""
    if place.stopper is None:
        reason = "the suite cannot end the server: give --pid, --stop or the server's command"
        return [not_run(each, reason) for each in REQUIREMENTS]
    surface = place.surface
    if not surface.stream_path:
        return _without_stream(place, place.stopper)
    question = surface.question(place.limits.tokens, stream=True)
    with place.client.stream(surface.stream_path, question) as stream:
        events = stream.events()
        if stream.status != 200 or next(events, None) is None:
            reason = f"no stream could be begun: {stream.failure or stream.status}"
            return [not_run(each, reason) for each in REQUIREMENTS]
        reader = Reader(Reading(surface), events)
        place.stopper.stop()
        signalled = time.monotonic()
        reader.start()
        seen = Seen()
        _look_on(place, reader, seen)
        findings = [
            _stream_finding(reader, stream, signalled),
            _ready_finding(place, seen),
            _new_finding(reader, seen),
        ]
    return [*findings, _exit_finding(place, place.stopper)]


def _look_on(place: Place, reader: Reader, seen: Seen) -> None:
    """Ask for readiness, and beside it for something new, until the stream is over."""
    deadline = time.monotonic() + place.limits.grace_seconds

    def is_on() -> bool:
        return reader.is_alive() and time.monotonic() < deadline

    def ask() -> None:
        surface = place.surface
        while is_on():
            began = time.monotonic()
            answer = place.client.post(surface.path, surface.question(1))
            seen.new.append((began, answer.failure or str(answer.status)))
            time.sleep(PAUSE)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while is_on():
        ready = place.client.get(place.ready, seconds=PROBE_SECONDS)
        if reader.is_alive():
            seen.ready.append(str(ready.status) if ready.status else ready.failure)
        reader.join(PAUSE)
    asking.join()


def _stream_finding(reader: Reader, stream: Stream, signalled: float) -> Finding:
    if reader.is_alive():
        return not_met("drain-stream", "the stream that was open had no end within the grace time")
    after = reader.over - signalled
    pieces = reader.reading.pieces
    problem = reader.reading.problem(stream)
    if problem:
        seen = f"after SIGTERM {pieces} more pieces came in {after:.1f} s; then {problem}"
        return not_met("drain-stream", seen)
    if not pieces:
        return not_run("drain-stream", "the stream was over before SIGTERM: raise --tokens")
    return met("drain-stream", f"{pieces} more pieces in {after:.1f} s, then the end")


def _ready_finding(place: Place, seen: Seen) -> Finding:
    if not seen.ready:
        return not_run("drain-ready", "the stream was over too soon after SIGTERM: raise --tokens")
    if all(each == "200" for each in seen.ready):
        detail = f"GET {place.ready} answered 200 to all {len(seen.ready)} looks"
        return not_met("drain-ready", f"{detail} while the stream ended")
    told = "refused" if REFUSED in seen.ready[-1] else seen.ready[-1]
    return met("drain-ready", f"GET {place.ready} after SIGTERM: {told}")


def _new_finding(reader: Reader, seen: Seen) -> Finding:
    """Judge the new requests; what came as the last answer went out may have met a closing door."""
    fine = {"200", *map(str, BUSY)}
    latest = reader.over - CLOSING if reader.over else time.monotonic()
    told = ["refused" if REFUSED in each else each for began, each in seen.new if began <= latest]
    bad = sorted({each for each in told if each not in fine and each != "refused"})
    if bad:
        return not_met("drain-new", f"new requests after SIGTERM: {'; '.join(bad)[:300]}")
    if not told:
        return not_run("drain-new", "the stream was over too soon after SIGTERM: raise --tokens")
    return met("drain-new", f"{len(told)} new requests: {', '.join(sorted(set(told)))}")


def _exit_finding(place: Place, stopper: Stopper) -> Finding:
    orderly, told = stopper.ended(place.limits.grace_seconds)
    return met("drain-exit", told) if orderly else not_met("drain-exit", told)


def _without_stream(place: Place, stopper: Stopper) -> list[Finding]:
    """A model of tensors: nothing is open when it ends."""
    stopper.stop()
    reason = "models of tensors have no streams"
    begun = [left_out(each, reason) for each in REQUIREMENTS[:3]]
    return [*begun, _exit_finding(place, stopper)]
