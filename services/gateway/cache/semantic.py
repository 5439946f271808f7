"""Answers to questions that mean the same, and only those."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gateway.cache.index import Vector, VectorIndex
from gateway.cache.keys import is_deterministic, meaning, partition_key
from gateway.cache.metrics import CacheMetrics
from gateway.cache.settings import MEGABYTE, SemanticCacheSettings
from gateway.cache.verify import Facts, Lexicon, differences, facts_of, is_volatile
from gateway.contract import Answer, Call, Kind, Question, ServedModel, Upstream
from gateway.errors import GatewayError

LOG = logging.getLogger(__name__)
CANDIDATES = 8
"""Nearest questions that are compared word by word."""
OVERHEAD_BYTES = 3000
"""What a question takes besides its vector and its texts: its facts, its places in tables."""


@dataclass(slots=True, eq=False)
class Entry:
    """A question that came, and its answer once it came often enough."""

    partition: str
    model: str
    triton: str
    facts: Facts
    size: int
    until: float
    sights: int = 1
    answer: Answer | None = None


@dataclass(slots=True)
class Sight:
    """A question that was looked up without finding an answer.

    Attributes:
        partition: What its answer may be shared within.
        vector: Its embedding.
        facts: What its like must agree in.
        characters: Length of its text.
        entry: The same question, seen before.
    """

    partition: str
    vector: Vector
    facts: Facts
    characters: int
    entry: Entry | None = None


class Embedder:
    """Embeds text through Triton, within a time limit.

    Args:
        upstream: Triton.
        model: Name of its embedding model.
        milliseconds: How long it may take.
    """

    def __init__(self, upstream: Upstream, model: str, milliseconds: int) -> None:
        self._upstream = upstream
        self._milliseconds = milliseconds
        self.model = ServedModel(name=model, triton=model, kind=Kind.EMBEDDING)

    async def embed(self, call: Call, texts: Sequence[str]) -> list[Vector]:
        """The texts' vectors; none when Triton does not give them in time."""
        inner = replace(call, route="embedding", model=self.model, notes={})
        try:
            async with asyncio.timeout(self._milliseconds / 1000):
                found = await self._upstream.embed(inner, texts)
        except (GatewayError, TimeoutError) as problem:
            LOG.debug("no embedding for the semantic cache: %s", type(problem).__name__)
            return []
        return [np.asarray(each, np.float32) for each in found.vectors]


class SemanticCache:
    """Questions by their meaning, each partition on its own.

    Args:
        settings: Section ``semantic_cache``.
        embedder: Who embeds questions.
        metrics: Where it counts.
        clock: Seconds, of a clock that never goes back.
    """

    def __init__(
        self,
        settings: SemanticCacheSettings,
        embedder: Embedder,
        metrics: CacheMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._metrics = metrics
        self._clock = clock
        self.lexicon = Lexicon.with_synonyms(settings.synonyms)
        self._partitions: dict[str, VectorIndex[Entry]] = {}
        self._order: OrderedDict[int, Entry] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._order)

    @property
    def size(self) -> int:
        """Bytes in use, roughly."""
        return self._size

    def text_of(self, question: Question) -> str:
        """What of a question is compared; empty when it is not for this cache."""
        if self._settings.sampling == "deterministic" and not is_deterministic(question.sampling):
            return ""
        text = meaning(question, conversations=self._settings.conversations)
        if not text or len(text) > self._settings.question_characters or is_volatile(text):
            return ""
        return text

    async def find(
        self, call: Call, question: Question, text: str, fingerprints: tuple[str, str]
    ) -> tuple[Answer | None, Sight | None]:
        """The answer to a question of the same meaning, or what `keep` needs to know.

        Neither when there is no embedding.

        Args:
            call: Who asks.
            question: What is asked.
            text: What `text_of` made of it.
            fingerprints: Versions of the model and of the embedding model.
        """
        vectors = await self._embedder.embed(call, [text])
        if not vectors:
            return None, None
        began = time.perf_counter()
        partition = partition_key(call, question, fingerprints)
        sight = Sight(partition, vectors[0], facts_of(text, self.lexicon), len(text))
        answer = self._search(sight, question.sampling.max_tokens)
        self._metrics.lookup_seconds.labels("semantic").observe(time.perf_counter() - began)
        return answer, sight

    def keep(self, call: Call, sight: Sight, answer: Answer) -> None:
        """A question was answered: remember it, and the answer when it came often enough."""
        entry = sight.entry
        if entry is None or id(entry) not in self._order:
            entry = self._add(call, sight)
        else:
            entry.sights += 1
        if entry.sights >= self._settings.admit_after:
            grown = 4 * (len(answer.text) - (len(entry.answer.text) if entry.answer else 0))
            entry.answer = answer
            entry.until = self._clock() + self._settings.ttl_seconds
            entry.size += grown
            self._size += grown
        while self._order and (
            len(self._order) > self._settings.entries
            or self._size > self._settings.megabytes * MEGABYTE
        ):
            self._remove(next(iter(self._order.values())), "size")
        self._measure()

    def forget(self, triton: str) -> None:
        """Drop all questions that one of Triton's models answered, or that it embedded."""
        everything = triton == self._embedder.model.triton
        self._drop(lambda entry: everything or entry.triton == triton, "version")

    def clear(self, model: str) -> None:
        """Drop all questions that a model, as clients name it, answered."""
        self._drop(lambda entry: entry.model == model, "off")

    def _search(self, sight: Sight, max_tokens: int) -> Answer | None:
        index = self._partitions.get(sight.partition)
        if index is None or index.dimensions != len(sight.vector):
            return None
        found = index.search(sight.vector, self._settings.similarity, CANDIDATES)
        difference = ""
        for _, entry in found:
            if entry.until <= self._clock():
                self._remove(entry, "ttl")
                continue
            if self._settings.verify:
                different = differences(sight.facts, entry.facts, self.lexicon)
                if different:
                    difference = difference or different[0]
                    continue
            self._order.move_to_end(id(entry))
            if entry.answer is None or not _fits(entry.answer, max_tokens):
                sight.entry = sight.entry or entry
                continue
            return entry.answer
        if difference and sight.entry is None:
            self._metrics.rejected.labels(difference).inc()
        return None

    def _add(self, call: Call, sight: Sight) -> Entry:
        size = OVERHEAD_BYTES + sight.vector.nbytes + 4 * sight.characters
        entry = Entry(
            sight.partition,
            call.model.name,
            call.model.triton,
            sight.facts,
            size,
            self._clock() + self._settings.ttl_seconds,
        )
        index = self._partitions.get(sight.partition)
        if index is None:
            index = self._partitions[sight.partition] = VectorIndex(len(sight.vector))
        index.add(sight.vector, entry)
        self._order[id(entry)] = entry
        self._size += size
        return entry

    def _remove(self, entry: Entry, why: str) -> None:
        del self._order[id(entry)]
        self._size -= entry.size
        index = self._partitions[entry.partition]
        index.remove(entry)
        if not index:
            del self._partitions[entry.partition]
        self._metrics.gone.labels("semantic", why).inc()

    def _drop(self, which: Callable[[Entry], bool], why: str) -> None:
        for entry in [each for each in self._order.values() if which(each)]:
            self._remove(entry, why)
        self._measure()

    def _measure(self) -> None:
        self._metrics.entries.labels("semantic").set(len(self._order))
        self._metrics.size.labels("semantic").set(self._size)


def _fits(answer: Answer, max_tokens: int) -> bool:
    """Whether a request that allows so many tokens could have had this answer."""
    if answer.finish_reason == "stop":
        return answer.output_tokens <= max_tokens
    return answer.output_tokens == max_tokens
