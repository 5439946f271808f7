"""Small linear models: a weight for each bucket, from a JSON file that training wrote."""

import base64
import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from gateway.guards.features import (
    BUCKETS,
    KEPT_WORDS,
    PARTS_SCALE,
    Lexicon,
    Word,
    chain_bucket,
    chains,
    pair_bucket,
    parts_of,
    word_bucket,
)
from gateway.guards.findings import Deadline

WEIGHTS = Path(__file__).parent / "weights"
WINDOW = 32
"""Words that are judged together."""
STEP = 8
FEWEST = 1.5
"""Features a word that a group is expected to have at least."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text and its score, 0 to 1."""

    start: int
    end: int
    score: float


def spread_of(count: float, words: int) -> float:
    """What the sum of a group's weights is divided by.

    Args:
        count: Features of the group.
        words: Words of the text. A text with few features for its length has little to say.
    """
    return math.sqrt(max(count, FEWEST * words, 1.0))


class LinearModel:
    """Scores texts. Loading reads ``weights/NAME.json``.

    Raises:
        ValueError: The file is not of this version of the features.
    """

    def __init__(self, name: str, lexicon: Lexicon) -> None:
        stored = json.loads((WEIGHTS / f"{name}.json").read_text())
        if stored["buckets"] != BUCKETS:
            raise ValueError(f"weights of {name} were made for {stored['buckets']} buckets")
        self.lexicon = lexicon
        self._bias: float = stored["bias"]
        packed = base64.b64decode(stored["weights"])
        scale: float = stored["scale"]
        self._weights = [value * scale for value in struct.unpack(f"{BUCKETS}b", packed)]
        self._words: dict[str, tuple[float, int, float]] = {}
        self._pairs: dict[tuple[str, str], float] = {}
        self._chains: dict[tuple[str, ...], float] = {}

    def windows(self, text: str, deadline: Deadline) -> Iterator[Window]:
        """Score each stretch of a folded text."""
        words = self.lexicon.words(text)
        deadline.check()
        parts, words_sum, meanings = self._sums(words)
        deadline.check()
        last = max(len(words) - WINDOW, 0)
        for begin in [*range(0, last, STEP), last]:
            end = min(begin + WINDOW, len(words))
            if end == begin:
                return
            size = end - begin
            logit = self._bias
            for sums, counts in (parts, words_sum, meanings):
                spread = spread_of(counts[end] - counts[begin], size)
                logit += (sums[end] - sums[begin]) / spread
            yield Window(words[begin].start, words[end - 1].end, 1 / (1 + math.exp(-logit)))

    def score(self, text: str, deadline: Deadline) -> float:
        """The highest score of any stretch of a folded text."""
        return max((window.score for window in self.windows(text, deadline)), default=0.0)

    def _sums(self, words: list[Word]) -> list[tuple[list[float], list[float]]]:
        """For each group of features the sums of its weights up to each word, and their counts."""
        for kept in (self._words, self._pairs, self._chains):
            if len(kept) >= KEPT_WORDS:
                kept.clear()
        parts: list[float] = []
        part_counts: list[float] = []
        singles: list[float] = []
        before = "^"
        for text, _, _, _ in words:
            known = self._words.get(text) or self._learn(text)
            pair = self._pairs.get((before, text))
            if pair is None:
                pair = self._pairs[before, text] = self._weights[pair_bucket(before, text)]
            parts.append(known[0])
            part_counts.append(known[1])
            singles.append(known[2] + pair)
            before = text
        found = [[self._chain(each) for each in some] for some in chains(words)]
        return [
            (_running(parts), _running(part_counts)),
            (_running(singles), [2.0 * place for place in range(len(words) + 1)]),
            (_running([sum(some) for some in found]), _running([len(some) for some in found])),
        ]

    def _learn(self, word: str) -> tuple[float, int, float]:
        buckets = parts_of(word)
        total = PARTS_SCALE * sum(self._weights[each] for each in buckets)
        known = self._words[word] = (total, len(buckets), self._weights[word_bucket(word)])
        return known

    def _chain(self, chain: tuple[str, ...]) -> float:
        weight = self._chains.get(chain)
        if weight is None:
            weight = self._chains[chain] = self._weights[chain_bucket(chain)]
        return weight


def _running(values: list[float]) -> list[float]:
    """Sums of the first none, one, two … values."""
    return list(accumulate(values, initial=0))
