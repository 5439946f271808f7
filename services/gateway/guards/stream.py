"""The guards of one answer, over whatever pieces it arrives in."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import BlockedError
from gateway.guards.findings import Finding
from gateway.guards.monitors import Monitor
from gateway.guards.settings import Action, Fail


@dataclass(frozen=True, slots=True)
class Post:
    """One guard at its post.

    Attributes:
        action: What it does about findings.
        fail: What happens when it breaks.
        monitor: What watches for it.
        note: Told of each finding.
        broken: Told when it breaks, with the error.
        refusal: The error that ends the answer, for a finding or, with None, for a broken guard.
    """

    action: Action
    fail: Fail
    monitor: Monitor
    note: Callable[[Finding], None]
    broken: Callable[[Exception], None]
    refusal: Callable[[Finding | None], BlockedError]


@dataclass(slots=True)
class _Mask:
    start: int
    end: int
    text: str
    said: bool = False


class StreamGuard:
    """Shows an answer to monitors, character by character, and lets through what they pass.

    The text that leaves, in all, and whether the answer is blocked, are the same for all ways to
    cut it into pieces.

    Args:
        posts: The guards in their order.
    """

    def __init__(self, posts: list[Post]) -> None:
        self._crew = [(post, post.monitor.step, self._reporter(post)) for post in posts]
        self._last: dict[int, tuple[Finding, _Mask | None]] = {}
        self._text = ""
        self._begin = 0
        self._seen = 0
        self._masks: list[_Mask] = []
        self._stop = 0
        self._error: BlockedError | None = None

    def feed(self, text: str) -> str:
        """Take a piece of the answer; returns what may be sent now.

        Raises:
            BlockedError: The answer must end here. Fine text before the end is returned first, and
                the error comes with the next call.
        """
        if self._error:
            raise self._error
        if not self._crew:
            return text
        self._text += text
        for char in text:
            place = self._seen
            self._seen += 1
            for post, step, report in self._crew:
                try:
                    step(char, place, report)
                except Exception as error:  # noqa: BLE001 - `fail` says what follows
                    self._break(post, error)
                if self._error:
                    return self._leave()
        return self._leave()

    def end(self) -> str:
        """The answer is over; returns what was held back. Raises as `feed`."""
        if self._error:
            raise self._error
        for post, _, report in self._crew:
            try:
                post.monitor.finish(self._seen, report)
            except Exception as error:  # noqa: BLE001 - `fail` says what follows
                self._break(post, error)
            if self._error:
                break
        return self._leave()

    def _reporter(self, post: Post) -> Callable[[Finding], None]:
        def report(finding: Finding) -> None:
            if self._error:
                return
            last, mask = self._last.get(id(post), (None, None))
            goes_on = last is not None and last.label == finding.label and last.end == finding.start
            if not goes_on:
                post.note(finding)
            if post.action is Action.BLOCK:
                self._error, self._stop = post.refusal(finding), finding.start
            elif post.action is Action.MASK:
                mask = self._mask(finding, mask if goes_on else None)
            self._last[id(post)] = (finding, mask)

        return report

    def _mask(self, finding: Finding, before: _Mask | None) -> _Mask:
        if before and before in self._masks:
            before.end = finding.end
            return before
        mask = _Mask(finding.start, finding.end, finding.mask, said=before is not None)
        self._masks.append(mask)
        return mask

    def _break(self, post: Post, error: Exception) -> None:
        post.broken(error)
        if post.fail is Fail.CLOSED:
            self._error, self._stop = post.refusal(None), self._limit()
        else:
            self._crew = [each for each in self._crew if each[0] is not post]

    def _limit(self) -> int:
        holds = [
            post.monitor.hold
            for post, _, _ in self._crew
            if post.action is not Action.FLAG and post.monitor.hold is not None
        ]
        return max(self._begin, min([self._seen, *holds]))

    def _leave(self) -> str:
        """What may leave now, masked; raises when the answer is blocked and nothing is left."""
        limit = self._limit()
        if self._error:
            limit = max(self._begin, min(limit, self._stop))
        parts: list[str] = []
        done = self._begin
        for mask in sorted(self._masks, key=lambda each: each.start):
            if mask.start >= limit:
                break
            if mask.start >= done:
                parts.append(self._text[done - self._begin : mask.start - self._begin])
                if not mask.said:
                    parts.append(mask.text)
            mask.said = True
            done = max(done, min(mask.end, limit))
        parts.append(self._text[done - self._begin : limit - self._begin])
        self._masks = [mask for mask in self._masks if mask.end > limit]
        self._text = self._text[limit - self._begin :]
        self._begin = limit
        text = "".join(parts)
        if self._error and not text:
            raise self._error
        return text
