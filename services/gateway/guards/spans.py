"""Masks in an answer that arrives piece by piece: numbers, addresses, keys and links.

Plain words pass at once. What may become a number, key or link waits, from the character that
could begin it until what it belongs to has ended, and at most `LONGEST` characters. What makes
text wait is called a trigger: a digit, the public beginning of a key such as ``ghp_``, ``://``,
``password:``. The trigger itself is no secret and has left by then.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gateway.guards.findings import Finding
from gateway.guards.monitors import Report
from gateway.guards.pii_patterns import KEY_NAME, KEY_PREFIXES

LONGEST = 192
"""Characters that are held back, at most."""
SURE = 64
"""Characters at the end of a full hold that are looked at again with what follows."""
CONTEXT = 64
"""Characters before a candidate that are shown with it."""
LONGEST_KEY = 16_000
_GAPS = " \t\u00a0"
_ASSIGNED = re.compile(
    rf"(?<![^\W_])(?:{KEY_NAME})[\"'`]?[ \t]{{0,3}}"
    r"(?:(?:is|to|ist|es)[ \t]|[:=])[ \t]{0,3}[\"'`]?$"
)
_ASSIGNING = frozenset(":= \"'`")
_IBAN_BEGUN = re.compile(
    r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]*(?:[ -][A-Za-z0-9]{1,4})*$"
)
_KEY_HEAD = re.compile("-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----$")
_KEY_END = "-----END"


@dataclass(frozen=True, slots=True)
class Triggers:
    """What makes a monitor hold text.

    Attributes:
        digits: Whether a digit or plus sign does.
        words: Whether the beginning of any word does; needed for e-mail addresses.
        prefixes: Texts after which it begins.
        secrets: Whether names of secrets with a sign after them do, and private keys.
        sticky: Labels of what goes on until the next space, however long it is.
    """

    digits: bool = False
    words: bool = False
    prefixes: tuple[str, ...] = ()
    secrets: bool = False
    sticky: frozenset[str] = frozenset()


SECRET_TRIGGERS = (*KEY_PREFIXES, "://", "earer ", "asic ")


class _State(Enum):
    IDLE = auto()
    LEAD = auto()
    RUN = auto()
    GAP = auto()
    SWALLOW = auto()
    KEY = auto()


class SpanMonitor:
    """Reports what a function finds in candidates.

    Args:
        find: Finds in a short text; called with the text before a candidate and the candidate.
        triggers: What begins a candidate.
    """

    def __init__(self, find: Callable[[str], Sequence[Finding]], triggers: Triggers) -> None:
        self.hold: int | None = None
        self._find = find
        self._triggers = triggers
        self._prefixes: dict[str, tuple[str, ...]] = {}
        for prefix in triggers.prefixes:
            self._prefixes[prefix[-1]] = (*self._prefixes.get(prefix[-1], ()), prefix)
        self._state = _State.IDLE
        self._recent = ""
        self._before = ""
        self._run = ""
        self._gap = ""
        self._start = 0
        self._label = ""
        self._swallowed = 0

    def step(self, char: str, place: int, report: Report) -> None:
        """See the next character."""
        if self._state is _State.IDLE:
            self._idle(char, place)
        elif self._state is _State.LEAD:
            self._lead(char, place, report)
        elif self._state is _State.RUN:
            self._running(char, place, report)
        elif self._state is _State.GAP:
            self._in_gap(char, place, report)
        elif self._state is _State.SWALLOW:
            self._swallow(char, place, report)
        else:
            self._in_key(char, place, report)
        self._recent = (self._recent + char)[-CONTEXT:]
        if self._state is _State.IDLE:
            self._look_back(char, place)

    def finish(self, place: int, report: Report) -> None:
        """The end of the answer ends any candidate."""
        del place
        if self._run:
            self._close(report)
        self.hold = None

    def _idle(self, char: str, place: int) -> None:
        triggers = self._triggers
        if (triggers.digits and (char.isdecimal() or char == "+")) or (
            triggers.words and (char.isalnum() or char in "_@")
        ):
            self._begin(place, char)

    def _begin(self, place: int, char: str) -> None:
        self._state, self._start, self._run, self._gap = _State.RUN, place, char, ""
        self._before = self._recent
        self.hold = place

    def _look_back(self, char: str, place: int) -> None:
        """Whether what was just read is something after which a candidate begins."""
        recent = self._recent
        for prefix in self._prefixes.get(char, ()):
            if recent.endswith(prefix):
                return self._await(place + 1)
        if self._triggers.secrets:
            if char == "-" and _KEY_HEAD.search(recent):
                self._state, self._swallowed = _State.KEY, 0
            elif char in _ASSIGNING and _ASSIGNED.search(recent):
                self._await(place + 1)
        return None

    def _await(self, place: int) -> None:
        self._state, self._start, self._run, self._gap = _State.LEAD, place, "", ""
        self._before = self._recent
        self.hold = place

    def _lead(self, char: str, place: int, report: Report) -> None:
        """Blanks between the trigger and what it announces are not held."""
        if char in _GAPS and place - self._start < 4:
            self.hold = place + 1
            self._before = (self._before + char)[-CONTEXT:]
        elif char.isspace():
            self._leave()
        else:
            self._start, self.hold, self._state = place, place, _State.RUN
            self._running(char, place, report)

    def _leave(self) -> None:
        self._state, self._run, self._gap, self.hold = _State.IDLE, "", "", None

    def _running(self, char: str, place: int, report: Report) -> None:
        if char.isspace():
            if char in _GAPS and self._continues():
                self._state, self._gap = _State.GAP, char
            else:
                self._close(report)
            return
        self._run += char
        if self._triggers.secrets and char == "-" and _KEY_HEAD.search(self._before + self._run):
            self._close(report)
            self._state, self._swallowed = _State.KEY, 0
        elif len(self._run) >= LONGEST:
            self._force(place, report)

    def _continues(self) -> bool:
        """Whether more of the same may follow after a blank."""
        if not self._triggers.digits:
            return False
        word = self._run[max(self._run.rfind(blank) for blank in _GAPS) + 1 :]
        return any(char.isdecimal() for char in word) or self._iban()

    def _iban(self) -> bool:
        return len(self._run) < 42 and bool(_IBAN_BEGUN.search(self._before[-3:] + self._run))

    def _in_gap(self, char: str, place: int, report: Report) -> None:
        if char in _GAPS and len(self._gap) < 2:
            self._gap += char
            return
        joins = char.isdecimal() or char in "+(" or (char.isalpha() and self._iban())
        if joins:
            self._run, self._gap, self._state = self._run + self._gap, "", _State.RUN
            self._running(char, place, report)
        else:
            self._close(report)
            self._idle(char, place)

    def _close(self, report: Report) -> None:
        """The candidate has ended: report what is in it."""
        self._report(self._findings(), report)
        self._leave()

    def _findings(self) -> list[Finding]:
        ahead = len(self._before)
        return [
            Finding(max(each.start, ahead) - ahead, each.end - ahead, each.label, each.score)
            for each in self._find(self._before + self._run)
            if each.end > ahead
        ]

    def _report(self, findings: Sequence[Finding], report: Report) -> None:
        for each in findings:
            start, end = self._start + each.start, self._start + each.end
            report(Finding(start, end, each.label, each.score))

    def _force(self, place: int, report: Report) -> None:
        """The candidate is too long to wait for its end: report what is sure and go on."""
        findings = self._findings()
        size = len(self._run)
        last = findings[-1] if findings else None
        if last and last.end == size and last.label in self._triggers.sticky:
            self._report(findings, report)
            self._leave()
            self._state, self._label = _State.SWALLOW, last.label
            self._start = place + 1
            return
        open_ends = [each.start for each in findings if each.end > size - SURE and each.start]
        cut = min([size - SURE, *open_ends])
        self._report([each for each in findings if each.end <= cut], report)
        self._before = (self._before + self._run[:cut])[-CONTEXT:]
        self._run = self._run[cut:]
        self._start += cut
        self.hold = self._start

    def _swallow(self, char: str, place: int, report: Report) -> None:
        if char.isspace() or char in "\"'<>)`":
            self._leave()
        else:
            report(Finding(place, place + 1, self._label))

    def _in_key(self, char: str, place: int, report: Report) -> None:
        self._swallowed += 1
        report(Finding(place, place + 1, "SECRET"))
        if self._swallowed > LONGEST_KEY or (self._recent + char).endswith(_KEY_END):
            self._leave()
