"""What the guards count. Labels never hold text of a request."""

from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


def metrics_of(registry: CollectorRegistry) -> "GuardMetrics":
    """The metrics that are published there; made when first asked for."""
    made = _MADE.get(registry)
    if made is None:
        made = _MADE[registry] = GuardMetrics(registry)
    return made


class GuardMetrics:
    """Metrics of all guards.

    Args:
        registry: Where they are published; each registry takes them once.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.checks = Counter(
            "llm_gateway_guard_checks",
            "Texts checked, by result: pass, flag, mask, block, error, timeout",
            ["chain", "guard", "direction", "result"],
            registry=registry,
        )
        self.findings = Counter(
            "llm_gateway_guard_findings",
            "What was found",
            ["guard", "direction", "label"],
            registry=registry,
        )
        self.seconds = Histogram(
            "llm_gateway_guard_seconds",
            "Time of a guard for the prompt of one call",
            ["guard"],
            buckets=BUCKETS,
            registry=registry,
        )


_MADE: WeakKeyDictionary[CollectorRegistry, GuardMetrics] = WeakKeyDictionary()
