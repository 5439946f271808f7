"""Custom metrics of a Python model, at the server's metrics endpoint.

Two things end more than the model if they are done wrong: calls of several threads at once kill
the whole server, so every call is under one lock; and a metric that outlives `finalize` kills the
model's process while it exits, because it tells a server that it can no longer reach that it is
gone, so `close` must be called there.
"""

import gc
import threading
from collections.abc import Mapping
from typing import Any


class Counters:
    """Counters, and gauges that go up and down, all with the same labels."""

    def __init__(
        self,
        utilities: Any,
        names: Mapping[str, str],
        labels: Mapping[str, str],
        gauges: Mapping[str, str] | None = None,
    ) -> None:
        """Make the counters known to the server.

        Args:
            utilities: Triton's module ``triton_python_backend_utils``.
            names: What every counter counts, by name.
            labels: Labels of all.
            gauges: What every gauge measures, by name.
        """
        kinds = utilities.MetricFamily
        self._gauges = frozenset(gauges or ())
        self._lock = threading.Lock()
        self._families: dict[str, Any] = {}
        self._metrics: dict[str, Any] = {}
        with self._lock:
            for name, text in {**names, **(gauges or {})}.items():
                kind = kinds.GAUGE if name in self._gauges else kinds.COUNTER
                family = kinds(name=name, description=text, kind=kind)
                self._families[name] = family
                self._metrics[name] = family.Metric(labels=dict(labels))

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add to counters, to gauges also less than nothing; does nothing once they are closed."""
        with self._lock:
            for name, amount in amounts.items():
                wanted = amount if name in self._gauges else amount > 0
                if wanted and name in self._metrics:
                    self._metrics[name].increment(amount)

    def close(self) -> None:
        """Take the counters back: first the metrics, then the families they belong to."""
        with self._lock:
            self._metrics.clear()
            gc.collect()
            self._families.clear()
            gc.collect()
