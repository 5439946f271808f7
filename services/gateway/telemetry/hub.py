"""Telemetry of calls: what happens to a call goes into metrics, its trace and its log line."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from prometheus_client import Counter

from gateway.contract import Call
from gateway.telemetry import metrics
from gateway.telemetry.call import CallWatch
from gateway.telemetry.logs import RequestLog
from gateway.telemetry.meters import ModelMeters
from gateway.telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from gateway.telemetry.traces import Tracing


class GatewayTelemetry:
    """See `gateway.contract.Telemetry`."""

    def __init__(
        self,
        settings: TelemetrySettings,
        *,
        tracing: "Tracing | None" = None,
        stream: TextIO | None = None,
    ) -> None:
        self.settings = settings
        self.tracing = tracing
        if tracing is None and settings.traces.enabled:
            # OpenTelemetry takes half a second to import, and many do without it.
            from gateway.telemetry.traces import Tracing  # noqa: PLC0415

            self.tracing = Tracing(settings.traces)
        self.log = RequestLog(settings.logs, stream, chance=random.random)
        self._meters: dict[tuple[str, str], ModelMeters] = {}
        self._counters: dict[tuple[Any, ...], Counter] = {}

    def meters(self, route: str, model: str) -> ModelMeters:
        """The metrics of a route and model."""
        key = (route, model)
        found = self._meters.get(key)
        if found is None:
            found = self._meters[key] = ModelMeters(route, model)
        return found

    def count(self, counter: Counter, *labels: str, by: float = 1) -> None:
        """Add to a counter; its labels are looked up once."""
        key = (counter, *labels)
        found = self._counters.get(key)
        if found is None:
            found = self._counters[key] = counter.labels(*labels)
        found.inc(by)

    def begin(self, call: Call) -> CallWatch:
        """See `gateway.contract.Telemetry`."""
        return CallWatch(self, call)

    def refused(
        self, *, request_id: str, route: str, status: int, code: str, tenant: str = ""
    ) -> None:
        """See `gateway.contract.Telemetry`."""
        label = metrics.tenant_label(tenant) if tenant else metrics.UNKNOWN
        self.count(metrics.REQUESTS, route, metrics.UNKNOWN, label, str(status))
        level = self.log.wants(status)
        if level:
            fields = {
                "request_id": request_id,
                "tenant": tenant,
                "route": route,
                "status": status,
                "code": code,
            }
            self.log.write(level, fields)

    def watch_queue(
        self, model: str, *, waiting: Callable[[], int], busy: Callable[[], int]
    ) -> None:
        """See `gateway.contract.Telemetry`."""
        metrics.watch_queue(model, waiting=waiting, busy=busy)

    async def close(self) -> None:
        """Write and export what is left."""
        if self.tracing is not None:
            self.tracing.close()
        self.log.close()
