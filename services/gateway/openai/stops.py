"""Ends an answer at its stop texts, even if one is split over several pieces."""

from collections.abc import Sequence


class StopFilter:
    """Takes an answer piece by piece; gives what surely comes before any stop text."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""
        self._beginnings = frozenset(
            stop[:length] for stop in stops for length in range(1, len(stop))
        )
        self._firsts = frozenset(stop[0] for stop in stops)
        self._most = max(map(len, stops), default=1) - 1

    def feed(self, text: str) -> tuple[str, bool]:
        """Take a piece; returns what may be sent, and whether a stop text was reached.

        Of several stop texts the one that is complete first counts, however the answer is cut
        into pieces. The stop itself is never sent.
        """
        text = self._held + text
        found = [
            (place + len(stop), place) for stop in self._stops if (place := text.find(stop)) >= 0
        ]
        if found:
            self._held = ""
            return text[: min(found)[1]], True
        keep = self._open(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], False

    def end(self) -> str:
        """The answer is over; returns what was held back."""
        held, self._held = self._held, ""
        return held

    def _open(self, text: str) -> int:
        """Length of the longest end of the text that may be the beginning of a stop."""
        if self._firsts.isdisjoint(text[-self._most :] if self._most else ""):
            return 0
        for length in range(min(self._most, len(text)), 0, -1):
            if text[len(text) - length :] in self._beginnings:
                return length
        return 0
