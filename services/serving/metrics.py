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
    """Counters, all with the same labels."""

    def __init__(self, utilities: Any, names: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Make the counters known to the server.

        Args:
            utilities: Triton's module ``triton_python_backend_utils``.
            names: What every counter counts, by name.
            labels: Labels of all.
        """
        self._lock = threading.Lock()
        self._families: dict[str, Any] = {}
        self._metrics: dict[str, Any] = {}
        with self._lock:
            for name, text in names.items():
                family = utilities.MetricFamily(
                    name=name, description=text, kind=utilities.MetricFamily.COUNTER
                )
                self._families[name] = family
                self._metrics[name] = family.Metric(labels=dict(labels))

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add to counters; does nothing once they are closed."""
        with self._lock:
            for name, amount in amounts.items():
                if amount > 0 and name in self._metrics:
                    self._metrics[name].increment(amount)

    def close(self) -> None:
        """Take the counters back: first the metrics, then the families they belong to."""
        with self._lock:
            self._metrics.clear()
            gc.collect()
            self._families.clear()
            gc.collect()
