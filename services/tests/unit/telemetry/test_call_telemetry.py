"""What a call leaves in metrics, log and trace."""

import asyncio
import io
import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from gateway.contract import Call, Kind, Message, Piece, Sampling, ServedModel, Tenant
from gateway.telemetry.hub import GatewayTelemetry
from gateway.telemetry.metrics import OTHER, Bounded
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.traces import Tracing
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from prometheus_client.openmetrics import exposition as openmetrics

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNRECORDED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@dataclass
class Seen:
    """A telemetry, and where what it tells can be read."""

    telemetry: GatewayTelemetry
    stream: io.StringIO
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def close(self) -> None:
        asyncio.run(self.telemetry.close())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()


@contextmanager
def telemetry(*, traces: dict[str, Any] | None = None, **logs: Any) -> Generator[Seen]:
    """A telemetry that is closed, and so has told everything, when the block ends."""
    settings = TelemetrySettings.model_validate({"logs": logs, "traces": traces or {}})
    exporter, stream = InMemorySpanExporter(), io.StringIO()
    tracing = Tracing(settings.traces, exporter) if settings.traces.enabled else None
    seen = Seen(GatewayTelemetry(settings, tracing=tracing, stream=stream), stream, exporter)
    try:
        yield seen
    finally:
        seen.close()


def call(model: str, route: str = "chat", trace: str = "", **notes: Any) -> Call:
    served = ServedModel(name=model, triton=model, kind=Kind.CHAT)
    now = time.monotonic()
    tenant = Tenant(name="acme", key="k1")
    return Call("request-1", route, tenant, served, now - 0.5, now + 60, trace=trace, notes=notes)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"llm_gateway_{name}", labels) or 0.0


def answer(seen: Seen, asked: Call, pieces: int = 3) -> None:
    watch = seen.telemetry.begin(asked)
    watch.asked([Message("user", "hi")], Sampling(max_tokens=9, temperature=0.5), stream=True)
    watch.queued(0.25)
    for _ in range(pieces):
        watch.piece(Piece("word ", output_tokens=2, prompt_tokens=11))
    watch.end(status=200, finish_reason="stop")


def test_an_answered_call_is_counted() -> None:
    with telemetry() as seen:
        answer(seen, call("m-answered"))
    of = {"route": "chat", "model": "m-answered"}
    assert value("requests_total", tenant="acme", status="200", **of) == 1
    assert value("time_to_first_token_seconds_count", **of) == 1
    assert 0.5 <= value("time_to_first_token_seconds_sum", **of) < 5
    assert value("inter_token_latency_seconds_count", **of) == 2
    assert value("request_duration_seconds_count", outcome="answered", **of) == 1
    assert value("queue_seconds_sum", model="m-answered") == 0.25
    tokens = {"model": "m-answered", "tenant": "acme"}
    assert value("tokens_total", type="input", **tokens) == 11
    assert value("tokens_total", type="output", **tokens) == 6
    assert value("requests_in_flight", **of) == 0


def test_calls_under_way_are_seen() -> None:
    of = {"route": "chat", "model": "m-flight"}
    with telemetry() as seen:
        watches = [seen.telemetry.begin(call("m-flight")) for _ in range(3)]
        assert value("requests_in_flight", **of) == 3
        for watch in watches:
            watch.end(status=499)
            watch.end(status=200)
        assert value("requests_in_flight", **of) == 0
    assert value("requests_total", tenant="acme", status="499", **of) == 3
    assert value("requests_total", tenant="acme", status="200", **of) == 0


@pytest.mark.parametrize(
    ("status", "code", "shed"),
    [
        (429, "overloaded", 1),
        (429, "budget_exceeded", 0),
        (503, "unavailable", 0),
        (503, "guard_failed", 0),
        (400, "invalid_request", 0),
    ],
)
def test_what_is_refused_for_lack_of_room_is_shed(status: int, code: str, shed: int) -> None:
    model = f"m-shed-{code}"
    with telemetry() as seen:
        seen.telemetry.begin(call(model)).end(status=status, code=code)
    assert value("shed_total", model=model, code=code) == shed


def test_a_kept_answer_says_nothing_about_the_models_pace() -> None:
    with telemetry() as seen:
        answer(seen, call("m-kept", cache="hit"))
    of = {"route": "chat", "model": "m-kept"}
    assert value("time_to_first_token_seconds_count", **of) == 0
    assert value("inter_token_latency_seconds_count", **of) == 0
    assert value("cache_outcomes_total", model="m-kept", outcome="hit") == 1
    assert seen.lines()[0]["cache"] == "hit"


def test_embeddings_have_tokens_and_no_pace() -> None:
    with telemetry() as seen:
        watch = seen.telemetry.begin(call("m-embed", route="embedding"))
        watch.piece(Piece("", prompt_tokens=7))
        watch.end(status=200)
    assert value("tokens_total", model="m-embed", tenant="acme", type="input") == 7
    of = {"route": "embedding", "model": "m-embed"}
    assert value("time_to_first_token_seconds_count", **of) == 0
    assert value("request_duration_seconds_count", outcome="answered", **of) == 1


def test_requests_that_never_became_a_call_have_one_label_for_their_models() -> None:
    of = {"route": "chat", "model": "unknown", "tenant": "unknown", "status": "401"}
    before = value("requests_total", **of)
    with telemetry() as seen:
        for number in range(5):
            seen.telemetry.refused(
                request_id=f"r{number}", route="chat", status=401, code="invalid_api_key"
            )
    assert value("requests_total", **of) == before + 5
    assert [line["code"] for line in seen.lines()] == ["invalid_api_key"] * 5
    assert {line["level"] for line in seen.lines()} == {"warning"}


def test_labels_are_bounded() -> None:
    label = Bounded(2)
    assert [label(each) for each in ("a", "b", "c", "a", "d")] == ["a", "b", OTHER, "a", OTHER]


def test_queues_are_read_when_metrics_are_asked_for() -> None:
    waiting = [3]
    with telemetry() as seen:
        seen.telemetry.watch_queue("m-queue", waiting=lambda: waiting[0], busy=lambda: 5)
    assert value("queue_depth", model="m-queue") == 3
    waiting[0] = 4
    assert value("queue_depth", model="m-queue") == 4
    assert value("slots_busy", model="m-queue") == 5


def test_the_log_line_of_a_call() -> None:
    with telemetry() as seen:
        answer(seen, call("m-line", trace=PARENT))
    [line] = seen.lines()
    assert line | {"time": "", "ttft_seconds": 0, "duration_seconds": 0} == {
        "time": "",
        "level": "info",
        "logger": "gateway.request",
        "message": "request",
        "request_id": "request-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "tenant": "acme",
        "key": "k1",
        "model": "m-line",
        "route": "chat",
        "status": 200,
        "finish_reason": "stop",
        "queue_seconds": 0.25,
        "ttft_seconds": 0,
        "duration_seconds": 0,
        "input_tokens": 11,
        "output_tokens": 6,
    }
    assert 0.5 <= line["ttft_seconds"] <= line["duration_seconds"]


@pytest.mark.parametrize(
    ("settings", "levels"),
    [
        ({}, ["info", "info", "warning", "error"]),
        ({"level": "warning"}, ["warning", "error"]),
        ({"level": "error"}, ["error"]),
        ({"sample": 0}, ["warning", "error"]),
    ],
)
def test_levels_and_sampling(settings: dict[str, Any], levels: list[str]) -> None:
    with telemetry(**settings) as seen:
        for status in (200, 499, 400, 503):
            seen.telemetry.begin(call("m-levels")).end(status=status)
    assert [line["level"] for line in seen.lines()] == levels


def test_without_traces_the_clients_context_is_passed_on() -> None:
    with telemetry() as seen:
        for header, expected in ((PARENT, PARENT), ("", ""), ("garbage", "")):
            asked = call("m-context", trace=header)
            seen.telemetry.begin(asked).end(status=200)
            assert asked.trace == expected


def id_of(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}" if span.context else ""


def parent_of(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def test_spans_have_the_names_of_the_conventions() -> None:
    with telemetry(traces={"enabled": True}) as seen:
        asked = call("m-spans", trace=PARENT)
        answer(seen, asked)
    client, server = seen.spans()
    assert (server.name, server.kind.name) == ("gateway chat", "SERVER")
    assert (client.name, client.kind.name) == ("chat m-spans", "CLIENT")
    assert parent_of(server) == "b7ad6b7169203331"
    assert parent_of(client) == id_of(server)
    assert asked.trace == f"00-0af7651916cd43dd8448eb211c80319c-{id_of(client)}-01"
    found: dict[str, Any] = dict(client.attributes or {})
    assert 0.5 <= found.pop("gen_ai.response.time_to_first_chunk") < 5
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "triton",
        "gen_ai.request.model": "m-spans",
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "m-spans",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 6,
    }
    assert seen.lines()[0]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("route", "operation"),
    [("completion", "text_completion"), ("embedding", "embeddings"), ("infer", "infer")],
)
def test_operations(route: str, operation: str) -> None:
    with telemetry(traces={"enabled": True}) as seen:
        answer(seen, call("m-ops", route=route))
    assert (seen.spans()[0].attributes or {})["gen_ai.operation.name"] == operation


def test_a_call_that_reaches_no_model_has_one_span_with_its_error() -> None:
    with telemetry(traces={"enabled": True}) as seen:
        seen.telemetry.begin(call("m-refused")).end(status=429, code="budget_exceeded")
        seen.telemetry.begin(call("m-failed")).end(status=503, code="unavailable")
    refused, failed = seen.spans()
    assert (refused.attributes or {})["error.type"] == "budget_exceeded"
    assert (refused.attributes or {})["http.response.status_code"] == 429
    # The server is to blame for the second only.
    assert (refused.status.status_code.name, failed.status.status_code.name) == ("UNSET", "ERROR")


@pytest.mark.parametrize(
    ("trace", "sample", "recorded"),
    [("", 1.0, True), ("", 0.0, False), (PARENT, 0.0, True), (UNRECORDED, 1.0, False)],
)
def test_the_client_decides_and_else_the_sample(trace: str, sample: float, recorded: bool) -> None:
    with telemetry(traces={"enabled": True, "sample": sample}) as seen:
        asked = call("m-sample", trace=trace)
        answer(seen, asked)
    assert bool(seen.spans()) is recorded
    assert bool(int(asked.trace[-2:], 16) & 1) is recorded
    assert seen.lines()[0]["trace_id"] == asked.trace.split("-")[1]


def test_content_only_where_it_is_switched_on() -> None:
    messages = [Message("system", "be brief"), Message("user", "hello")]
    found: dict[bool, dict[str, Any]] = {}
    for capture in (False, True):
        traces = {"enabled": True, "capture_content": capture, "content_characters": 12}
        with telemetry(traces=traces) as seen:
            watch = seen.telemetry.begin(call("m-content"))
            watch.asked(messages)
            watch.queued(0)
            watch.piece(Piece("a long ", output_tokens=1))
            watch.piece(Piece("answer", output_tokens=1))
            watch.end(status=200, finish_reason="length")
        found[capture] = dict(seen.spans()[0].attributes or {})
    assert not [name for name in found[False] if "message" in name or "instruction" in name]
    told = {
        name: json.loads(found[True][f"gen_ai.{name}"])
        for name in ("system_instructions", "input.messages", "output.messages")
    }
    assert told == {
        "system_instructions": [{"type": "text", "content": "be brief"}],
        "input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hell"}]}],
        "output.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "a long answe"}],
                "finish_reason": "length",
            }
        ],
    }


def test_text_that_is_no_unicode_is_exported_all_the_same() -> None:
    half = "half a pair: \ud83d"
    with telemetry(traces={"enabled": True, "capture_content": True}) as seen:
        asked = call("m-half")
        watch = seen.telemetry.begin(asked)
        watch.asked([Message("user", half)], Sampling(max_tokens=1, stop=(half,)))
        watch.queued(0)
        watch.piece(Piece(half, output_tokens=1))
        watch.end(status=200, finish_reason="stop")
    sent = encode_spans(seen.spans()).SerializeToString()
    assert b"half a pair" in sent
    assert seen.lines()


def test_a_recorded_first_token_leads_to_its_trace() -> None:
    with telemetry(traces={"enabled": True}) as seen:
        answer(seen, call("m-exemplar", trace=PARENT))
    untyped: Any = openmetrics
    text: str = untyped.generate_latest(REGISTRY).decode()
    [sample] = [
        line
        for line in text.splitlines()
        if "first_token" in line and "m-exemplar" in line and "#" in line
    ]
    assert 'trace_id="0af7651916cd43dd8448eb211c80319c"' in sample
