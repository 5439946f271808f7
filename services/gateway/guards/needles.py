"""Many phrases looked for at once, by their letters alone."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from gateway.guards.text import LOOK_ALIKES, fold


@dataclass(frozen=True, slots=True)
class Needle:
    """A phrase that is looked for.

    Attributes:
        text: The phrase; only its letters and digits count, small ones for all.
        label: What it is called when it is found.
        whole: Whether it must not be a part of longer words.
    """

    text: str
    label: str
    whole: bool = True


@lru_cache(maxsize=8192)
def letters(char: str) -> str:
    """The folded letters and digits of one character, look-alikes as their Latin ones."""
    return "".join(each for each in fold(char).translate(LOOK_ALIKES) if each.isalnum())


def squash(text: str) -> str:
    """The letters and digits of a text, folded, look-alikes as their Latin ones."""
    return "".join(map(letters, text))


class Needles:
    """An automaton (Aho and Corasick's) over phrases: each character costs the same.

    State 0 is the beginning; `step` goes from state to state.
    """

    def __init__(self, needles: list[Needle]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._fail = [0]
        self.depth = [0]
        """By state: characters of a phrase that have been read."""
        self.found: list[list[tuple[Needle, int]]] = [[]]
        """By state: phrases that end here, and their lengths."""
        for needle in needles:
            self._add(needle)
        self._link()

    def _add(self, needle: Needle) -> None:
        state = 0
        squashed = squash(needle.text)
        for char in squashed:
            following = self._next[state].get(char)
            if following is None:
                following = len(self._next)
                self._next[state][char] = following
                self._next.append({})
                self._fail.append(0)
                self.depth.append(self.depth[state] + 1)
                self.found.append([])
            state = following
        self.found[state].append((needle, len(squashed)))

    def _link(self) -> None:
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for char, following in self._next[state].items():
                self._fail[following] = self.step(self._fail[state], char)
                self.found[following] = [
                    *self.found[following],
                    *self.found[self._fail[following]],
                ]
                waiting.append(following)

    def step(self, state: int, char: str) -> int:
        """The state after one folded letter or digit."""
        while state and char not in self._next[state]:
            state = self._fail[state]
        return self._next[state].get(char, 0)

    def search(self, text: str) -> list[tuple[int, int, str]]:
        """First and last + 1 character of each phrase in a text, and its label."""
        found: list[tuple[int, int, str]] = []
        starts: list[int] = []
        state = 0
        for place, char in enumerate(text):
            for letter in letters(char):
                state = self.step(state, letter)
                starts.append(place)
                for needle, length in self.found[state]:
                    start = starts[-length]
                    if not needle.whole or _stands_alone(text, start, place + 1):
                        found.append((start, place + 1, needle.label))
        return found


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = start > 0 and bool(letters(text[start - 1]))
    after = end < len(text) and bool(letters(text[end]))
    return not before and not after
