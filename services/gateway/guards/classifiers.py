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
    """Windows above the threshold, joined where they overlap, at their places in the text."""
    folded = fold(text)
    read = unmask(folded, model.lexicon)
    windows = [each for each in model.windows(read, deadline) if each.score >= threshold]
    if not windows:
        return []
    if len(read) != len(folded):
        return [Finding(0, len(text), label, max(each.score for each in windows))]
    places = fold_places(text)
    joined: list[Finding] = []
    for window in windows:
        start, end = places.span(window.start, window.end)
        if joined and start <= joined[-1].end:
            last = joined.pop()
            start, score = last.start, max(last.score, window.score)
        else:
            score = window.score
        joined.append(Finding(start, max(end, start + 1), label, score))
    return joined
