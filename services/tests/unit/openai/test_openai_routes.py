"""Routes: who may ask, errors in OpenAI's form, embeddings, models, and the document of it all."""

import asyncio
import base64
import json
import struct
from typing import Any

import pytest
from gateway.asgi import ClientGoneError
from gateway.contract import Embeddings
from gateway.errors import (
    BudgetExceededError,
    InvalidRequestError,
    OverloadedError,
    UnavailableError,
)
from gateway.openai.document import FILE, text
from gateway.openai.endpoint import Limits
from gateway.openai.estimate import least_tokens, likely_tokens
from gateway.openai.routes import register
from gateway.openai.schemas_answers import ChatChunk, ChatCompletion, Completion
from gateway.openai.schemas_embedding import EmbeddingList
from openai_lab import Bench, ScriptedUpstream, words
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

CHAT, TEXT, EMBED = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
QUESTION = {"model": "smollm2", "messages": [{"role": "user", "content": "Hi"}]}
BODIES: dict[str, dict[str, Any]] = {
    CHAT: QUESTION,
    TEXT: {"model": "smollm2", "prompt": "Once"},
    EMBED: {"model": "minilm", "input": "text"},
}


@pytest.mark.parametrize("path", [CHAT, TEXT, EMBED, "/v1/models", "/v1/models/smollm2"])
def test_a_key_is_needed(path: str) -> None:
    bench = Bench()
    reply = bench.ask(path, BODIES.get(path), key="bad")
    assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert bench.telemetry.refusals[0][1:] == (401, "invalid_api_key")
    assert bench.telemetry.begun == []


@pytest.mark.parametrize("path", [CHAT, TEXT, EMBED])
def test_the_wrong_model(path: str) -> None:
    bench = Bench()
    unknown = bench.ask(path, {**BODIES[path], "model": "gpt-6"})
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
    assert unknown.error["param"] == "model"
    other = bench.ask(path, {**BODIES[path], "model": "sentiment"})
    assert (other.status, other.error["code"]) == (400, "model_kind")
    narrow = bench.ask(path, {**BODIES[path], "model": "smollm2"}, key="narrow")
    assert (narrow.status, narrow.error["code"]) == (403, "model_not_allowed")


@pytest.mark.parametrize("path", [CHAT, TEXT, EMBED])
def test_bodies_that_are_refused(path: str) -> None:
    bench = Bench(limits=Limits(body_bytes=1000))
    assert bench.ask(path, b"{" * 100).status == 400
    assert bench.ask(path, b"x" * 1001).status == 413
    reply = bench.ask(path, method="GET")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert bench.telemetry.begun == []


def test_when_to_try_again() -> None:
    bench = Bench()
    bench.budgets.refuse = BudgetExceededError("x", retry_after=3599.2)
    later = bench.chat()
    assert later.headers["retry-after"] == "3600"
    assert later.headers["x-should-retry"] == "false"
    assert later.error["type"] == "rate_limit_error"
    bench.budgets.refuse = OverloadedError("x", retry_after=0.2)
    soon = bench.chat()
    assert soon.headers["retry-after"] == "1"
    assert "x-should-retry" not in soon.headers
    bench.budgets.refuse = UnavailableError("x")
    assert (bench.chat().status, bench.chat().error["type"]) == (503, "server_error")


def test_answers_have_the_documented_form() -> None:
    bench = Bench()
    ChatCompletion.model_validate_json(bench.chat().body)
    Completion.model_validate_json(bench.ask(TEXT, BODIES[TEXT]).body)
    EmbeddingList.model_validate_json(bench.ask(EMBED, BODIES[EMBED]).body)
    for event in bench.chat(stream=True, stream_options={"include_usage": True}).events[:-1]:
        ChatChunk.model_validate(event)
    for event in bench.ask(TEXT, {**BODIES[TEXT], "stream": True}).events[:-1]:
        Completion.model_validate(event)


def test_a_streams_first_and_last_chunks() -> None:
    bench = Bench()
    events = bench.chat(stream=True, stream_options={"include_usage": True}).events
    assert events[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["usage"]["total_tokens"] == 10
    assert all(event["usage"] is None for event in events[:-2])
    assert events[-1] == "[DONE]"
    assert "usage" not in bench.chat(stream=True).events[0]


def test_headers_of_a_stream() -> None:
    headers = Bench().chat(stream=True).headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"


def test_parameters_reach_triton() -> None:
    bench = Bench()
    bench.chat(
        max_completion_tokens=5,
        temperature=0.5,
        top_p=0.9,
        top_k=7,
        seed=-1,
        stop="END",
        frequency_penalty=0.1,
        presence_penalty=-0.1,
    )
    sampling = bench.upstream.generations[0].sampling
    assert sampling.max_tokens == 5
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.5, 0.9, 7)
    assert sampling.stop == ("END", "<|im_end|>", "<|endoftext|>")
    assert (sampling.frequency_penalty, sampling.presence_penalty) == (0.1, -0.1)
    assert sampling.seed is not None
    assert 0 <= sampling.seed < 2**32 - 1
    assert bench.budgets.reserved == [likely_tokens(["Hi"]) + 5]


def test_too_long_an_answer_is_refused() -> None:
    reply = Bench().chat(max_tokens=513)
    assert (reply.status, reply.error["param"]) == (400, "max_tokens")
    assert "at most 512" in reply.error["message"]


def test_a_completion_has_no_template() -> None:
    bench = Bench()
    body = {"model": "smollm2", "prompt": ["<|im_start|>raw"]}
    assert bench.ask(TEXT, body).json["choices"][0]["text"] == "Hello there."
    generation = bench.upstream.generations[0]
    assert (generation.prompt, generation.sampling.max_tokens) == ("<|im_start|>raw", 16)


def test_embeddings_both_ways() -> None:
    bench = Bench()
    plain = bench.ask(EMBED, {"model": "minilm", "input": ["a", "b"]}).json
    packed = bench.ask(EMBED, {"model": "minilm", "input": "a", "encoding_format": "base64"}).json
    assert [each["index"] for each in plain["data"]] == [0, 1]
    assert plain["usage"] == {"prompt_tokens": 6, "total_tokens": 6}
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert struct.unpack("<2f", raw) == pytest.approx(plain["data"][0]["embedding"])
    assert bench.budgets.settled == [6, 3]
    assert bench.telemetry.ends == [(200, "", "")] * 2


def test_embeddings_that_fail() -> None:
    class Away(ScriptedUpstream):
        async def embed(self, call: Any, texts: Any) -> Embeddings:
            raise UnavailableError("x")

    bench = Bench(upstream=Away())
    assert bench.ask(EMBED, BODIES[EMBED]).status == 503
    assert bench.budgets.settled == [0]
    assert bench.telemetry.ends == [(503, "unavailable", "")]
    assert bench.admission.gate("minilm").active == 0


def test_a_client_that_leaves_while_texts_are_embedded() -> None:
    class Slow(ScriptedUpstream):
        async def embed(self, call: Any, texts: Any) -> Embeddings:
            await asyncio.Event().wait()
            raise AssertionError

    bench = Bench(upstream=Slow())
    with pytest.raises(ClientGoneError):
        bench.ask(EMBED, BODIES[EMBED], leave_after=0)
    assert bench.telemetry.ends == [(499, "client_closed_request", "")]
    assert bench.budgets.settled == [0]
    assert bench.admission.gate("minilm").active == 0
    late = Bench(upstream=Slow(), limits=Limits(deadline_seconds=0.05))
    assert late.ask(EMBED, BODIES[EMBED]).error["code"] == "deadline_exceeded"
    assert late.telemetry.ends == [(504, "deadline_exceeded", "")]


def test_what_triton_refuses_has_a_path() -> None:
    class Strict(ScriptedUpstream):
        async def embed(self, call: Any, texts: Any) -> Embeddings:
            raise InvalidRequestError("text 0 has 70000 bytes; allowed: 65536")

    assert Bench(upstream=Strict()).ask(EMBED, BODIES[EMBED]).error["param"] == "input"


def test_models() -> None:
    bench = Bench()
    assert [card["id"] for card in bench.ask("/v1/models").json["data"]] == [
        "minilm",
        "sentiment",
        "smollm2",
    ]
    assert [card["id"] for card in bench.ask("/v1/models", key="narrow").json["data"]] == ["minilm"]
    assert bench.ask("/v1/models/smollm2").json["owned_by"] == "llm-platform"
    assert bench.ask("/v1/models/gpt").status == 404
    assert bench.ask("/v1/models/smollm2", key="narrow").status == 403


def test_our_routes_come_before_those_of_the_application() -> None:
    async def theirs(request: Any) -> PlainTextResponse:
        return PlainTextResponse("theirs")

    app = Starlette(
        routes=[
            Route("/v1/models", theirs),
            Route("/openapi.json", theirs),
            Route("/v1/models/{name}:predict", theirs, methods=["POST"]),
        ]
    )
    bench = Bench()
    register(app, bench)
    bench.app = lambda: app
    assert bench.ask("/v1/models").json["object"] == "list"
    assert bench.ask("/openapi.json", key="bad").json["openapi"].startswith("3.1")
    assert bench.ask("/v1/models/x:predict", {}).body == b"theirs"


def test_the_document_is_checked_in() -> None:
    """``python -m gateway.openai.document`` writes it."""
    assert FILE.read_text(encoding="utf-8") == text()
    assert set(json.loads(text())["paths"]) == {
        *BODIES,
        "/v1/models",
        "/v1/models/{model}",
    }


@pytest.mark.parametrize(
    ("written", "least"), [("", 0), ("one two  three", 3), ("x" * 810, 10), ("é" * 405, 10)]
)
def test_least_tokens(written: str, least: int) -> None:
    assert least_tokens(written, 81) == least


def test_pieces_without_text_are_not_written() -> None:
    bench = Bench()
    bench.upstream.script = words("a", "", "b", "")
    assert len(bench.chat(stream=True).writes) == 4
