"""What the linear models see of a text: words, parts of words and meanings, as hashed features.

Everything is per word, so that a long text is judged window by window for the price of one pass:
what a word adds is looked up once and kept.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.guards.text import fold

BUCKETS = 1 << 14
PARTS_SCALE = 0.5
"""What parts of words count beside words and meanings: they are many, and mostly noise."""
NEAR = 6
"""Words between two meanings that count as a pair, at most."""
LONGEST_WORD = 40
KEPT_WORDS = 20_000
"""Words whose features are kept."""

_QUOTED = re.compile(r"\"[^\"\n]{2,200}\"|`[^`\n]{2,200}`|(?<!\w)'[^'\n]{3,200}'(?!\w)")
_TOKEN = re.compile(
    r"[^\W_\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
    r"|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[?!]"
)


def bucket(feature: str) -> int:
    """The place of a feature in the table of weights."""
    return zlib.crc32(feature.encode()) & (BUCKETS - 1)


class Word(NamedTuple):
    """One word of a folded text.

    Attributes:
        text: The word, or the name of a mark such as ``CHATML``.
        start: Its first character.
        end: The character after its last one.
        meaning: Its concept; empty when it has none. Ends in ``q`` inside of quotation marks.
    """

    text: str
    start: int
    end: int
    meaning: str = ""


@dataclass(slots=True)
class Features:
    """Buckets of one text by group, with repetitions."""

    parts: list[int] = field(default_factory=list[int])
    words: list[int] = field(default_factory=list[int])
    meanings: list[int] = field(default_factory=list[int])


class Lexicon:
    """Words and marks by what they mean.

    Args:
        concepts: By name, folded words; ``*`` for any ending.
        patterns: By name, expressions for marks in folded text.
        phrases: By name, expressions for text without spaces between words.
    """

    def __init__(
        self,
        concepts: Mapping[str, str],
        patterns: Mapping[str, str] | None = None,
        phrases: Mapping[str, str] | None = None,
    ) -> None:
        self._exact: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        for name, words in concepts.items():
            for word in words.split():
                table = self._stems if word.endswith("*") else self._exact
                table.setdefault(fold(word.rstrip("*")), name)
        self._longest = max((len(stem) for stem in self._stems), default=0)
        self._kept: dict[str, str] = {}
        self._marks = [(name, re.compile(mark)) for name, mark in (patterns or {}).items()]
        self._phrases = [(name, re.compile(fold(words))) for name, words in (phrases or {}).items()]

    def meaning(self, word: str) -> str:
        """The concept of a word; empty when it has none."""
        found = self._kept.get(word)
        if found is None:
            if len(self._kept) >= KEPT_WORDS:
                self._kept.clear()
            found = self._kept[word] = self._meaning(word)
        return found

    def _meaning(self, word: str) -> str:
        found = self._exact.get(word)
        if found:
            return found
        for length in range(min(len(word), self._longest), 2, -1):
            found = self._stems.get(word[:length])
            if found:
                return found
        return ""

    def knows(self, word: str) -> bool:
        """Whether a word has a meaning."""
        return bool(self.meaning(word))

    def has(self, word: str) -> bool:
        """Whether it is a word of the lexicon, or the stem of one with a usual ending."""
        return word in self._exact or word in self._stems or word.rstrip("s") in self._stems

    def words(self, text: str) -> list[Word]:
        """The words and marks of a folded text in order."""
        meaning = self.meaning
        found = [
            Word(word := each.group(), *each.span(), meaning(word))
            for each in _TOKEN.finditer(text)
        ]
        patterns = self._marks if text.isascii() else [*self._marks, *self._phrases]
        marks = [
            Word(name, *each.span(), name)
            for name, pattern in patterns
            for each in pattern.finditer(text)
        ]
        if marks:
            found = sorted([*found, *marks], key=lambda word: (word.start, word.end))
        quoted = [match.span() for match in _QUOTED.finditer(text)]
        return _mark_quoted(found, quoted) if quoted else found


def _mark_quoted(words: list[Word], quoted: list[tuple[int, int]]) -> list[Word]:
    marked: list[Word] = []
    spans = iter([*quoted, (1 << 60, 1 << 60)])
    start, end = next(spans)
    for word in words:
        while word.start >= end:
            start, end = next(spans)
        inside = word.meaning and start <= word.start
        marked.append(Word(word.text, word.start, word.end, word.meaning + "q") if inside else word)
    return marked


def parts_of(word: str) -> list[int]:
    """Buckets of the parts of a word: three to five characters in a row."""
    bounded = f"<{word[:LONGEST_WORD]}>"
    return [
        bucket(f"p:{bounded[start : start + size]}")
        for size in (3, 4, 5)
        for start in range(len(bounded) - size + 1)
    ]


def word_bucket(word: str) -> int:
    """The bucket of a word."""
    return bucket(f"w:{word}")


def pair_bucket(before: str, word: str) -> int:
    """The bucket of two words in a row; before the first one is ``^``."""
    return bucket(f"b:{before} {word}")


def chains(words: Iterable[Word]) -> Iterator[list[tuple[str, ...]]]:
    """For each word its meaning, and the pairs and the triple of near meanings that it ends."""
    near: list[tuple[int, str]] = []
    for place, word in enumerate(words):
        meaning = word.meaning
        if not meaning:
            yield []
            continue
        near = [each for each in near[-4:] if place - each[0] <= NEAR]
        found: list[tuple[str, ...]] = [(other, meaning) for _, other in near if other != meaning]
        if not near or near[-1][1] != meaning:
            found.append((meaning,))
        if len(near) > 1:
            found.append((near[-2][1], near[-1][1], meaning))
        yield found
        near.append((place, meaning))


def chain_bucket(chain: tuple[str, ...]) -> int:
    """The bucket of meanings in a row."""
    return bucket("m:" + ">".join(chain))


def features(words: list[Word]) -> Features:
    """All buckets of a text, for training."""
    found = Features()
    before = "^"
    for word in words:
        found.parts += parts_of(word.text)
        found.words += (word_bucket(word.text), pair_bucket(before, word.text))
        before = word.text
    for each in chains(words):
        found.meanings += map(chain_bucket, each)
    return found
