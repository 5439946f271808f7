"""Both caches as one, in the order in which a question meets them."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.cache.exact import ExactCache
from gateway.cache.keys import exact_key, is_exact
from gateway.cache.metrics import CacheMetrics
from gateway.cache.semantic import Embedder, SemanticCache, Sight
from gateway.cache.settings import CacheSettings, SemanticCacheSettings
from gateway.cache.shadow import Circuit, Judge, ShadowCheck
from gateway.cache.versions import Versions
from gateway.contract import Admission, Answer, Call, Question, Upstream

LOG = logging.getLogger(__name__)
PENDING = 4096
"""Calls between `find` and `release` that are remembered; the oldest are forgotten beyond."""


@dataclass(slots=True)
class _Pending:
    """What `find` knew, for `keep`. Holds the call, so that its identity is nobody else's."""

    call: Call
    fingerprints: tuple[str, str]
    text: str = ""
    key: str = ""
    sight: Sight | None = None


class AnswerCaches:
    """The exact and the semantic cache; implements `gateway.contract.AnswerCache`.

    Args:
        settings: Section ``cache``.
        semantic_settings: Section ``semantic_cache``.
        upstream: Triton.
        metrics: Where they count.
        admission: Slots, for shadow checks; None where there are none.
        clock: Seconds, of the clock that deadlines are in.
    """

    def __init__(
        self,
        settings: CacheSettings,
        semantic_settings: SemanticCacheSettings,
        upstream: Upstream,
        metrics: CacheMetrics,
        admission: Admission | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._semantic_settings = semantic_settings
        self._metrics = metrics
        embedder = Embedder(upstream, semantic_settings.model, semantic_settings.embed_ms)
        self.exact = ExactCache(settings, metrics, clock)
        self.semantic = SemanticCache(semantic_settings, embedder, metrics, clock)
        self.circuit = Circuit(semantic_settings.shadow, metrics, self.semantic.clear, clock)
        self.shadow = ShadowCheck(
            semantic_settings.shadow,
            upstream,
            Judge(embedder, self.semantic.lexicon, semantic_settings.shadow.similarity),
            self.circuit,
            metrics,
            admission,
        )
        self._versions = Versions(upstream, self._forget, clock)
        self._pending: OrderedDict[int, _Pending] = OrderedDict()
        self._warned = False

    @property
    def pending(self) -> int:
        """Calls that asked and were not released yet."""
        return len(self._pending)

    async def find(self, call: Call, question: Question) -> Answer | None:
        """See `gateway.contract.AnswerCache.find`."""
        call.notes["cache"] = "off"
        if not self._settings.enabled and not self._semantic_settings.enabled:
            return None
        call.notes["cache"] = "bypass"
        control = str(call.notes.get("cache_control", "")).lower()
        exact = self._settings.enabled and is_exact(question, tools=self._settings.tools)
        text = self._meaning(call, question)
        if "no-store" in control or not (exact or text):
            return None
        fingerprints = await self._fingerprints(call, semantic=bool(text))
        if not fingerprints[0]:
            return None
        pending = _Pending(call, fingerprints, text)
        self._remember(pending)
        if exact:
            pending.key = exact_key(call, question, fingerprints[0])
        call.notes["cache"] = "miss"
        if "no-cache" in control:
            return None
        answer = await self._find_exact(call, pending) if exact else None
        if answer is None and text and self._has_embeddings(call, fingerprints[1]):
            answer = await self._find_semantic(call, question, pending)
        return answer

    async def keep(self, call: Call, question: Question, answer: Answer) -> None:
        """See `gateway.contract.AnswerCache.keep`."""
        pending = self._pending.pop(id(call), None)
        if pending is None:
            return
        if pending.key:
            self.exact.land(pending.key, self._priced(answer, self._settings.charge_hits))
        # the model may have been exchanged while it answered
        now = await self._versions.of(call.model.triton, age=0.0)
        if now != pending.fingerprints[0]:
            return
        if pending.sight is not None and not self.circuit.is_off(call.model.name):
            self.semantic.keep(call, pending.sight, answer)
        if pending.key:
            await self.exact.put(call, pending.key, answer)

    def release(self, call: Call, *, failed: bool = False) -> None:
        """See `gateway.contract.AnswerCache.release`."""
        self._pending.pop(id(call), None)
        self.exact.release(call, failed=failed)

    async def close(self) -> None:
        """End the checks that run, and close the connections to the shared store."""
        await self.shadow.close()
        await self.exact.close()

    async def _find_exact(self, call: Call, pending: _Pending) -> Answer | None:
        answer = await self.exact.get(call, pending.key)
        result = "hit" if answer else "miss"
        if answer is None:
            answer = await self.exact.join(call, pending.key)
            result = "shared" if answer else "miss"
        self._metrics.lookups.labels("exact", call.model.name, result).inc()
        if answer is None:
            return None
        call.notes["cache"] = "hit"
        return self._priced(answer, self._settings.charge_hits)

    async def _find_semantic(
        self, call: Call, question: Question, pending: _Pending
    ) -> Answer | None:
        answer, pending.sight = await self.semantic.find(
            call, question, pending.text, pending.fingerprints
        )
        result = "hit" if answer else "miss" if pending.sight else "bypass"
        self._metrics.lookups.labels("semantic", call.model.name, result).inc()
        if answer is None:
            return None
        call.notes["cache"] = "semantic"
        self.shadow.hit(call, question, answer)
        priced = self._priced(answer, self._semantic_settings.charge_hits)
        if pending.key:
            self.exact.land(pending.key, priced)
        return priced

    def _meaning(self, call: Call, question: Question) -> str:
        if not self._semantic_settings.enabled or self.circuit.is_off(call.model.name):
            return ""
        return self.semantic.text_of(question)

    async def _fingerprints(self, call: Call, *, semantic: bool) -> tuple[str, str]:
        own = await self._versions.of(call.model.triton)
        embedding = await self._versions.of(self._semantic_settings.model) if semantic else ""
        return own, embedding

    def _has_embeddings(self, call: Call, fingerprint: str) -> bool:
        """Whether questions can be embedded; says once when they no longer can."""
        if fingerprint:
            self._warned = False
            return True
        self._metrics.lookups.labels("semantic", call.model.name, "bypass").inc()
        if not self._warned:
            self._warned = True
            name = self._semantic_settings.model
            LOG.warning("the semantic cache is not used: Triton has no model %s ready", name)
        return False

    def _remember(self, pending: _Pending) -> None:
        self._pending[id(pending.call)] = pending
        while len(self._pending) > PENDING:
            self._pending.popitem(last=False)

    def _forget(self, model: str) -> None:
        self.exact.forget(model)
        self.semantic.forget(model)

    @staticmethod
    def _priced(answer: Answer, charged: bool) -> Answer:
        return answer if answer.charged == charged else replace(answer, charged=charged)
