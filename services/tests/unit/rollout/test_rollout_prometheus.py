"""Answers that a healthy Prometheus does not give: a gate must wait, and nothing may crash."""

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from rollout.gates import Gate, Kind, Verdict
from rollout.measures import Look, Measures
from rollout.prometheus import NoMetricsError, Prometheus

from llm_platform.serving.routes import Variant

GATE = Gate("errors", Kind.RATIO, {"bad": "b{$labels}", "total": "t{$labels}"}, 0.01)
SCORE = Gate("score", Kind.VALUE, {"value": "avg(q{$labels})"}, 0.5, more_is_better=True)
LOOK = Look(since=100.0, now=110.0, last=True, baseline={"errors": 0.2})


class Answering(ThreadingHTTPServer):
    status = 200
    body = b"{}"


class Pages(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """The same answer to every question."""
        self.rfile.read(int(self.headers["Content-Length"]))
        server = cast("Answering", self.server)
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Answering]:
    running = Answering(("127.0.0.1", 0), Pages)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def prometheus(server: Answering) -> Prometheus:
    return Prometheus(f"http://127.0.0.1:{server.server_address[1]}/")


def vector(*values: str) -> bytes:
    result: list[Any] = [{"metric": {}, "value": [1.0, value]} for value in values]
    return json.dumps({"data": {"resultType": "vector", "result": result}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, b'{"error": "parse error"}', "Prometheus: parse error"),
        (503, b"down", "HTTP status 503"),
        (200, b"<html>", "does not answer"),
        (200, b"[]", "is no Prometheus"),
        (200, vector("1"), "gave a vector, not a matrix"),
    ],
)
def test_what_is_no_answer_is_told(server: Answering, status: int, body: bytes, told: str) -> None:
    server.status, server.body = status, body
    with pytest.raises(NoMetricsError, match=told):
        prometheus(server).samples("x", 10, 110)

    (reading,) = Measures(prometheus(server), [GATE], "chat", "a").look(LOOK).readings
    assert reading.verdict is Verdict.WAITING
    assert told in reading.why
    assert reading.stable == 0.2, "what is known of stable is kept"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (vector(), Verdict.WAITING),
        (vector("NaN"), Verdict.WAITING),
        (vector("0.9", "0.1"), Verdict.WAITING),
        (vector("0.9"), Verdict.PASSED),
        (b'{"data": {"resultType": "scalar", "result": [1.0, "0.9"]}}', Verdict.PASSED),
    ],
    ids=["none", "no number", "several", "one", "a scalar"],
)
def test_a_score_is_one_number(server: Answering, body: bytes, verdict: Verdict) -> None:
    server.body = body
    (reading,) = Measures(prometheus(server), [SCORE], "chat", "a").look(LOOK).readings
    assert reading.verdict is verdict


class Clocks:
    """A Prometheus that knows when it last read the series of some selectors."""

    def __init__(self, read: dict[str, float]) -> None:
        self.read = read
        self.asked: list[str] = []

    def value(self, expression: str, now: float) -> float | None:
        assert now == 110
        selector = expression.removeprefix("min(timestamp(").removesuffix("))")
        self.asked.append(selector)
        return self.read.get(selector.partition("{")[0])


@pytest.mark.parametrize(
    ("read", "seen"),
    [
        ({}, True),
        ({"b": 101.0, "t": 101.0, "q": 90.0}, True),
        ({"t": 101.0}, True),
        ({"t": 100.0}, False),
        ({"b": 99.0, "t": 101.0}, False),
        ({"t": math.nan}, False),
    ],
    ids=["no series", "all", "no bad ones yet", "not since", "one is late", "no number"],
)
def test_whether_a_scrape_has_seen_every_counter(read: dict[str, float], *, seen: bool) -> None:
    clocks = Clocks(read)
    measures = Measures(cast("Prometheus", clocks), [GATE, GATE, SCORE], "chat", "a")
    assert measures.have_seen(Variant.CANDIDATE, 100.0, 110.0) is seen
    labels = 'namespace="a",service="chat",variant="candidate"'
    assert clocks.asked == [f"b{{{labels}}}", f"t{{{labels}}}"], "each once, and no score"


def test_nobody_there() -> None:
    measures = Measures(Prometheus("http://127.0.0.1:1"), [GATE], "chat", "a")
    (reading,) = measures.look(LOOK).readings
    assert reading.verdict is Verdict.WAITING
    assert "does not answer" in reading.why
