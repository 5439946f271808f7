"""Guards that judge what a text is after: injection and toxicity."""

from collections.abc import Sequence

from gateway.guards import lexicon_injection, lexicon_toxicity
from gateway.guards.decode import payloads
from gateway.guards.features import Lexicon
from gateway.guards.findings import Deadline, Finding, merge
from gateway.guards.linear import LinearModel
from gateway.guards.settings import InjectionSettings, ToxicitySettings
from gateway.guards.text import fold, fold_places
from gateway.guards.unmask import unmask

STRETCH = 4000
"""Characters that are folded at once: short enough for other threads to get their turn."""
OVERLAP = 300
INJECTION = Lexicon(
    lexicon_injection.CONCEPTS, lexicon_injection.PATTERNS, lexicon_injection.PHRASES
)
TOXICITY = Lexicon(lexicon_toxicity.CONCEPTS, None, lexicon_toxicity.PHRASES)


class InjectionDetector:
    """Finds attacks on the prompt, in clear text and in simple codes."""

    def __init__(self, settings: InjectionSettings) -> None:
        self._settings = settings
        self._model = LinearModel("injection", INJECTION)

    def find(self, text: str, deadline: Deadline) -> Sequence[Finding]:
        """Stretches that are attacks."""
        found = _judge(self._model, text, self._settings.threshold, "injection", deadline)
        if not self._settings.decode:
            return found
        for payload in payloads(text):
            deadline.check()
            score = self._model.score(unmask(fold(payload.text), INJECTION), deadline)
            score = max(score, payload.suspicion)
            if score >= self._settings.threshold:
                found.append(Finding(payload.start, payload.end, payload.label, score))
        return merge(found)


class ToxicityDetector:
    """Finds insults, threats, harassment and hate."""

    def __init__(self, settings: ToxicitySettings) -> None:
        self._threshold = settings.threshold
        self._model = LinearModel("toxicity", TOXICITY)

    def find(self, text: str, deadline: Deadline) -> Sequence[Finding]:
        """Stretches that are toxic."""
        return _judge(self._model, text, self._threshold, "toxicity", deadline)


def _judge(
    model: LinearModel, text: str, threshold: float, label: str, deadline: Deadline
) -> list[Finding]:
    """Stretches above the threshold, joined where they overlap, at their places in the text."""
    joined: list[Finding] = []
    for begin in range(0, max(len(text) - OVERLAP, 1), STRETCH):
        deadline.check()
        stretch = text[begin : begin + STRETCH + OVERLAP]
        for start, end, score in _windows(model, stretch, threshold, deadline):
            first, last = begin + start, begin + end
            found = Finding(first, last, label, score)
            if joined and first <= joined[-1].end:
                before = joined.pop()
                furthest, best = max(before.end, last), max(before.score, score)
                found = Finding(before.start, furthest, label, best)
            joined.append(found)
    return joined


def _windows(
    model: LinearModel, text: str, threshold: float, deadline: Deadline
) -> list[tuple[int, int, float]]:
    folded = fold(text)
    read = unmask(folded, model.lexicon)
    found = [each for each in model.windows(read, deadline) if each.score >= threshold]
    if not found:
        return []
    if len(read) != len(folded):
        return [(0, len(text), max(each.score for each in found))]
    places = fold_places(text)
    return [(*places.span(each.start, max(each.end, each.start + 1)), each.score) for each in found]
