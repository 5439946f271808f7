"""Requests: every problem is named with its path, and nothing breaks the reader."""

import json
from contextlib import suppress
from typing import Any

import pytest
from gateway.errors import InvalidRequestError
from gateway.openai.reading import parse
from gateway.openai.schemas_chat import ChatRequest
from gateway.openai.schemas_completion import CompletionRequest
from gateway.openai.schemas_embedding import EmbeddingRequest
from hypothesis import given, settings
from hypothesis import strategies as st

USER = {"role": "user", "content": "Hi"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def refused(body: Any, model: Any = ChatRequest) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        parse(body if isinstance(body, bytes) else json.dumps(body).encode(), model)
    return caught.value


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER], **fields}


@pytest.mark.parametrize(
    ("fields", "code", "param", "words"),
    [
        ({"messages": []}, "invalid_value", "messages", "at least 1 item"),
        ({"messages": [{"role": "user"}]}, "missing_parameter", "messages[0].content", "missing"),
        ({"messages": [USER, {"role": "x"}]}, "invalid_value", "messages[1]", "role must be one"),
        ({"messages": [USER, 7]}, "invalid_value", "messages[1]", "should be an object"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "text": "x"}]}]},
            "invalid_value",
            "messages[0].content[0].type",
            "'text'",
        ),
        ({"messages": [{"role": "user", "content": "a\0"}]}, "invalid_value", None, "NUL"),
        ({"temperature": "hot"}, "invalid_value", "temperature", "number"),
        ({"temperature": 2.5}, "invalid_value", "temperature", "less than or equal to 2"),
        ({"max_tokens": True}, "invalid_value", "max_tokens", "integer"),
        ({"max_tokens": 10**40}, "invalid_value", "max_tokens", "less than or equal"),
        ({"seed": 2**63}, "invalid_value", "seed", "less than or equal"),
        ({"stop": ["a"] * 5}, "invalid_value", "stop", "at most 4"),
        ({"stop": ""}, "invalid_value", "stop", "at least 1"),
        ({"n": 2}, "unsupported_parameter", "n", "1"),
        ({"logit_bias": {"50256": -100}}, "unsupported_parameter", "logit_bias", "at most 0"),
        ({"functions": []}, "unsupported_parameter", "functions", "not supported"),
        ({"reasoning_effort": "high"}, "unsupported_parameter", "reasoning_effort", "none"),
        ({"store": True}, "unsupported_parameter", "store", "False"),
        ({"colour": 1}, "unknown_parameter", "colour", "not known"),
        ({"top_logprobs": 2}, "invalid_value", "top_logprobs", "needs logprobs"),
        ({"stream_options": {}}, "invalid_value", "stream_options", "needs stream"),
        ({"tool_choice": "required"}, "invalid_value", "tool_choice", "needs tools"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "invalid_value", "max_tokens", "differ"),
    ],
)
def test_problems_have_a_path(fields: Any, code: str, param: str | None, words: str) -> None:
    error = refused(chat(**fields))
    assert error.code == code
    assert error.param == (param if param is not None else "messages[0].content")
    assert words in error.message


def test_all_problems_are_named() -> None:
    error = refused(chat(temperature=9, n=3, colour=1, messages=[{"role": "user"}]))
    for path in ("temperature", "n:", "colour", "messages[0].content"):
        assert path in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"\xff\xfe",
        b'{"model": "\\ud800"}',
        b'{"model": "m", "messages": ' + b"[" * 100_000,
        b'{"model": "m", "seed": 1' + b"0" * 5000 + b"}",
    ],
)
def test_what_is_no_json(body: bytes) -> None:
    assert refused(body).code == "invalid_json"


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"text"'])
def test_what_is_no_object(body: bytes) -> None:
    assert "object" in refused(body).message


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2]]])
def test_tokens_are_refused_in_clear_words(tokens: Any) -> None:
    error = refused({"model": "m", "input": tokens}, EmbeddingRequest)
    assert (error.param, "lists of tokens are not supported" in error.message) == ("input", True)
    error = refused({"model": "m", "prompt": tokens}, CompletionRequest)
    assert (error.param, "lists of tokens are not supported" in error.message) == ("prompt", True)


def test_what_clients_send_is_accepted() -> None:
    request = parse(
        json.dumps(
            chat(
                user="u",
                metadata={"a": "b"},
                service_tier="auto",
                n=1,
                logit_bias={},
                store=False,
                modalities=["text"],
                temperature=1,
                stop=None,
                tools=[],
                parallel_tool_calls=True,
                prompt_cache_key="k",
            )
        ).encode(),
        ChatRequest,
    )
    assert request.temperature == 1


@settings(max_examples=60, deadline=None)
@given(fields=st.dictionaries(st.sampled_from(sorted(ChatRequest.model_fields)), JSON))
def test_any_json_is_read_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps({"model": "m", "messages": [USER], **fields}).encode()
    with suppress(InvalidRequestError):
        assert parse(body, ChatRequest).model == fields.get("model", "m")


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    refused(body)
