"""Hits that are generated as well, and the switch that turns the cache off when they differ."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field, replace

from gateway.cache.metrics import CacheMetrics
from gateway.cache.semantic import Embedder
from gateway.cache.settings import ShadowSettings
from gateway.cache.verify import Lexicon, contradict
from gateway.contract import Admission, Answer, Call, Generation, Question, Upstream
from gateway.errors import GatewayError

LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Record:
    """Last checks of a model, True for a false hit; and until when its cache is off."""

    checks: deque[bool] = field(default_factory=deque[bool])
    off_until: float = float("-inf")
    off: bool = False


class Circuit:
    """Off for a model whose false-hit rate is above the limit.

    Args:
        settings: Limit, window and time off.
        metrics: Where the rate is published.
        opened: Told the name of a model for which the cache goes off.
        clock: Seconds, of a clock that never goes back.
    """

    def __init__(
        self,
        settings: ShadowSettings,
        metrics: CacheMetrics,
        opened: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._opened = opened
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def is_off(self, model: str) -> bool:
        """Whether the cache is off for a model."""
        record = self._records.get(model)
        if record is None or not record.off:
            return False
        if record.off_until > self._clock():
            return True
        record.off = False
        self._metrics.off.labels(model).set(0)
        LOG.warning("the semantic cache of %s is on again, and empty", model)
        return False

    def note(self, model: str, *, false: bool) -> None:
        """One more check; may turn the cache off."""
        record = self._records.setdefault(model, _Record())
        record.checks.append(false)
        while len(record.checks) > self._settings.window:
            record.checks.popleft()
        rate = sum(record.checks) / len(record.checks)
        self._metrics.false_hits.labels(model).set(rate)
        if len(record.checks) < self._settings.least or rate <= self._settings.limit or record.off:
            return
        record.off = True
        record.off_until = self._clock() + self._settings.off_seconds
        LOG.error(
            "the semantic cache of %s turned itself off for %g s: %.1f %% of the last %d checked "
            "hits were wrong, %.1f %% are allowed",
            model,
            self._settings.off_seconds,
            100 * rate,
            len(record.checks),
            100 * self._settings.limit,
        )
        record.checks.clear()
        self._metrics.off.labels(model).set(1)
        self._opened(model)


class Judge:
    """Says whether two answers to one question are the same.

    Args:
        embedder: Who embeds them.
        lexicon: Words that may stand for one another.
        similarity: Cosine below which they are not.
    """

    def __init__(self, embedder: Embedder, lexicon: Lexicon, similarity: float) -> None:
        self._embedder = embedder
        self._lexicon = lexicon
        self._similarity = similarity

    async def differ(self, call: Call, kept: str, fresh: str) -> bool | None:
        """Whether they are not; None when it cannot be told."""
        if kept == fresh:
            return False
        if contradict(kept, fresh, self._lexicon):
            return True
        vectors = await self._embedder.embed(call, [kept, fresh])
        if len(vectors) < 2:
            return None
        return float(vectors[0] @ vectors[1]) < self._similarity


class ShadowCheck:
    """Generates a share of the hits as well, after they were answered.

    A check takes a slot like any request, so under load it is refused rather than a client.

    Args:
        settings: Section ``semantic_cache.shadow``.
        upstream: Triton.
        judge: Who compares answers.
        circuit: Told what came out.
        metrics: Where it counts.
        admission: Slots; None where there are none.
    """

    def __init__(
        self,
        settings: ShadowSettings,
        upstream: Upstream,
        judge: Judge,
        circuit: Circuit,
        metrics: CacheMetrics,
        admission: Admission | None = None,
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._judge = judge
        self._circuit = circuit
        self._metrics = metrics
        self._admission = admission
        self._due = 0.0
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """Checks that run."""
        return len(self._running)

    def hit(self, call: Call, question: Question, answer: Answer) -> None:
        """A question was answered out of the cache: check it if it is its turn."""
        self._due += self._settings.share
        if self._due < 1:
            return
        self._due -= 1
        if len(self._running) >= self._settings.concurrent:
            self._metrics.shadow.labels(call.model.name, "skipped").inc()
            return
        task = asyncio.create_task(self._check(call, question, answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Wait for the checks that run."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """End the checks that run."""
        for task in self._running:
            task.cancel()
        await self.settle()

    async def _check(self, call: Call, question: Question, answer: Answer) -> None:
        now = time.monotonic()
        inner = replace(
            call,
            id=f"{call.id}-shadow",
            started=now,
            deadline=now + self._settings.seconds,
            trace="",
            notes={"shadow": True},
        )
        model = call.model.name
        try:
            async with self._admission.slot(inner) if self._admission else nullcontext():
                fresh = await self._generate(inner, question)
        except (GatewayError, TimeoutError) as problem:
            result = "skipped" if isinstance(problem, GatewayError) else "failed"
            self._metrics.shadow.labels(model, result).inc()
            return
        false = await self._judge.differ(inner, answer.text, fresh)
        if false is None:
            self._metrics.shadow.labels(model, "failed").inc()
            return
        self._metrics.shadow.labels(model, "false" if false else "agrees").inc()
        self._circuit.note(model, false=false)

    async def _generate(self, call: Call, question: Question) -> str:
        stream = self._upstream.generate(call, Generation(question.prompt, question.sampling))
        async with asyncio.timeout(self._settings.seconds), aclosing(stream):
            return "".join([piece.text async for piece in stream])
