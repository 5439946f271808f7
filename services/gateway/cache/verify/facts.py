"""What decides the answer to a question, beyond what it is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.cache.verify.language import Language, english
from gateway.cache.verify.words import (
    Lexicon,
    adjective,
    language_of,
    number,
    roman,
    tokens,
    without_literals,
)

SENTENCE = re.compile(r"[.?!:]\s+")
LEADING = frozenset({"so", "and", "but", "ok", "okay", "also"})
BEFORE_SOMEONE = frozenset(
    {"which", "this", "that", "the", "should", "does", "can", "how", "do", "must", "would", "i"}
)
"""Words after which ``one`` is no number."""
AFTER_DEED = frozenset({"with", "about", "for", "to", "if", "when", "in", "on", "at", "after"})
"""Words before which ``do`` is a verb of its own."""
IN_MAY = frozenset({"in", "of", "on", "last", "next"})
"""Words after which ``may`` is the month."""


@dataclass(slots=True)
class Facts:
    """A question taken apart.

    Attributes:
        language: ``en`` or ``pl``.
        question: What is asked for: ``what``, ``who``, ``how``, ``yesno:should`` …
        literals: Quoted text and code, to the letter, in order.
        numbers: Numbers, in order.
        units: Units, in order.
        times: Months, days, seasons, in order.
        negations: ``not`` and ``without``, sorted.
        tenses: ``past`` and ``future``; empty for the present.
        degrees: Comparatives and superlatives: ``est big``, sorted.
        compared: The adjectives of those.
        words: All other words that count, in order, in their common form.
        names: Those of them that are written like names.
        parts: Words behind a preposition that gives them a part: ``("from", "berlin")``.
        links: Pairs of words that a preposition joins: ``("capital", "poland")``.
        owned: Words, and whose they are: ``("me", "account")``.
        subject: ``me`` or ``you`` where a yes-or-no question is about one of them.
        sequence: All of words, numbers, units, times and literals, in order.
    """

    language: str = "en"
    question: str = ""
    literals: tuple[str, ...] = ()
    numbers: list[str] = field(default_factory=list[str])
    units: list[str] = field(default_factory=list[str])
    times: list[str] = field(default_factory=list[str])
    negations: list[str] = field(default_factory=list[str])
    tenses: frozenset[str] = frozenset()
    degrees: list[str] = field(default_factory=list[str])
    compared: set[str] = field(default_factory=set[str])
    words: list[str] = field(default_factory=list[str])
    names: frozenset[str] = frozenset()
    parts: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    links: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    owned: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    subject: str = ""
    sequence: list[str] = field(default_factory=list[str])


def facts_of(text: str, lexicon: Lexicon) -> Facts:
    """Take a question apart."""
    bare, literals = without_literals(text)
    language = language_of(bare.lower())
    names = _names(bare)
    asked = _with_roman_numbers(bare).lower().replace("’", "'")
    for pattern, form in language.rewrites:
        asked = pattern.sub(form, asked)
    found = tokens(asked)
    facts = Facts(language=language.code, literals=literals)
    facts.question = question_of(found, language)
    facts.tenses = tenses_of(found, language)
    if facts.question.startswith("yesno"):
        facts.subject = next((language.subjects[w] for w in found if w in language.subjects), "")
    facts.names = frozenset(lexicon.form(each, language) for each in names)
    _Reader(facts, lexicon, language).read(found, names)
    return facts


def question_of(found: Sequence[str], language: Language) -> str:
    """What a question asks for, by its words in lower case; ``topic`` when it has no verb."""
    words = [each for each in found if each not in LEADING]
    first = words[0] if words else ""
    if first in language.tasks:
        return f"task:{first}"
    if first in language.yes_no:
        return f"yesno:{language.modals.get(first, '')}"
    for place, word in enumerate(words):
        # a sentence may begin with when and still be no question of time
        if word not in language.questions or (word == "when" and place):
            continue
        after = words[place + 1] if place + 1 < len(words) else ""
        kind = language.questions[word]
        if word == "how":
            return {"many": "count", "much": "amount"}.get(after, kind)
        # what I can do and what I should do are two questions; how I can and how I should are not
        modal = next((language.modals[each] for each in words if each in language.modals), "")
        return f"{kind}:{modal}" if modal else kind
    gerund = language is english() and first.endswith("ing") and len(first) > 5
    return "how" if gerund else "topic"


def tenses_of(found: Sequence[str], language: Language) -> frozenset[str]:
    """``past`` and ``future``, as the verbs say; empty for the present alone."""
    words = set(found)
    told = {language.tenses[word] for word in words if word in language.tenses}
    verbs = words & language.past or {each for each in words if language.past_ending.match(each)}
    # with a verb of the present a form of the past is a participle: is built, but has built
    perfect = bool(verbs) and bool(words & {"has", "have"})
    if perfect or (verbs and "present" not in told):
        told.add("past")
    return frozenset(told - {"present"})


class _Reader:
    """Goes through the words of one question."""

    def __init__(self, facts: Facts, lexicon: Lexicon, language: Language) -> None:
        self._facts = facts
        self._lexicon = lexicon
        self._language = language

    def read(self, found: Sequence[str], names: set[str]) -> None:
        """Sort the words by what they are."""
        language, facts = self._language, self._facts
        part, owner, last = "", "", ""
        for place, word in enumerate(found):
            before = found[place - 1] if place else ""
            form = "" if self._is_someone(found, place) else self._form(word, before, names)
            if not form and self._is_deed(found, place):
                form = word
                facts.words.append(form)
            if not form:
                kept = part if word in language.determiners else ""
                part = language.parts.get(word, kept)
                owner = language.owners.get(word, "")
                continue
            if part:
                facts.parts.add((part, form))
                facts.links.add((last, form))
            if owner:
                facts.owned.add((owner, form))
            facts.sequence.append(form)
            part, owner, last = "", "", form
        if part:
            # what is it made of, who is it made by
            facts.parts.add((part, ""))
        facts.negations.sort()
        facts.degrees.sort()

    @staticmethod
    def _is_someone(found: Sequence[str], place: int) -> bool:
        if found[place] != "one":
            return False
        return place == len(found) - 1 or (place > 0 and found[place - 1] in BEFORE_SOMEONE)

    @staticmethod
    def _is_deed(found: Sequence[str], place: int) -> bool:
        """Whether ``do`` is a verb of its own: what do lawyers do, what can I do with it."""
        if found[place] != "do" or place < 2:
            return False
        return place == len(found) - 1 or found[place + 1] in AFTER_DEED

    def _form(self, word: str, before: str, names: set[str]) -> str:
        """Common form of a word that counts, noted where it belongs; empty for all others."""
        facts, language = self._facts, self._language
        if word.startswith("§"):
            return word
        if word in language.negations:
            facts.negations.append(language.negations[word])
            return ""
        form = self._counted(word, before)
        left_out = word in language.function_words or word in language.questions
        if form or (left_out and word not in names):
            return form
        degree, plain = adjective(word.removesuffix("'s"), language)
        form = self._lexicon.form(plain, language)
        if degree:
            facts.degrees.append(f"{degree} {form}")
            facts.compared.add(form)
        facts.words.append(form)
        return form

    def _counted(self, word: str, before: str) -> str:
        """Common form of a number, unit or time, noted as such; empty for all others."""
        facts, language = self._facts, self._language
        if word[0].isdigit() or word.startswith("#") or word in language.numbers:
            form, kind = language.numbers.get(word) or number(word), facts.numbers
        elif word in language.units:
            form, kind = language.units[word], facts.units
        elif word in language.symbols and (before[:1].isdigit() or before == "°"):
            form, kind = language.symbols[word], facts.units
        elif word in language.times:
            form, kind = language.times[word], facts.times
        elif word == "may" and before in IN_MAY:
            form, kind = "may", facts.times
        else:
            return ""
        kind.append(form)
        return form


def _names(text: str) -> set[str]:
    """Words that are written like names, in lower case; none where nearly all words are."""
    words = [each for each in tokens(text) if each[0].isalpha()]
    capitals = sum(each[0].isupper() for each in words)
    if capitals > 1 and capitals > 0.8 * len(words):
        return set()
    names = {each for each in words if each.isupper() and len(each) > 1}
    for sentence in SENTENCE.split(text):
        inner = [each for each in tokens(sentence) if each[0].isalpha()][1:]
        names |= {each for each in inner if each[0].isupper() and each != "I"}
    return {each.lower().removesuffix("'s").removesuffix("’s") for each in names}


def _with_roman_numbers(text: str) -> str:
    return " ".join(roman(word.rstrip("?.!,;:")) or word for word in text.split(" "))
