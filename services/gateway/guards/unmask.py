"""Words that were broken up so that a filter does not know them: spaced, punctuated, leetspeak.

Only what turns into a word of the lexicon is changed, so that version numbers, formulas and names
stay as they are.
"""

import re

from gateway.guards.features import Lexicon

_SPACED = re.compile(
    r"(?<![a-z0-9])(?:[a-z0-9@$!|][ .\-_*~/\\,]{1,3}){3,200}[a-z0-9@$!|](?![a-z0-9])"
)
_BROKEN = re.compile(r"(?<![a-z])[a-z]{1,8}(?:[.\-_*~|/\\][a-z]{1,8}){1,8}(?![a-z])")
_LEET = re.compile(
    r"(?<![a-z0-9@$!|+])(?=[a-z]{0,40}[0-9@$!|+])[a-z0-9@$!|+]{3,40}(?![a-z0-9@$!|+])"
)
_LONG = re.compile(r"([a-z])\1{2,}")
_TO_I = str.maketrans("013457@$!|+89", "oieastasiitbg")
_TO_L = str.maketrans("013457@$!|+89", "oleastasiltbg")
_LETTER = re.compile(r"[a-z]")
_NOT_LETTER = re.compile(r"[^a-z]")
_GAP = re.compile(r"[ .\-_*~/\\,]{2,}")
LONGEST = 400
"""Letters of one spaced stretch that are read."""


def unmask(text: str, lexicon: Lexicon) -> str:
    """A folded text with such words put together again."""

    def leet(match: re.Match[str]) -> str:
        word = match.group()
        if not _LETTER.search(word):
            return word
        for table in (_TO_I, _TO_L):
            changed = word.strip("!|+").translate(table)
            if lexicon.knows(changed):
                return changed
        return word

    def spaced(match: re.Match[str]) -> str:
        pieces = _GAP.split(match.group()[: 4 * LONGEST])
        words = [_NOT_LETTER.sub("", piece.translate(_TO_I)) for piece in pieces]
        if len(words) == 1 or max(map(len, words)) <= 1:
            words = _segments("".join(words)[:LONGEST], lexicon)
        return " ".join(words) if any(map(lexicon.knows, words)) else match.group()

    def broken(match: re.Match[str]) -> str:
        joined = _NOT_LETTER.sub("", match.group())
        return joined if len(joined) > 3 and lexicon.knows(joined) else match.group()

    def squeezed(match: re.Match[str]) -> str:
        return match.group(1)

    text = _LONG.sub(squeezed, text)
    text = _SPACED.sub(spaced, text)
    text = _LEET.sub(leet, text)
    return _BROKEN.sub(broken, text)


def _segments(letters: str, lexicon: Lexicon) -> list[str]:
    """Known words in a run of letters, longest first; what is between them stays a word."""
    words: list[str] = []
    rest = ""
    place = 0
    while place < len(letters):
        for size in range(min(14, len(letters) - place), 2, -1):
            word = letters[place : place + size]
            if lexicon.has(word):
                if rest:
                    words.append(rest)
                    rest = ""
                words.append(word)
                place += size
                break
        else:
            rest += letters[place]
            place += 1
    return [*words, rest] if rest else words
