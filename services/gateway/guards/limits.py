"""Length, loops and phrases of whole texts."""

from collections.abc import Sequence

from gateway.guards.findings import Deadline, Finding, merge
from gateway.guards.monitors import LengthMonitor, Monitor, PhraseMonitor, RepeatMonitor
from gateway.guards.needles import Needle, Needles
from gateway.guards.settings import LimitsSettings


class LimitsDetector:
    """Finds what is too long, and phrases."""

    def __init__(self, settings: LimitsSettings) -> None:
        self._settings = settings
        self._needles = (
            Needles([Needle(phrase, "phrase") for phrase in settings.phrases])
            if settings.phrases
            else None
        )

    def find(self, text: str, deadline: Deadline) -> Sequence[Finding]:
        """What is in the text."""
        found: list[Finding] = []
        limit = self._settings.characters
        if limit and len(text) > limit:
            found.append(Finding(limit, len(text), "too_long"))
            text = text[:limit]
        if self._needles:
            deadline.check()
            found += [Finding(*each) for each in self._needles.search(text)]
        return merge(found)

    def monitors(self) -> list[Monitor]:
        """Watchers of one answer."""
        settings = self._settings
        made: list[Monitor] = []
        if settings.characters:
            made.append(LengthMonitor(settings.characters))
        if settings.repeats:
            made.append(RepeatMonitor(settings.repeats))
        if self._needles:
            made.append(PhraseMonitor(self._needles))
        return made
