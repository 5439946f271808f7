"""No prompt and no secret in anything that the gateway tells; nothing that tells holds it up."""

import asyncio
import io
import json
import logging
import logging.config
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gateway.access import FileKeys, KeysSettings
from gateway.access.keyfile import KeyFile, KeyRecord, digest, dump, new_key, now
from gateway.access.keys import ANONYMOUS
from gateway.contract import Call, Kind, Message, Piece, Sampling, ServedModel
from gateway.errors import UnauthenticatedError
from gateway.telemetry import GatewayTelemetry, TelemetrySettings, log_config, make_telemetry
from gateway.telemetry.logs import JsonFormatter, LineWriter, hide
from gateway.telemetry.settings import LogSettings, TraceSettings
from gateway.telemetry.traces import Tracing
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY, generate_latest
from pydantic import ValidationError

PROMPT, ANSWER = "the launch code is tangerine", "tangerine it is"
MODEL = ServedModel(name="m-leaks", triton="m", kind=Kind.CHAT)
GONE = "http://127.0.0.1:9/v1/traces"
"""Nobody listens on the port `discard`."""


def test_nothing_told_holds_a_prompt_or_a_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    public, key = new_key()
    file = tmp_path / "keys.yaml"
    record = KeyRecord(id=public, tenant="acme", hash=digest(key), created=now())
    file.write_bytes(dump(KeyFile(keys=(record,)), file))
    keys = FileKeys(KeysSettings(file=file, check_seconds=60))
    stream, exporter = io.StringIO(), InMemorySpanExporter()
    settings = TelemetrySettings.model_validate({"traces": {"enabled": True}})
    tracing = Tracing(settings.traces, exporter)
    telemetry = GatewayTelemetry(settings, tracing=tracing, stream=stream)

    with caplog.at_level(logging.DEBUG):
        tenant = keys.authenticate(f"Bearer {key}")
        asked = Call("r1", "chat", tenant, MODEL, time.monotonic(), time.monotonic() + 60)
        watch = telemetry.begin(asked)
        stop = Sampling(max_tokens=3)
        watch.asked([Message("system", PROMPT), Message("user", PROMPT)], stop)
        watch.queued(0)
        watch.piece(Piece(ANSWER, output_tokens=3, prompt_tokens=5))
        watch.end(status=200, finish_reason="stop")
        with pytest.raises(UnauthenticatedError) as refused:
            keys.authenticate(f"Bearer {key}x")
        telemetry.refused(request_id="r2", route="chat", status=401, code=refused.value.code)
        file.write_text(f"keys: [{{id: {key}, note: {PROMPT!r}}}]")
        keys.refresh()
    asyncio.run(telemetry.close())

    spans = "\n".join(span.to_json() for span in exporter.get_finished_spans())
    told = {
        "log of requests": stream.getvalue(),
        "metrics": generate_latest(REGISTRY).decode(),
        "traces": spans,
        "other logs": caplog.text,
        "error": str(refused.value) + refused.value.message,
    }
    assert "gen_ai.usage.output_tokens" in spans
    assert "the old keys stay" in caplog.text
    for name, text in told.items():
        for secret in (key.split("_")[2], "tangerine", record.hash.removeprefix("sha256:")):
            assert secret not in text, name
    assert public in told["log of requests"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key llmp_abcDEF123456_s3cretS3cret is", "key llmp_abcDEF123456_[hidden] is"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [hidden]"),
        ("{'authorization': 'basic dXNlcjpwdw=='}", "{'authorization': 'basic [hidden]'}"),
        ("redis://user:pass@host:6379/0", "redis://user:[hidden]@host:6379/0"),
        ("https://host/path?x=1", "https://host/path?x=1"),
    ],
)
def test_secrets_that_slip_into_other_logs_are_hidden(text: str, shown: str) -> None:
    assert hide(text) == shown


def test_other_logs_are_json_without_secrets() -> None:
    try:
        raise ValueError("cannot reach redis://user:pass@host")
    except ValueError:
        record = logging.LogRecord(
            "gateway.x", logging.ERROR, __file__, 1, "with %s", ("Bearer abc",), sys.exc_info()
        )
    line = json.loads(JsonFormatter().format(record))
    assert (line["level"], line["logger"]) == ("error", "gateway.x")
    assert line["message"] == "with Bearer [hidden]"
    assert "user:[hidden]@host" in line["exception"]


def test_the_configuration_of_logs_is_one_that_logging_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("", "kserve", "kserve.trace", "uvicorn", "uvicorn.access")
    before = [
        (logging.getLogger(name).handlers[:], logging.getLogger(name).level) for name in names
    ]
    try:
        logging.config.dictConfig(log_config(LogSettings()))
        logging.getLogger("kserve").info("up")
        logging.getLogger("gateway.access.keys").warning("told")
        logging.getLogger("uvicorn.access").info("GET /secret?key=1")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        for name, (handlers, level) in zip(names, before, strict=True):
            logging.getLogger(name).handlers[:] = handlers
            logging.getLogger(name).setLevel(level)
    assert [(line["logger"], line["message"]) for line in lines] == [
        ("kserve", "up"),
        ("gateway.access.keys", "told"),
    ]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"llm_gateway_{name}", labels) or 0.0


def test_a_reader_that_does_not_read_holds_nothing_up() -> None:
    reading, writing = os.pipe()
    before = value("log_lines_dropped_total")
    stream = os.fdopen(writing, "w")
    writer = LineWriter(stream, most=100)
    for _ in range(5_000):
        writer.put("x" * 200)
    assert value("log_lines_dropped_total") > before
    os.close(reading)
    writer.close(10)
    with suppress(BrokenPipeError):
        stream.close()


def test_all_lines_are_written_in_order() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream, most=100_000)
    for number in range(5_000):
        writer.put(str(number))
    writer.close(10)
    assert stream.getvalue().splitlines() == [str(number) for number in range(5_000)]


def test_a_dead_collector_costs_nothing_but_its_spans() -> None:
    failed, ended = value("spans_total", outcome="failed"), value("spans_total", outcome="ended")
    settings = TelemetrySettings.model_validate(
        {
            "logs": {"level": "error"},
            "traces": {
                "enabled": True,
                "endpoint": GONE,
                "queue": 50,
                "batch": 10,
                "delay_seconds": 0.01,
                "timeout_seconds": 0.1,
                "close_seconds": 20,
            },
        }
    )
    telemetry = make_telemetry(settings)
    for _ in range(200):
        asked = Call("r", "chat", ANONYMOUS, MODEL, time.monotonic(), time.monotonic() + 60)
        watch = telemetry.begin(asked)
        watch.queued(0)
        watch.end(status=200)
    asyncio.run(telemetry.close())
    assert value("spans_total", outcome="ended") == ended + 400
    assert value("spans_total", outcome="failed") > failed


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"endpoint": "collector:4318"}, "must be http"),
        ({"endpoint": "http://user:pw@collector/v1/traces"}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"queue": 10, "batch": 20}, "must not be larger than queue"),
        ({"sample": 1.5}, "less than or equal to 1"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TraceSettings.model_validate(settings)
