"""What the caches count."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

LOOKUP_BUCKETS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class CacheMetrics:
    """Metrics of both caches; labels never hold text of a request.

    Args:
        registry: Where they are published; each registry takes them once.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.lookups = Counter(
            "llm_gateway_cache_lookups",
            "Lookups by cache (exact, semantic) and result (hit, miss, shared, bypass, off)",
            ["cache", "model", "result"],
            registry=registry,
        )
        self.lookup_seconds = Histogram(
            "llm_gateway_cache_lookup_seconds",
            "Time of a lookup, without waiting for another request's answer",
            ["cache"],
            buckets=LOOKUP_BUCKETS,
            registry=registry,
        )
        self.entries = Gauge(
            "llm_gateway_cache_entries", "Answers and questions held", ["cache"], registry=registry
        )
        self.size = Gauge(
            "llm_gateway_cache_bytes",
            "Memory that they take, roughly",
            ["cache"],
            registry=registry,
        )
        self.gone = Counter(
            "llm_gateway_cache_evictions",
            "Entries that left, by reason: size, ttl, version, off",
            ["cache", "reason"],
            registry=registry,
        )
        self.store_failures = Counter(
            "llm_gateway_cache_store_failures",
            "Times that the shared store did not answer in time",
            registry=registry,
        )
        self.rejected = Counter(
            "llm_gateway_semantic_cache_rejections",
            "Questions that were similar enough but not the same, by the first difference found",
            ["difference"],
            registry=registry,
        )
        self.shadow = Counter(
            "llm_gateway_semantic_cache_shadow_checks",
            "Hits generated again, by result: agrees, false, skipped, failed",
            ["model", "result"],
            registry=registry,
        )
        self.false_hits = Gauge(
            "llm_gateway_semantic_cache_false_hit_ratio",
            "Part of the last shadow checks of a model whose kept answer was wrong",
            ["model"],
            registry=registry,
        )
        self.off = Gauge(
            "llm_gateway_semantic_cache_off",
            "1 while the cache has turned itself off for a model",
            ["model"],
            registry=registry,
        )
