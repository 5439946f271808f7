"""Server-sent events in whatever pieces they come, and what a person sees of an answer."""

import http.server
import itertools
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import Console

from infra.cli import chat
from infra.cli.chat import Answer, Settings, deltas, printable
from infra.cli.http_api import Refusal, Server
from infra.cli.sse import (
    LONGEST_EVENT,
    ChatDelta,
    EventReader,
    StreamError,
    error_message,
    parse_chunk,
)
from llm_platform.problems import InvalidInputsError
from local.errors import LocalCloudError

EVENTS = ['{"a": "zażółć 😀"}', "two\nlines", "[DONE]"]
STREAM = (
    ": a comment\r\n"
    'event: x\r\ndata: {"a": "zażółć 😀"}\r\n\r\n'
    "id: 1\ndata:two\ndata: lines\n\n\n"
    "retry: 5\n\n"
    "data: [DONE]\r\r"
).encode()


def read(pieces: list[bytes]) -> list[str]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_events_in_one_piece() -> None:
    assert read([STREAM]) == EVENTS


def test_events_cut_at_every_place() -> None:
    for cut in range(len(STREAM) + 1):
        assert read([STREAM[:cut], STREAM[cut:]]) == EVENTS


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_events_in_small_pieces_with_empty_ones_between(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert read([each for piece in pieces for each in (piece, b"")]) == EVENTS


def test_an_event_that_does_not_end_is_not_given() -> None:
    assert read([b"data: half"]) == []


def test_a_stream_that_is_none() -> None:
    with pytest.raises(StreamError, match="no text"):
        read([b"data: \xff\n\n"])
    with pytest.raises(StreamError, match="without end"):
        read([b"data: " + b"x" * LONGEST_EVENT])


def test_chunks() -> None:
    piece = {"choices": [{"delta": {"content": "hi"}, "finish_reason": None}], "usage": None}
    assert parse_chunk(json.dumps(piece)) == ChatDelta("hi")
    last = '{"choices": [{"delta": {}, "finish_reason": "length"}]}'
    assert parse_chunk(last) == ChatDelta("", "length")
    usage: Any = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    assert parse_chunk(json.dumps(usage)) == ChatDelta("", "", 3, 4)
    calls = '{"choices": [{"delta": {"role": "assistant", "content": null, "tool_calls": []}}]}'
    assert parse_chunk(calls) == ChatDelta()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"choices": [7]}', '{"choices": "x"}'])
def test_chunks_that_are_none(text: str) -> None:
    with pytest.raises(StreamError):
        parse_chunk(text)


def test_an_error_in_the_middle_of_a_stream() -> None:
    with pytest.raises(StreamError, match="a guard stopped it"):
        parse_chunk('{"error": {"message": "a guard stopped it", "code": "content_blocked"}}')


def test_error_messages_of_both_forms() -> None:
    assert error_message({"error": {"message": "m"}}) == "m"
    assert error_message({"error": "m"}) == "m"
    others: list[Any] = [None, [], {}, {"error": 7}, {"error": {}}]
    assert [error_message(each) for each in others] == [""] * 5


def test_the_request() -> None:
    said = [{"role": "user", "content": "hi"}]
    body = Settings("m", system="be short", max_tokens=5, temperature=0.0).body(said)
    assert body["messages"] == [{"role": "system", "content": "be short"}, *said]
    assert (body["max_tokens"], body["temperature"], body["stream"]) == (5, 0.0, True)
    assert not {"max_tokens", "temperature"} & Settings("m").body(said).keys()


def test_statistics() -> None:
    answer = Answer()
    assert answer.statistics() == "no text came"
    answer.take(ChatDelta())
    assert answer.first_seconds is None
    answer.take(ChatDelta("a"))
    answer.take(ChatDelta("b", "stop"))
    answer.take(ChatDelta("", "", 7, 11))
    answer.first_seconds, answer.last_seconds = 0.5, 2.5
    assert answer.text == "ab"
    assert answer.statistics() == (
        "first token after 0.50 s, 5.0 tokens/s, 7 tokens in, 11 out, 2.50 s in all"
    )


def test_a_model_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\r\tc\nż\x07") == "a[2Jb\tc\nż"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    status = 200
    body = b""
    headers_out: dict[str, str] = {}  # noqa: RUF012 - set anew for every server
    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append({"path": self.path, "key": self.headers["Authorization"]})
        assert json.loads(data)["stream"] is True
        self.send_response(self.status)
        for name, value in self.headers_out.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
        del format, args


@contextmanager
def answering(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Generator[tuple[Server, list[dict[str, Any]]]]:
    """A server that says one thing: what a client makes of odd answers of strangers."""
    asked: list[dict[str, Any]] = []
    kind = type(
        "Handler",
        (_Handler,),
        {"body": body, "status": status, "headers_out": headers or {}, "asked": asked},
    )
    server = http.server.HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}/base", "llmp_a_b"), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(server: Server) -> list[ChatDelta]:
    return list(deltas(server, Settings("m").body([])))


def chunk(text: str) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n".encode()


def test_an_answer_goes_to_the_path_and_with_the_key() -> None:
    with answering(chunk("a") + chunk("b") + b"data: [DONE]\n\n") as (server, asked):
        assert [each.text for each in ask(server)] == ["a", "b"]
    assert asked == [{"path": "/base/v1/chat/completions", "key": "Bearer llmp_a_b"}]


def test_an_answer_that_breaks_off() -> None:
    with answering(chunk("a")) as (server, _), pytest.raises(StreamError, match="broke off"):
        ask(server)


@pytest.mark.parametrize(
    ("status", "body", "words", "code"),
    [
        (404, b'{"error": {"message": "no such model"}}', "no such model (404)", 2),
        (429, b'{"error": {"message": "busy"}}', "busy (429)", 1),
        (503, b"<html>", "503 Service Unavailable (503)", 1),
    ],
)
def test_refusals(
    status: int, body: bytes, words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(body, status, {"Retry-After": "3"}) as (server, _):
        with pytest.raises(Refusal) as caught:
            ask(server)
        assert str(caught.value) == words
        assert chat.chat(server, Settings("m"), "hi") == code
    assert "Try again in 3 s." in capsys.readouterr().err


def test_the_answer_is_on_standard_output_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(chunk("Hel") + chunk("lo") + b"data: [DONE]\n\n") as (server, _):
        assert chat.chat(server, Settings("m", stats=True), "hi") == 0
    out, err = capsys.readouterr()
    assert out == "Hello\n"
    assert "first token after" in err


def test_what_came_before_it_failed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    failed = b'data: {"error": {"message": "it died"}}\n\n'
    with answering(chunk("Hel") + failed) as (server, _):
        assert chat.chat(server, Settings("m"), "hi") == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("Hel\n", "it died\n")


def test_no_server_at_all() -> None:
    with pytest.raises(LocalCloudError) as caught:
        ask(Server("http://127.0.0.1:9"))
    assert "nothing answers" in caught.value.what
    assert "make serve" in caught.value.hint


@pytest.mark.parametrize(
    "url", ["", "localhost:80", "ftp://x", "http://", "http://x:y", "http://x:0"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InvalidInputsError):
        Server(url).check()


def test_a_conversation_keeps_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["one", "", "two", "/new", "three", "/quit"])

    def typed(_prompt: str) -> str:
        return next(lines)

    monkeypatch.setattr("builtins.input", typed)
    turns: list[list[str]] = []
    numbers = itertools.count(1)

    def turn(
        _server: Server, _settings: Settings, messages: list[dict[str, str]], _told: Console
    ) -> tuple[int, str]:
        turns.append([each["content"] for each in messages])
        return 0, f"answer {next(numbers)}"

    monkeypatch.setattr(chat, "_turn", turn)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert chat.chat(Server("http://127.0.0.1:9"), Settings("m"), None) == 0
    assert turns == [["one"], ["one", "answer 1", "two"], ["three"]]
