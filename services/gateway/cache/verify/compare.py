"""Whether two questions want the same answer, and whether two answers say the same."""

import re
from collections import Counter

from gateway.cache.verify.facts import Facts, facts_of
from gateway.cache.verify.words import Lexicon

ALIKE = frozenset({frozenset({"topic", "what"}), frozenset({"topic", "how"})})
"""Kinds of question that the same words make the same question."""
DIRECTED = ("from", "to", "by", "than", "before", "after", "against", "for", "with", "about")
"""Prepositions behind which two questions must have the same words."""
VOLATILE = re.compile(
    r"\b(today|tonight|tomorrow|yesterday|now|currently|nowadays|latest|newest|recent(ly)?|ago"
    r"|at the moment|so far|up to date|(this|last|next) (hour|day|week|month|quarter|year|weekend"
    r"|morning|evening|night)|current (time|date|weather|price|news)|weather|news|what time is it"
    r"|what day is it|dzi[sś]|dzisiaj|teraz|jutro|wczoraj|obecnie|aktualn\w+|najnowsz\w+"
    r"|w tym (tygodniu|miesiącu|roku)|pogod\w+)\b",
    re.IGNORECASE,
)
YES_NO = re.compile(r"^\W*(yes|no|tak|nie|true|false)\b", re.IGNORECASE)
SAME_WORDS = 0.6
"""Part of the words of two answers that is shared when they speak of the same."""


def is_volatile(text: str) -> bool:
    """Whether the answer to a question depends on when it is asked."""
    return VOLATILE.search(text) is not None


def differences(one: Facts, other: Facts, lexicon: Lexicon) -> list[str]:
    """In what two questions differ so that they want different answers; empty when in nothing.

    ``language``, ``code``, ``number``, ``unit``, ``date``, ``negation``, ``degree``, ``tense``,
    ``question``, ``person``, ``polarity``, ``name``, ``words``, ``direction``.
    """
    checks = {
        "language": one.language == other.language,
        "code": one.literals == other.literals,
        "number": one.numbers == other.numbers,
        "unit": one.units == other.units,
        "date": one.times == other.times,
        "negation": one.negations == other.negations,
        "degree": one.degrees == other.degrees,
        "tense": one.tenses == other.tenses,
        "question": _same_question(one.question, other.question),
        "person": not _other_person(one, other),
    }
    found = [name for name, same in checks.items() if not same]
    found += _words(one, other, lexicon)
    if not found and _turned_round(one, other):
        found.append("direction")
    return found


def _same_question(one: str, other: str) -> bool:
    if one == other or frozenset({one, other}) in ALIKE:
        return True
    # a year, a day or an hour are all answers to when; but not to one another
    return "when" in {one, other} and one.startswith("when") and other.startswith("when")


def _words(one: Facts, other: Facts, lexicon: Lexicon) -> list[str]:
    missing, added = set(one.words) - set(other.words), set(other.words) - set(one.words)
    for extra, facts in ((missing, other), (added, one)):
        extra -= {word for word, beside in lexicon.implied if beside in facts.words}
    if not missing and not added:
        return []
    if any(frozenset({old, new}) in lexicon.opposites for old in missing for new in added):
        return ["polarity"]
    return ["name"] if (missing | added) & (one.names | other.names) else ["words"]


def _other_person(one: Facts, other: Facts) -> bool:
    """Whether one is about me and mine, and the other about you and yours."""
    if one.subject and other.subject and one.subject != other.subject:
        return True
    whose = {word: owner for owner, word in one.owned}
    return any(whose.get(word, owner) != owner for owner, word in other.owned)


def _turned_round(one: Facts, other: Facts) -> bool:
    """Whether the same words have other parts: from A to B, A before B, A did it to B."""
    for part in DIRECTED:
        if _behind(one, part) != _behind(other, part):
            return True
    often = {word for each in (one, other) for word, n in Counter(each.sequence).items() if n > 1}
    # the fastest animal is the animal that is fastest, the Second World War is World War II
    loose = often | one.compared | {word for word in one.numbers if word.startswith("#")}
    order = {word: place for place, word in enumerate(one.sequence)}
    words = [word for word in other.sequence if word in order and word not in loose]
    for place, word in enumerate(words):
        for later in words[place + 1 :]:
            if order[later] < order[word] and not _joined(one, other, word, later):
                return True
    return False


def _joined(one: Facts, other: Facts, word: str, later: str) -> bool:
    """Whether a change of order is one of form: the list in Python, the Python list."""
    return ((later, word) in one.links) != ((word, later) in other.links)


def _behind(facts: Facts, part: str) -> set[str]:
    return {word for kind, word in facts.parts if kind == part}


def contradict(kept: str, fresh: str, lexicon: Lexicon) -> bool:
    """Whether two answers to one question cannot both be right.

    One begins with yes and the other with no; or each names numbers that the other does not; or
    they use the same words, and one of them negates.
    """
    begins = [YES_NO.match(each) for each in (kept, fresh)]
    if begins[0] and begins[1] and begins[0][1].lower() != begins[1][1].lower():
        return True
    one, other = facts_of(kept, lexicon), facts_of(fresh, lexicon)
    first, second = set(one.numbers), set(other.numbers)
    if first - second and second - first:
        return True
    shared, every = set(one.words) & set(other.words), set(one.words) | set(other.words)
    alike = bool(every) and len(shared) >= SAME_WORDS * len(every)
    return alike and bool(Counter(one.negations)) != bool(Counter(other.negations))
