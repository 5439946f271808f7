"""The words of a language, out of its table: which do not count, which are alike, which decide."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Language:
    """What is known of a language; the tables say what each part is for.

    Attributes:
        code: ``en`` or ``pl``.
        markers: Words that only this language has.
        function_words: Words left out of the comparison of contents.
        determiners: Words that may stand between a preposition and its word.
        tasks: Verbs that begin an order.
        yes_no: Verbs that begin a question to be answered by yes or no.
        questions: Question words, and what they ask for.
        negations: Words that negate, and how.
        tenses: Verbs, and the time that they tell.
        past_ending: What verbs in the past end with.
        past: Irregular forms of the past.
        modals: Verbs of which a yes-or-no question must have the same, and what they say.
        parts: Prepositions, and the part that they give to the word behind them.
        owners: Words that say whose something is, and the person.
        subjects: Who a yes-or-no question is about, and the person.
        irregular: Irregular forms, and what they are forms of.
        endings: What is taken off words, longest first.
        adjectives: Those whose ``-er`` and ``-est`` are recognised.
        degrees: Irregular comparatives and superlatives, with degree and plain form.
        units: Units by all the ways to write them.
        symbols: Those that are units right behind a number alone.
        times: Words for times.
        numbers: Numbers in words; ``#2`` is the second.
        synonyms: Groups of words of which one may stand for another.
        opposites: Pairs of words.
        implied: Words that say nothing new beside another.
        rewrites: Ways of asking, each with the form it is brought to, in order.
    """

    code: str
    markers: frozenset[str]
    function_words: frozenset[str]
    determiners: frozenset[str]
    tasks: frozenset[str]
    yes_no: frozenset[str]
    questions: Mapping[str, str]
    negations: Mapping[str, str]
    tenses: Mapping[str, str]
    past_ending: re.Pattern[str]
    past: frozenset[str]
    modals: Mapping[str, str]
    parts: Mapping[str, str]
    owners: Mapping[str, str]
    subjects: Mapping[str, str]
    irregular: Mapping[str, str]
    endings: tuple[str, ...]
    adjectives: frozenset[str]
    degrees: Mapping[str, tuple[str, str]]
    units: Mapping[str, str]
    symbols: Mapping[str, str]
    times: Mapping[str, str]
    numbers: Mapping[str, str]
    synonyms: tuple[tuple[str, ...], ...]
    opposites: tuple[tuple[str, ...], ...]
    implied: frozenset[tuple[str, ...]]
    rewrites: tuple[tuple[re.Pattern[str], str], ...]


@cache
def english() -> Language:
    """English."""
    return _read("en", "english.toml")


@cache
def polish() -> Language:
    """Polish."""
    return _read("pl", "polish.toml")


def _read(code: str, name: str) -> Language:
    text = files("gateway.cache.verify").joinpath(name).read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    irregular = _by_form(table, "irregular")
    return Language(
        code=code,
        markers=_words(table, "markers"),
        function_words=_words(table, "function_words"),
        determiners=_words(table, "determiners"),
        tasks=_words(table, "tasks"),
        yes_no=_words(table, "yes_no"),
        questions=_by_form(table, "questions"),
        negations=_by_form(table, "negations"),
        tenses=_by_form(table, "tenses"),
        past_ending=re.compile(table["past_ending"]),
        past=frozenset(irregular) - _words(table, "not_past"),
        modals=_by_form(table, "modals"),
        parts=_by_form(table, "parts"),
        owners=_by_form(table, "owners"),
        subjects=_by_form(table, "subjects"),
        irregular=irregular,
        endings=tuple(str(table.get("endings", "")).split()),
        adjectives=_words(table, "adjectives"),
        degrees={form: (degree, plain) for form, (degree, plain) in table["degrees"].items()},
        units=_by_form(table, "units"),
        symbols=_by_form(table, "symbols"),
        times=_by_form(table, "times"),
        numbers=_by_form(table, "numbers"),
        synonyms=_groups(table, "synonyms"),
        opposites=_groups(table, "opposites"),
        implied=frozenset(tuple(pair) for pair in table["implied"]),
        rewrites=tuple((re.compile("".join(rest)), form) for form, *rest in table["rewrites"]),
    )


def _words(table: Mapping[str, Any], name: str) -> frozenset[str]:
    return frozenset(str(table.get(name, "")).split())


def _groups(table: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in str(table[name]).strip().splitlines())


def _by_form(table: Mapping[str, Any], name: str) -> dict[str, str]:
    return {
        form: canonical
        for canonical, forms in table.get(name, {}).items()
        for form in str(forms).split()
    }
