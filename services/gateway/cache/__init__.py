"""Answers that need no model: exact ones, and those to questions that mean the same."""

from prometheus_client import REGISTRY, CollectorRegistry

from gateway.cache.answers import AnswerCaches
from gateway.cache.metrics import CacheMetrics
from gateway.cache.replay import pieces, replay
from gateway.cache.settings import CacheSettings, SemanticCacheSettings
from gateway.contract import Admission, Upstream

__all__ = [
    "AnswerCaches",
    "CacheSettings",
    "SemanticCacheSettings",
    "make_cache",
    "pieces",
    "replay",
]


def make_cache(
    section: CacheSettings,
    semantic_section: SemanticCacheSettings,
    upstream: Upstream,
    admission: Admission | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> AnswerCaches:
    """The caches as the settings want them; both are off by default.

    Close it with ``await caches.close()``.

    Args:
        section: Section ``cache``.
        semantic_section: Section ``semantic_cache``.
        upstream: Triton: embeds questions, and generates what is checked.
        admission: Slots that shadow checks take; None to let them run without.
        registry: Where the metrics are published; each registry takes them once.
    """
    return AnswerCaches(section, semantic_section, upstream, CacheMetrics(registry), admission)
