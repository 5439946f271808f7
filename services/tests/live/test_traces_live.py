"""One trace from the client through the gateway to Triton, read at a collector."""

import json
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import lab
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.live

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass(frozen=True)
class Span:
    """A span as it arrived."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]


@dataclass
class Collector:
    """What takes OTLP over HTTP: protobuf as the gateway sends it, JSON as Triton does."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list[Span])

    def take(self, body: bytes, kind: str) -> None:
        if "json" in kind:
            self.spans += from_json(json.loads(body))
        else:
            self.spans += from_protobuf(ExportTraceServiceRequest.FromString(body))

    def wait_for(self, *services: str) -> list[Span]:
        """The spans of the trace, once those services have sent theirs: a parent is sent after its
        children."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ours = [span for span in self.spans if span.trace == TRACE]
            known = {CALLER, *(span.id for span in ours)}
            whole = all(span.parent in known for span in ours)
            if whole and {span.service for span in ours} >= set(services):
                return ours
            time.sleep(0.05)
        raise AssertionError(self.spans)


def from_protobuf(request: Any) -> list[Span]:
    found: list[Span] = []
    for resource in request.resource_spans:
        service = values_of(resource.resource.attributes)["service.name"]
        found += [
            Span(
                service,
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                values_of(span.attributes),
            )
            for scope in resource.scope_spans
            for span in scope.spans
        ]
    return found


def values_of(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def from_json(request: Any) -> list[Span]:
    found: list[Span] = []
    for resource in request["resourceSpans"]:
        told = {
            each["key"]: next(iter(each["value"].values()))
            for each in resource["resource"]["attributes"]
        }
        found += [
            Span(
                str(told["service.name"]),
                span["name"],
                span["traceId"].lower(),
                span["spanId"].lower(),
                span.get("parentSpanId", "").lower(),
                {},
            )
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]
    return found


@contextmanager
def collector() -> Generator[Collector]:
    """A collector that listens until the block ends."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.take(body, self.headers["content-type"])
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def chat(url: str, key: str) -> str:
    body = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Say tangerine."}],
        "max_tokens": 3,
    }
    request = urllib.request.Request(  # noqa: S310 - http to loopback
        f"{url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {key}",
            "traceparent": f"00-{TRACE}-{CALLER}-01",
            "x-request-id": "traced-1",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - the same
        return response.read().decode()


def test_one_trace_from_the_client_to_triton() -> None:
    with collector() as found:
        config = (
            *("--trace-config", "mode=opentelemetry", "--trace-config", "rate=1"),
            *("--trace-config", "level=TIMESTAMPS"),
            *("--trace-config", f"opentelemetry,url={found.endpoint}"),
            *("--trace-config", "opentelemetry,resource=service.name=triton"),
            *("--trace-config", "opentelemetry,bsp_schedule_delay=100"),
        )
        traces = {"enabled": True, "endpoint": found.endpoint, "delay_seconds": 0.1}
        with (
            lab.triton(load=("smollm2",), extra=config) as triton,
            lab.gateway(triton, keyed=True, telemetry={"traces": traces}) as gateway,
        ):
            chat(gateway.url, gateway.key)
            spans = found.wait_for("llm-gateway", "triton")
            log = gateway.log.read_text()
            with urllib.request.urlopen(f"{gateway.url}/metrics", timeout=10) as response:  # noqa: S310 - http to loopback
                metrics = response.read().decode()

    ours = {span.name: span for span in spans if span.service == "llm-gateway"}
    server, client = ours["gateway chat"], ours["chat smollm2"]
    assert server.parent == CALLER
    assert client.parent == server.id
    assert client.attributes["gen_ai.operation.name"] == "chat"
    assert client.attributes["gen_ai.usage.output_tokens"] == 3
    assert server.attributes["llm_gateway.request_id"] == "traced-1"
    theirs = [span for span in spans if span.service == "triton"]
    assert client.id in {span.parent for span in theirs}

    lines = [json.loads(line) for line in log.splitlines()]
    [line] = [line for line in lines if line["logger"] == "gateway.request"]
    assert (line["trace_id"], line["request_id"]) == (TRACE, "traced-1")
    assert (line["status"], line["output_tokens"], line["tenant"]) == (200, 3, "lab")
    assert line["queue_seconds"] >= 0
    assert 0 < line["ttft_seconds"] <= line["duration_seconds"]
    labels = 'model="smollm2",route="chat",status="200",tenant="lab"'
    assert f"llm_gateway_requests_total{{{labels}}} 1.0" in metrics
    for text in (log, metrics, str(ours)):
        assert "tangerine" not in text
        assert gateway.key.split("_")[2] not in text
