"""One form for what looks the same: compatibility forms, invisible characters, look-alikes.

Attacks are written so that a filter does not see what the model reads. `fold` is the form for
classifiers (small letters without accents), `plain` the one for recognisers of numbers and names
(case stays). Both work character by character, so that a place in the result leads back to one in
the text.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that nobody sees: joiners, marks of direction, variation selectors, tags."""

_OTHER_SCRIPT = re.compile("[\u0370-\u052f]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[a-zA-Z]")

LOOK_ALIKES = str.maketrans(
    "авеіјкмнорсԁтухѕһԛԝгАВЕІЈКМНОРСТУХЅαβγεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abeijkmhopcdtyxshqwrABEIJKMHOPCTYXSabyeikvoptuxwABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that look like Latin ones."""

_LETTERS_WITHOUT_PARTS = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th",
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‐": "-",
    "‑": "-", "–": "-", "—": "-", "−": "-", "\u00a0": " ",
}  # fmt: skip


class _Table(dict[int, str]):
    """A table for `str.translate` that grows with the characters that it meets."""

    def __init__(self, *, small: bool) -> None:
        super().__init__()
        self._small = small

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if INVISIBLE.match(char):
            made = ""
        elif self._small:
            parts = unicodedata.normalize("NFKD", char).casefold()
            kept = "".join(
                _LETTERS_WITHOUT_PARTS.get(part, part)
                for part in unicodedata.normalize("NFKD", parts)
                if not unicodedata.combining(part)
            )
            made = unicodedata.normalize("NFC", kept)
        else:
            made = unicodedata.normalize("NFKC", char)
            if len(made) == 1 and made.isdigit():
                made = str(unicodedata.digit(made, -1)) if not made.isascii() else made
        self[code] = made
        return made


_FOLD = _Table(small=True)
_PLAIN = _Table(small=False)


def fold(text: str) -> str:
    """Small letters without accents, invisible characters and look-alikes."""
    folded = text.translate(_FOLD)
    return _look_alikes(folded) if _OTHER_SCRIPT.search(folded) else folded


def plain(text: str) -> str:
    """Compatibility forms resolved and invisible characters gone; case and accents stay."""
    return text if text.isascii() else text.translate(_PLAIN)


def _look_alikes(text: str) -> str:
    latin = len(_LATIN.findall(text))
    mostly_latin = latin > len(_OTHER_SCRIPT.findall(text))

    def rewrite(match: re.Match[str]) -> str:
        word = match.group()
        if not _OTHER_SCRIPT.search(word):
            return word
        changed = word.translate(LOOK_ALIKES)
        mixed = _LATIN.search(word) is not None
        whole = not _OTHER_SCRIPT.search(changed)
        return changed if mixed or (whole and mostly_latin) else word

    return _WORD.sub(rewrite, text)


class Places:
    """Leads from places in a translated text back to the original."""

    def __init__(self, text: str, table: Mapping[int, str]) -> None:
        widths = (len(table[ord(char)]) for char in text)
        self._ends = list(accumulate(widths))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original characters of a translated span; at least one."""
        first = bisect_right(self._ends, start)
        last = bisect_right(self._ends, end - 1)
        return first, last + 1


def fold_places(text: str) -> Places:
    """Places of `fold`."""
    return Places(text, _FOLD)


def plain_places(text: str) -> Places:
    """Places of `plain`."""
    return Places(text, _PLAIN)
