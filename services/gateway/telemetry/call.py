"""What happens to one call: into metrics, its trace and its log line."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from prometheus_client import Counter

from gateway.contract import Call, Message, Piece, Sampling
from gateway.telemetry import context, metrics, notes
from gateway.telemetry.content import input_messages, output_messages
from gateway.telemetry.logs import RequestLog
from gateway.telemetry.meters import ModelMeters
from gateway.telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from gateway.telemetry.traces import CallSpans, Tracing

BUDGET_CODES = frozenset({"budget_exceeded", "budget_too_small"})
"""Of a 429 that is the caller's own doing, and not lack of room."""
GENERATES = frozenset({"chat", "completion"})


class Hub(Protocol):
    """What the watch of a call needs of the telemetry as a whole."""

    settings: TelemetrySettings
    tracing: "Tracing | None"
    log: RequestLog

    def meters(self, route: str, model: str) -> ModelMeters:
        """The metrics of a route and model."""
        ...

    def count(self, counter: Counter, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        ...


class CallWatch:
    """See `gateway.contract.Watch`."""

    __slots__ = (
        "_call",
        "_ended",
        "_first",
        "_hub",
        "_input",
        "_last",
        "_meters",
        "_output",
        "_queued",
        "_spans",
        "_text",
        "_timed",
        "_trace_id",
    )

    def __init__(self, hub: Hub, call: Call) -> None:
        self._hub = hub
        self._call = call
        self._meters = hub.meters(call.route, call.model.name)
        self._meters.in_flight.inc()
        self._first: float | None = None
        self._last = 0.0
        self._queued: float | None = None
        self._input = 0
        self._output = 0
        self._timed = call.route in GENERATES
        self._text: list[str] | None = None
        self._ended = False
        self._spans: CallSpans | None = None
        self._trace_id = ""
        self._begin_trace()

    def _begin_trace(self) -> None:
        call, tracing = self._call, self._hub.tracing
        found = context.parse(call.trace) if call.trace else None
        if tracing is not None:
            self._spans = tracing.begin(call, found)
            if self._spans is not None:
                found = self._spans.context
                if self._hub.settings.traces.capture_content:
                    self._text = []
            elif found is None:
                found = context.unsampled()
        call.trace = found.header() if found else ""
        self._trace_id = found.trace_id if found else ""

    def asked(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        stream: bool = False,
    ) -> None:
        """See `gateway.contract.Watch`."""
        if self._spans is None:
            return
        self._spans.asked(sampling, stream=stream)
        if self._text is not None:
            most = self._hub.settings.traces.content_characters
            self._spans.add(**input_messages(messages, most))

    def queued(self, seconds: float) -> None:
        """See `gateway.contract.Watch`."""
        self._queued = seconds
        self._meters.queue.observe(seconds)
        if self._spans is not None:
            self._spans.working(seconds)
            self._call.trace = self._spans.context.header()

    def piece(self, piece: Piece) -> None:
        """See `gateway.contract.Watch`."""
        if piece.prompt_tokens:
            self._input = piece.prompt_tokens
        tokens = piece.output_tokens
        self._output += tokens
        if self._text is not None:
            self._text.append(piece.text)
        if not self._timed or not (tokens or piece.text):
            return
        now = time.monotonic()
        if self._first is None:
            self._first = now - self._call.started
            if notes.model_answered(self._call):
                exemplar = {"trace_id": self._trace_id} if self._spans else None
                self._meters.first_token.observe(self._first, exemplar)
            else:
                # A kept answer comes at once; it would say nothing about the model's pace.
                self._timed = False
        else:
            self._meters.inter_token.observe((now - self._last) / (tokens or 1))
        self._last = now

    def end(self, *, status: int, code: str = "", finish_reason: str = "") -> None:
        """See `gateway.contract.Watch`; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        seconds = time.monotonic() - self._call.started
        self._meters.in_flight.dec()
        self._meters.duration(status, seconds)
        self._count(status, code)
        level = self._hub.log.wants(status)
        if level:
            self._hub.log.write(level, self._fields(status, code, finish_reason, seconds))
        if self._spans is not None:
            self._end_spans(self._spans, status, code, finish_reason)

    def _count(self, status: int, code: str) -> None:
        call, count = self._call, self._hub.count
        model, tenant = call.model.name, metrics.tenant_label(call.tenant.name)
        count(metrics.REQUESTS, call.route, model, tenant, str(status))
        if self._input:
            count(metrics.TOKENS, model, tenant, "input", by=self._input)
        if self._output:
            count(metrics.TOKENS, model, tenant, "output", by=self._output)
        if status == 429 and code not in BUDGET_CODES:
            count(metrics.SHED, model, metrics.code_label(code or str(status)))
        if not call.notes:
            return
        if cache := notes.cache(call):
            count(metrics.CACHE, model, cache)
        for guard, action in notes.guards(call):
            count(metrics.GUARDS, metrics.guard_label(guard), action)

    def _fields(self, status: int, code: str, finish_reason: str, seconds: float) -> dict[str, Any]:
        call = self._call
        return {
            "request_id": call.id,
            "trace_id": self._trace_id,
            "tenant": call.tenant.name,
            "key": call.tenant.key,
            "model": call.model.name,
            "route": call.route,
            "status": status,
            "code": code,
            "finish_reason": finish_reason,
            "queue_seconds": _rounded(self._queued),
            "ttft_seconds": _rounded(self._first),
            "duration_seconds": _rounded(seconds),
            "input_tokens": self._input or None,
            "output_tokens": self._output or None,
            "cache": notes.cache(call),
            "guards": [f"{guard}:{action}" for guard, action in notes.guards(call)] or None,
        }

    def _end_spans(self, spans: "CallSpans", status: int, code: str, finish_reason: str) -> None:
        if self._input:
            spans.add(usage__input_tokens=self._input)
        if self._output:
            spans.add(usage__output_tokens=self._output)
        if self._first is not None:
            spans.add(response__time_to_first_chunk=self._first)
        if finish_reason:
            spans.add(response__finish_reasons=[finish_reason])
        if status < 400:
            spans.add(response__model=self._call.model.name)
        if self._text:
            most = self._hub.settings.traces.content_characters
            spans.add(**output_messages("".join(self._text)[:most], finish_reason))
        found = {"cache": notes.cache(self._call)}
        found["guards"] = ",".join(f"{each}:{action}" for each, action in notes.guards(self._call))
        told = {name: value for name, value in found.items() if value}
        spans.end(status=status, code=code, notes=told)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
