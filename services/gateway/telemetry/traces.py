"""Spans of calls, with the names of OpenTelemetry's conventions for generative AI.

A sampled call has a SERVER span, from its arrival to its end, and below it, from the moment that it
holds a slot, a CLIENT span: the model's work. Triton's own spans are below that one. A call that
never reaches a model (refused, or answered by a cache) has the first alone.
"""

import random
import threading
from collections.abc import Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from gateway.contract import Call, Sampling
from gateway.telemetry import metrics
from gateway.telemetry.context import Context
from gateway.telemetry.settings import TraceSettings

OPERATIONS = {"chat": "chat", "completion": "text_completion", "embedding": "embeddings"}
PROVIDER = "triton"

_EXPORTED = metrics.SPANS.labels("exported")
_FAILED = metrics.SPANS.labels("failed")
_ENDED = metrics.SPANS.labels("ended")


class CountingExporter(SpanExporter):
    """Counts what another exporter does. Runs in the thread of the batches."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter`."""
        result = self._exporter.export(spans)
        counter = _EXPORTED if result is SpanExportResult.SUCCESS else _FAILED
        counter.inc(len(spans))
        return result

    def shutdown(self) -> None:
        """See `SpanExporter`."""
        self._exporter.shutdown()


class CallSpans:
    """The spans of one sampled call."""

    __slots__ = ("_attributes", "_client", "_name", "_server", "_tracer")

    def __init__(self, tracer: Any, call: Call, parent: Context | None) -> None:
        self._tracer = tracer
        operation = OPERATIONS.get(call.route, call.route)
        self._name = f"{operation} {call.model.name}"
        self._attributes: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": PROVIDER,
            "gen_ai.request.model": call.model.name,
        }
        self._server: Span = tracer.start_span(
            f"gateway {call.route}",
            context=_context(parent),
            kind=SpanKind.SERVER,
            attributes={
                "llm_gateway.route": call.route,
                "llm_gateway.request_id": call.id,
                "llm_gateway.tenant": call.tenant.name,
                "llm_gateway.key": call.tenant.key,
                "llm_gateway.model": call.model.name,
            },
        )
        self._client: Span | None = None

    @property
    def context(self) -> Context:
        """That of the innermost span."""
        found = (self._client or self._server).get_span_context()
        return Context(f"{found.trace_id:032x}", f"{found.span_id:016x}", int(found.trace_flags))

    def asked(self, sampling: Sampling | None, *, stream: bool) -> None:
        """Attributes of the request. Its stop texts are left out: they may be of the prompt."""
        if stream:
            self._attributes["gen_ai.request.stream"] = True
        if sampling is None:
            return
        named = {
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "seed": sampling.seed,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
        }
        self._attributes.update(
            (f"gen_ai.request.{name}", value) for name, value in named.items() if value is not None
        )
        if sampling.json_schema is not None:
            self._attributes["gen_ai.output.type"] = "json"

    def add(self, **attributes: Any) -> None:
        """Attributes of ``gen_ai``; underscores of the names stand for dots where two are."""
        self._attributes.update(
            (f"gen_ai.{name.replace('__', '.')}", value) for name, value in attributes.items()
        )

    def working(self, waited: float) -> None:
        """The call holds its slot: the model's work begins."""
        self._server.set_attribute("llm_gateway.queue_seconds", waited)
        self._client = self._tracer.start_span(
            self._name, context=set_span_in_context(self._server), kind=SpanKind.CLIENT
        )

    def end(self, *, status: int, code: str, notes: dict[str, str]) -> None:
        """The call is over."""
        server, client = self._server, self._client
        work = client or server
        work.set_attributes(self._attributes)
        server.set_attribute("http.response.status_code", status)
        server.set_attributes({f"llm_gateway.{name}": value for name, value in notes.items()})
        if status < 400 and code:
            server.set_attribute("llm_gateway.code", code)
        if status >= 400:
            work.set_attribute("error.type", code or str(status))
            server.set_attribute("error.type", code or str(status))
            # A server's span is in error when the server is to blame, a client's always.
            if client:
                client.set_status(Status(StatusCode.ERROR, code))
            if status >= 500:
                server.set_status(Status(StatusCode.ERROR, code))
        if client:
            client.end()
            _ENDED.inc()
        server.end()
        _ENDED.inc()


def _context(parent: Context | None) -> Any:
    if parent is None:
        return set_span_in_context(NonRecordingSpan(INVALID_SPAN_CONTEXT))
    remote = SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(parent.flags),
    )
    return set_span_in_context(NonRecordingSpan(remote))


class Tracing:
    """Makes and exports spans."""

    def __init__(self, settings: TraceSettings, exporter: SpanExporter | None = None) -> None:
        self._settings = settings
        certificates = str(settings.ca_file) if settings.ca_file else None
        exporter = exporter or OTLPSpanExporter(
            endpoint=settings.endpoint,
            timeout=settings.timeout_seconds,
            certificate_file=certificates,
        )
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": settings.service_name}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                CountingExporter(exporter),
                max_queue_size=settings.queue,
                max_export_batch_size=settings.batch,
                schedule_delay_millis=settings.delay_seconds * 1000,
            )
        )
        self._tracer: Any = self._provider.get_tracer("gateway")

    def begin(self, call: Call, parent: Context | None) -> CallSpans | None:
        """The spans of a call; None where it is not recorded."""
        sampled = parent.sampled if parent else self._chosen()
        return CallSpans(self._tracer, call, parent) if sampled else None

    def _chosen(self) -> bool:
        return random.random() < self._settings.sample  # noqa: S311 - a sample, no secret

    def close(self) -> None:
        """Export what waits, for so long as the settings say; a dead collector holds up no more."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(self._settings.close_seconds)
