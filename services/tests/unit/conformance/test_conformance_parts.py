"""What the suite reads: scrapes, descriptions of models, lists of models, events, exit codes."""

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import model_server
import pytest
from conformance import report
from conformance.__main__ import parser
from conformance.bodies import UNKNOWN_MODEL
from conformance.inference import Generate, Tensors
from conformance.openai import OpenAi
from conformance.prometheus import grown, read
from conformance.surfaces import Surface, listed_models, of_description
from conformance.wire import Client
from conformance.words import REQUIREMENTS, met, not_met, not_run

SCRAPE = """\
# HELP http_requests_total All of them
# TYPE http_requests_total counter
http_requests_total{method="post",path="/a\\"b{c}"} 3
http_requests_total{method="get"} 1 1395066363000

# TYPE temperature gauge
temperature -3.5e2
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 4
seconds_sum 8.1
seconds_count 4
gone NaN
"""


PAGE = Path(__file__).resolve().parents[4] / "docs" / "custom-servers.md"


def test_the_page_names_every_requirement_option_and_flaw_count() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in REQUIREMENTS if f"| `{name}` |" not in page] == []
    options = {option for action in parser()._actions for option in action.option_strings} - {
        "-h",
        "--help",
    }
    assert [option for option in sorted(options) if f"**{option}**" not in page] == []
    assert f"breaks one of {len(model_server.FLAWS)}" in page


def test_a_scrape_is_read() -> None:
    assert read(SCRAPE) == {
        'http_requests_total{method="post",path="/a\\"b{c}"}': 3,
        'http_requests_total{method="get"}': 1,
        "seconds_count": 4,
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no sample in it"),
        ("# TYPE a counter\n", "there is no sample in it"),
        ("<html>", "line 1 is no sample: '<html>'"),
        ("a_total 1\nb{c=d} 2", "line 2 is no sample: 'b{c=d} 2'"),
        ("a_total many", "line 1 is no sample: 'a_total many'"),
    ],
)
def test_what_is_no_scrape_is_told(text: str, problem: str) -> None:
    assert read(text) == problem


def test_only_what_requests_move_counts_as_grown() -> None:
    before = {"a_total": 1.0, "b_count": 2.0, "process_cpu_seconds_total": 1.0}
    after = {"a_total": 1.0, "b_count": 3.0, "c_total": 1.0, "process_cpu_seconds_total": 2.0}
    assert grown(before, after) == ["b_count", "c_total"]
    assert grown(after, before) == []


def test_a_description_says_what_a_model_is() -> None:
    text = {"name": "text_input", "datatype": "BYTES", "shape": [1]}
    number = {"name": "value", "datatype": "FP32", "shape": [-1, 2]}
    drawn = {"name": "sampling_parameters", "datatype": "BYTES", "shape": [1]}

    assert of_description("m", {"inputs": [text]}) == Generate("m")
    assert of_description("m", {"inputs": [text, drawn]}) == Generate("m", sampling=True)
    tensors = of_description("m", {"inputs": [number]})
    assert isinstance(tensors, Tensors)
    assert tensors.question(1) == {
        "inputs": [{"name": "value", "datatype": "FP32", "shape": [1, 2], "data": [0, 0]}]
    }
    assert of_description("m", {}) == "the description of m has no list of inputs"
    assert "lacks a name" in str(of_description("m", {"inputs": [{"name": "a"}]}))


def test_lists_of_models_of_both_kinds() -> None:
    assert listed_models({"data": [{"id": "a"}, {"id": "b"}]}) == ["a", "b"]
    assert listed_models({"models": ["a", {"name": "b"}]}) == ["a", "b"]
    assert listed_models({"data": [5, {}]}) == []
    assert listed_models(None) == []


@pytest.mark.parametrize(
    "surface",
    [
        OpenAi("m"),
        Generate("m", sampling=True),
        Generate("m"),
        Tensors("m", [{"name": "v", "datatype": "BYTES", "shape": [-1]}]),
    ],
    ids=["openai", "triton text", "text", "tensors"],
)
def test_no_wrong_body_is_a_good_one(surface: Surface) -> None:
    good = json.dumps(surface.question(1)).encode()
    bodies = dict(surface.wrong())
    assert len(bodies) == len(surface.wrong())
    assert good not in bodies.values()
    assert UNKNOWN_MODEL in str(surface.elsewhere())


def test_an_answer_of_a_chat_is_judged() -> None:
    choice: dict[str, Any] = {"message": {"content": "hi"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    judge = OpenAi("m").problem
    assert judge({"choices": [choice], "usage": usage}) == ""
    assert "content" in judge({"choices": [{}], "usage": usage})
    assert "finish_reason" in judge({"choices": [{**choice, "finish_reason": None}]})
    assert "usage.prompt_tokens" in judge({"choices": [choice]})
    assert "usage.completion_tokens" in judge(
        {"choices": [choice], "usage": {**usage, "completion_tokens": True}}
    )


def test_exit_codes() -> None:
    good, bad, unseen = met("live", ""), not_met("load", ""), not_run("drain-exit", "")
    assert report.exit_code([good]) == 0
    assert report.exit_code([good, bad, unseen]) == 1
    assert report.exit_code([good, unseen]) == 3


@contextmanager
def raw_server(answer: bytes) -> Generator[Client]:
    """A port that says `answer` to one connection, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Client(f"http://127.0.0.1:{listener.getsockname()[1]}/prefix/", {}, 5)
        thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text)


def events(answer: bytes) -> tuple[list[str], str]:
    with raw_server(answer) as client, client.stream("/x", {}) as stream:
        return list(stream.events()), stream.failure


def test_events_however_they_are_cut() -> None:
    whole = b": hello\r\ndata: a\r\n\r\ndata:b\ndata: c\n\nevent: x\ndata: [DONE]\n\n"
    cut = b"".join(chunk(whole[at : at + 3]) for at in range(0, len(whole), 3))
    assert events(HEAD + cut + chunk(b"")) == (["a", "b\nc", "[DONE]"], "")


@pytest.mark.parametrize(
    ("answer", "read_before", "failure"),
    [
        (HEAD + chunk(b"data: a\n\n"), ["a"], "broken off"),
        (HEAD + chunk(b"data: a\n\ndata: b") + chunk(b""), ["a"], "in the middle of an event"),
        (HEAD + b"40\r\ndata: a\n\n", ["a"], "broken off"),
        (b"", [], "no answer"),
    ],
)
def test_streams_that_break(answer: bytes, read_before: list[str], failure: str) -> None:
    read_events, told = events(answer)
    assert read_events == read_before
    assert failure in told


def test_an_answer_that_is_cut_is_no_answer() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as client:
        answer = client.get("/x")
    assert not answer.whole
    assert "broken off" in answer.told()
