"""A question taken apart: literals, and words brought to a common form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from gateway.cache.verify.language import Language, english, polish

QUOTED = re.compile(
    r"```(?P<block>.+?)```|`(?P<code>[^`]+)`|\"(?P<straight>[^\"]+)\"|“(?P<curly>[^”]+)”"
    r"|„(?P<low>[^”\"“]+)[”\"“]|«(?P<angle>[^»]+)»|(?<![\w])'(?P<single>[^']+)'(?![\w])",
    re.DOTALL,
)
BARE = re.compile(r"\S+")
CODE = re.compile(
    r"[_=/\\\[\]{}<>*^|~@]|[()]\S|\S[(]|\w[#+]|^--?[a-z]|^[+*/-]=?$"
    r"|[A-Za-z]{2,}\.[A-Za-z]{2,}|::|->|&&"
)
ORDINARY = re.compile(r"^(km/h|and/or|w/o|tcp/ip|24/7|\(?\w+\)?)$", re.IGNORECASE)
TRAILING = "?.!,;:"
TOKEN = re.compile(
    r"§\d+|\d+(?:[.,:]\d+)*(?:st|nd|rd|th)\b|\d+(?:[.,:]\d+)*s\b|\d+(?:[.,:]\d+)*|#\d+"
    r"|[^\W\d_]\w*(?:[’'-]\w+)*|[%€$£°]|[+×÷]|(?<=\s)[-*/](?=\s)"
)
ROMAN = re.compile(r"^(?=[IVXL]{2,})(X{0,3}|XL|L)(IX|IV|V?I{0,3})$")
VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
WITHOUT_E = re.compile(
    r"^[^aeiou]*[aeiouy][^aeiouwxy]$|[^aeiou](at|iz|is|ur|ag|ov|uc|ut|id|ir)$|let$|[cv]$|[dr]g$"
    r"|[aeiou]{2}s$"
)
"""Roots that have lost an e before their ending: a short one would have its last letter twice."""
VOWELS = frozenset("aeiouy")
LETTERS = re.compile(r"[ąćęłńóśźż]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words and the form that stands for all that mean the same.

    Attributes:
        canonical: That form, by the stem of a word.
        opposites: Pairs of forms that are opposites.
        implied: Pairs of forms of which the first says nothing new beside the second.
    """

    canonical: dict[str, str]
    opposites: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    implied: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    @classmethod
    def with_synonyms(cls, groups: Iterable[tuple[str, ...]] = ()) -> Self:
        """The built-in words and groups of one's own; a group joins the groups it touches."""
        canonical: dict[str, str] = {}
        for group in (*english().synonyms, *polish().synonyms, *groups):
            stems = [stem(word.lower()) for word in group]
            heads = {canonical[each] for each in stems if each in canonical}
            head = min(heads, default=stems[0])
            for word, other in canonical.items():
                if other in heads:
                    canonical[word] = head
            canonical.update(dict.fromkeys(stems, head))
        lexicon = cls(canonical)
        for language in (english(), polish()):
            for pair in language.opposites:
                lexicon.opposites.add(frozenset(lexicon.form(word, language) for word in pair))
            for pair in language.implied:
                lexicon.implied.add(tuple(lexicon.form(word, language) for word in pair))
        return lexicon

    def form(self, word: str, language: Language) -> str:
        """The form that stands for a word in lower case."""
        root = stem_polish(word) if language.endings else stem(word)
        return self.canonical.get(root, self.canonical.get(stem(word), root))


def language_of(text: str) -> Language:
    """The language that a text in lower case reads like."""
    if LETTERS.search(text):
        return polish()
    words = re.findall(r"\w+", text)
    marked = sum(word in polish().markers for word in words)
    return polish() if 3 * marked >= len(words) > 0 else english()


def without_literals(text: str) -> tuple[str, tuple[str, ...]]:
    """A text with ``§0``, ``§1`` … for what must be the same to the letter, and those pieces.

    That is what is quoted, and words that are code by their signs: paths, flags, operators,
    dotted names.
    """
    literals: list[str] = []

    def place(piece: str) -> str:
        literals.append(piece)
        return f" §{len(literals) - 1} "

    def bare(found: re.Match[str]) -> str:
        word = found[0]
        core = word.rstrip(TRAILING)
        if "§" in word or not core or ORDINARY.match(core) or not CODE.search(core):
            return word
        return place(core) + word[len(core) :]

    text = text.replace("§", " ")
    text = QUOTED.sub(lambda found: place(next(filter(None, found.groups()))), text)
    return BARE.sub(bare, text), tuple(literals)


def tokens(text: str) -> list[str]:
    """The words, numbers and signs of a text."""
    return TOKEN.findall(text)


def number(token: str) -> str:
    """Canonical form of a number in digits: ``1,000`` is ``1000``, ``19th`` is ``#19``."""
    ordinal = re.fullmatch(r"(\d+)(st|nd|rd|th)", token)
    if ordinal:
        return f"#{int(ordinal[1])}"
    digits = re.sub(r",(?=\d{3}(\D|$))", "", token).replace(",", ".")
    return re.sub(r"^0+(?=\d)", "", digits)


def roman(token: str) -> str:
    """``#2`` for ``II``; empty for what is no Roman number of two letters or more."""
    if not ROMAN.match(token):
        return ""
    values = [VALUES[letter] for letter in token]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return f"#{sum(-value if value < after else value for value, after in pairs)}"


def stem(word: str) -> str:
    """A word of English without its commonest endings; the same word always has the same."""
    word = word.removesuffix("'s").removesuffix("’s").replace("’", "'")
    word = english().irregular.get(word, word)
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 2 and VOWELS & set(root):
            return _whole(root)
    return word


def _whole(root: str) -> str:
    """The verb that a root without ``ing`` or ``ed`` belongs to: run, bake, create, open."""
    if root[-1] == root[-2] and root[-1] not in "lsz" and len(root) > 3:
        return root[:-1]
    return root + "e" if WITHOUT_E.search(root) else root


def stem_polish(word: str) -> str:
    """A word of Polish without its commonest endings."""
    for ending in polish().endings:
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3:
            return root
    return word


def adjective(word: str, language: Language) -> tuple[str, str]:
    """Degree (``er``, ``est`` or empty) and plain form of an adjective; ("", word) otherwise."""
    if word in language.degrees:
        return language.degrees[word]
    if language.endings:
        root = word.removeprefix("naj")
        return ("est", root) if root != word and len(root) > 3 else ("", word)
    for degree in ("est", "er"):
        root = word.removesuffix(degree)
        if root == word:
            continue
        plain = {root, root + "e", root[:-1] if root[-1:] == root[-2:-1] else root}
        plain |= {root[:-1] + "y"} if root.endswith("i") else set()
        found = plain & language.adjectives
        if found:
            return degree, min(found)
    return "", word
