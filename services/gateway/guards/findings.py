"""What guards find, and what they are allowed to take for it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a guard found in a text.

    Attributes:
        start: First character.
        end: Character after the last one.
        label: What it is, safe to log: ``PL_PESEL``, ``override``. Never a part of the text.
        score: 0 to 1.
    """

    start: int
    end: int
    label: str
    score: float = 1.0

    @property
    def mask(self) -> str:
        """What takes its place where the guard masks."""
        return f"[{self.label.upper()}]"


class GuardError(Exception):
    """A guard could not do its work; its `fail` setting decides what follows."""


class GuardTimeoutError(GuardError):
    """A guard took longer than it may."""


class Deadline:
    """Until when a guard may work; asked between its steps, so that no thread is left behind."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def check(self) -> None:
        """Go on, if there is time.

        Raises:
            GuardTimeoutError: There is none.
        """
        if time.monotonic() > self._until:
            raise GuardTimeoutError


class Detector(Protocol):
    """Finds one kind of thing in whole texts."""

    def find(self, text: str, deadline: Deadline) -> Sequence[Finding]:
        """What is in the text, in its order, without overlaps.

        Raises:
            GuardTimeoutError: It took too long.
        """
        ...


def merge(findings: Sequence[Finding]) -> list[Finding]:
    """Findings in order, without overlaps: of two that overlap the surer or longer one stays."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda each: (each.start, each.end)):
        if kept and finding.start < kept[-1].end:
            last = kept[-1]
            if (finding.score, finding.end - finding.start) > (last.score, last.end - last.start):
                kept[-1] = finding
        else:
            kept.append(finding)
    return kept


def masked(text: str, findings: Sequence[Finding]) -> str:
    """The text with each finding replaced by its mask; findings in order, without overlaps."""
    parts: list[str] = []
    done = 0
    for finding in findings:
        parts += (text[done : finding.start], finding.mask)
        done = finding.end
    parts.append(text[done:])
    return "".join(parts)
