"""Personal data and secrets, found by presidio with recognisers of patterns.

Importing this module imports presidio, about two seconds. Names of persons, places and
organisations need a model for named entities and are not found.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    LocalRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from gateway.guards import pii_forms, pii_patterns
from gateway.guards.findings import Deadline, Finding, merge
from gateway.guards.settings import Entity, PiiSettings
from gateway.guards.text import plain, plain_places

LANGUAGE = "mul"
WINDOW = 4000
OVERLAP = 256
_WORDS = re.compile(r"\w+|[^\w\s]")
_INTERESTING = re.compile(r"\d|@|[\[(](?:at|ma[lł]pa)|::|://|[:=]|[Bb]earer")

# It writes what it finds to its log.
logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)

Candidates = Callable[[str], Iterable[tuple[int, int, float]]]
"""Finds places in a text that may be one kind of thing: first, last + 1, confidence."""


class WordEngine(NlpEngine):
    """Words, without any model of a language: enough for the words before a number."""

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """The words of a text and their places."""
        found = list(_WORDS.finditer(text))
        words = [each.group().lower() for each in found]
        make: Any = NlpArtifacts
        artifacts: Any = make(
            entities=[],
            tokens=words,
            tokens_indices=[each.start() for each in found],
            lemmas=words,
            nlp_engine=None,
            language=language,
        )
        artifacts.keywords = frozenset(words)
        return artifacts

    def process_batch(
        self,
        texts: Any,
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        **kwargs: Any,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Each text and its words."""
        del batch_size, n_process, kwargs
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:
        """No word is left out."""
        del word, language
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """Whether it is no word."""
        del language
        return not word.isalnum()

    def get_supported_entities(self) -> list[str]:
        """None: there is no model."""
        return []

    def get_supported_languages(self) -> list[str]:
        """One for all."""
        return [LANGUAGE]


class FormRecognizer(LocalRecognizer):
    """Recognises one kind of thing by its form; words before it make it surer."""

    def __init__(self, entity: Entity, candidates: Candidates, words: Sequence[str] = ()) -> None:
        self._candidates = candidates
        super().__init__(
            supported_entities=[entity.value],
            name=entity.value,
            supported_language=LANGUAGE,
            context=list(words),
        )

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """What is in the text."""
        del entities, nlp_artifacts
        return [
            RecognizerResult(
                entity_type=self.supported_entities[0],
                start=start,
                end=end,
                score=score,
                analysis_explanation=AnalysisExplanation(
                    recognizer=self.name, original_score=score
                ),
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for start, end, score in self._candidates(text)
        ]


def recognizers(settings: PiiSettings) -> list[FormRecognizer]:
    """The recognisers of a guard."""
    forms: dict[Entity, tuple[Candidates, Sequence[str]]] = {
        Entity.PESEL: (pii_forms.pesels, pii_patterns.PESEL_WORDS),
        Entity.NIP: (pii_forms.nips, pii_patterns.NIP_WORDS),
        Entity.IBAN: (pii_forms.ibans, ()),
        Entity.CARD: (pii_forms.cards, ()),
        Entity.EMAIL: (pii_forms.emails, ()),
        Entity.PHONE: (pii_forms.Phones(settings.regions), pii_patterns.PHONE_WORDS),
        Entity.IP: (pii_forms.addresses, ()),
        Entity.SECRET: (pii_forms.secrets, ()),
    }
    return [FormRecognizer(entity, *forms[entity]) for entity in settings.entities]


class PiiDetector:
    """Finds personal data and secrets in whole texts."""

    def __init__(self, settings: PiiSettings) -> None:
        self._threshold = settings.threshold
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers(settings), supported_languages=[LANGUAGE]),
            nlp_engine=WordEngine(),
            supported_languages=[LANGUAGE],
            context_aware_enhancer=LemmaContextAwareEnhancer(context_matching_mode="whole_word"),
        )
        self._entities = [entity.value for entity in settings.entities]

    def find(self, text: str, deadline: Deadline) -> list[Finding]:
        """What is in the text. Long texts are read in windows that overlap."""
        read = plain(text)
        if not _INTERESTING.search(read):
            return []
        found: dict[tuple[int, int, str], Finding] = {}
        for begin in range(0, max(len(read) - OVERLAP, 1), WINDOW):
            deadline.check()
            window = read[begin : begin + WINDOW + OVERLAP]
            for each in self._engine.analyze(
                window, LANGUAGE, entities=self._entities, score_threshold=self._threshold
            ):
                start, end = begin + each.start, begin + each.end
                cut = each.end == len(window) and begin + len(window) < len(read)
                if not cut:
                    finding = Finding(start, end, each.entity_type, each.score)
                    found[start, end, each.entity_type] = finding
        findings = merge(list(found.values()))
        if read == text or not findings:
            return findings
        places = plain_places(text)
        return [
            Finding(*places.span(each.start, each.end), each.label, each.score) for each in findings
        ]
