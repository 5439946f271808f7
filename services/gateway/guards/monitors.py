"""Watchers of an answer that arrives piece by piece.

A monitor sees one character after the other, so that what it does cannot depend on how the answer
was cut into pieces. It never takes back what it let go: what it holds begins at the character that
it was just shown, or later.
"""

from collections.abc import Callable
from typing import Protocol

from gateway.guards.findings import Deadline, Detector, Finding
from gateway.guards.needles import Needles, letters

Report = Callable[[Finding], None]
"""Takes what a monitor finds, at places of the whole answer."""


class Monitor(Protocol):
    """Watches one answer for one guard."""

    hold: int | None
    """Place from which on text must wait; None when nothing must."""

    def step(self, char: str, place: int, report: Report) -> None:
        """See the next character."""
        ...

    def finish(self, place: int, report: Report) -> None:
        """The answer has ended before `place`."""
        ...


class LengthMonitor:
    """Reports everything beyond a length."""

    def __init__(self, characters: int) -> None:
        self.hold: int | None = None
        self._characters = characters

    def step(self, char: str, place: int, report: Report) -> None:
        """Report the first character too many, and each after it."""
        del char
        if place >= self._characters:
            report(Finding(place, place + 1, "too_long"))

    def finish(self, place: int, report: Report) -> None:
        """Nothing is left to say."""


class RepeatMonitor:
    """Reports an answer that says the same again and again, once.

    Args:
        repeats: Times in a row that are too many.
    """

    EVERY = 64
    """Characters between two looks."""
    LEAST = 200
    """Characters that the repetition must cover."""
    WINDOW = 1600
    """Characters that are looked at."""

    def __init__(self, repeats: int) -> None:
        self.hold: int | None = None
        self._repeats = repeats
        self._tail = ""
        self._reported = False

    def step(self, char: str, place: int, report: Report) -> None:
        """Look from time to time."""
        if self._reported:
            return
        self._tail += char
        if place % self.EVERY or len(self._tail) < self.LEAST:
            return
        self._tail = self._tail[-self.WINDOW :]
        if repeated(self._tail, self._repeats, self.LEAST):
            self._reported = True
            report(Finding(place, place + 1, "repetition"))

    def finish(self, place: int, report: Report) -> None:
        """Nothing is left to say: what is too short to have been looked at is no loop."""


_END = 20


def repeated(text: str, repeats: int, least: int) -> bool:
    """Whether the end of a text is one thing said so many times, over so many characters.

    The smallest period of each stretch that reaches to the end comes from the prefix function of
    the text read backwards: linear time. Most texts are told by their end alone, which must come
    that often.
    """
    end = text[-_END:]
    if text.count(end) < min(repeats, least // _END):
        return False
    backwards = text[::-1]
    prefix = [0] * len(backwards)
    for place in range(1, len(backwards)):
        length = prefix[place - 1]
        while length and backwards[place] != backwards[length]:
            length = prefix[length - 1]
        prefix[place] = length + (backwards[place] == backwards[length])
        covered = place + 1
        period = covered - prefix[place]
        if covered >= max(least, repeats * period):
            return True
    return False


class PhraseMonitor:
    """Reports phrases. One that must stand alone is sure once the character after it is known.

    Args:
        needles: What is looked for.
        certain: Characters of a phrase from which on text is held back.
    """

    def __init__(self, needles: Needles, certain: int = 1) -> None:
        self.hold: int | None = None
        self._needles = needles
        self._certain = certain
        self._state = 0
        self._starts: list[tuple[int, bool]] = []
        """Of the letters read: their places, and whether a letter stood right before."""
        self._pending: list[Finding] = []
        self._after_letter = False

    def step(self, char: str, place: int, report: Report) -> None:
        """Go on in the automaton, for each folded letter of the character."""
        read = letters(char)
        if not read:
            if char.isprintable() or char.isspace():
                self._confirm(report)
                self._after_letter = False
            return
        self._pending = []
        for letter in read:
            self._state = self._needles.step(self._state, letter)
            depth = self._needles.depth[self._state]
            self._starts.append((place, self._after_letter))
            self._starts = self._starts[len(self._starts) - depth :]
            self._set_hold(depth, place)
            for needle, length in self._needles.found[self._state]:
                start, inside = self._starts[-length]
                finding = Finding(max(start, self.hold or start), place + 1, needle.label)
                if not needle.whole:
                    report(finding)
                elif not inside:
                    self._pending.append(finding)
        self._after_letter = True

    def _set_hold(self, depth: int, place: int) -> None:
        if depth < self._certain:
            self.hold = None
        else:
            self.hold = max(self._starts[0][0], place if self.hold is None else self.hold)

    def _confirm(self, report: Report) -> None:
        for finding in self._pending:
            report(finding)
        self._pending = []

    def finish(self, place: int, report: Report) -> None:
        """The end of the answer ends a word."""
        del place
        self._confirm(report)
        self.hold = None


class BatchMonitor:
    """Shows the answer to a detector in long stretches, for guards that only flag."""

    STRETCH = 2000
    OVERLAP = 256

    def __init__(self, detector: Detector, seconds: float) -> None:
        self.hold: int | None = None
        self._detector = detector
        self._seconds = seconds
        self._text: list[str] = []
        self._seen = 0

    def step(self, char: str, place: int, report: Report) -> None:
        """Collect."""
        self._text.append(char)
        if len(self._text) >= self.STRETCH:
            self._look(place + 1, report, keep=self.OVERLAP)

    def finish(self, place: int, report: Report) -> None:
        """Look at the rest."""
        self._look(place, report, keep=0)

    def _look(self, end: int, report: Report, keep: int) -> None:
        begin = end - len(self._text)
        limit = end - keep
        for found in self._detector.find("".join(self._text), Deadline(self._seconds)):
            start, last = begin + found.start, begin + found.end
            if last > self._seen and start < limit:
                report(Finding(start, last, found.label, found.score))
        self._seen = limit
        self._text = self._text[len(self._text) - keep :] if keep else []


class SegmentMonitor:
    """Shows a classifier one sentence after the other; each waits for its end.

    Args:
        detector: Finds something in the sentence, or not.
        seconds: How long it may take.
        longest: Characters after which a sentence is taken as ended at the next space.
    """

    ENDS = frozenset(".!?\n。！？")

    def __init__(self, detector: Detector, seconds: float, longest: int = 240) -> None:
        self.hold: int | None = None
        self._detector = detector
        self._seconds = seconds
        self._longest = longest
        self._text: list[str] = []

    def step(self, char: str, place: int, report: Report) -> None:
        """Collect a sentence, and judge it when it ends."""
        self._text.append(char)
        if self.hold is None:
            self.hold = place
        long = len(self._text)
        ended = char in self.ENDS and long > 24
        if ended or (char.isspace() and long >= self._longest) or long >= 2 * self._longest:
            self.finish(place + 1, report)

    def finish(self, place: int, report: Report) -> None:
        """Judge what there is."""
        text, self._text = "".join(self._text), []
        self.hold = None
        begin = place - len(text)
        if text.strip():
            for found in self._detector.find(text, Deadline(self._seconds)):
                report(Finding(begin + found.start, begin + found.end, found.label, found.score))
