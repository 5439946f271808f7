"""Triton's side: its errors in the gateway's words, its tensors, dead models."""

import asyncio
import json
import struct
from typing import Any

import grpc
import pytest
from gateway.contract import Generation, Piece, Sampling, TokenLogprob
from gateway.errors import (
    DeadlineError,
    GatewayError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    TooLargeError,
    UnavailableError,
)
from gateway.upstream import failures, http, messages, repairs, tensors
from grpc import StatusCode


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        (StatusCode.INVALID_ARGUMENT, "bad", InvalidRequestError),
        (StatusCode.UNIMPLEMENTED, "decoupled", InvalidRequestError),
        (StatusCode.NOT_FOUND, "unknown model: 'm' version 7 is not found", NotFoundError),
        (StatusCode.NOT_FOUND, "unknown model: 'm' is not found", UnavailableError),
        (StatusCode.RESOURCE_EXHAUSTED, "message larger than max", TooLargeError),
        (StatusCode.DEADLINE_EXCEEDED, "", DeadlineError),
        (StatusCode.UNAVAILABLE, "Exceeds maximum queue size", OverloadedError),
        (StatusCode.UNAVAILABLE, "Request timeout expired", OverloadedError),
        (StatusCode.UNAVAILABLE, "32 requests are in work or wait; try again", OverloadedError),
        (StatusCode.UNAVAILABLE, "failed to connect to all addresses", UnavailableError),
        (StatusCode.INTERNAL, "Stub process 'm_0_0' is not healthy.", UnavailableError),
        (StatusCode.INTERNAL, "Received RST_STREAM with error code 2", UnavailableError),
        (StatusCode.INTERNAL, "KeyError: 'my secret prompt'", GatewayError),
    ],
)
def test_what_triton_says(code: StatusCode, details: str, kind: type[GatewayError]) -> None:
    error = failures.from_code(code, details, "m")

    assert type(error) is kind
    assert "secret" not in error.message
    if kind in (OverloadedError, UnavailableError):
        assert error.retry_after


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":"bad"}', InvalidRequestError),
        (400, b"<html>", InvalidRequestError),
        (404, b'{"error":"m version 7"}', NotFoundError),
        (413, b"", TooLargeError),
        (429, b"[]", OverloadedError),
        (503, b'{"error":"Exceeds maximum queue size"}', OverloadedError),
        (503, b"", UnavailableError),
        (500, b'{"error":"boom"}', GatewayError),
    ],
)
def test_what_triton_says_over_http(status: int, body: bytes, kind: type[GatewayError]) -> None:
    assert type(http.refusal(status, body, "m")) is kind


def test_only_what_was_never_sent_is_tried_again() -> None:
    def error(code: StatusCode, details: str) -> grpc.aio.AioRpcError:
        return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)

    refused = "failed to connect to all addresses; last error: Connection refused"
    assert failures.never_sent(error(StatusCode.UNAVAILABLE, refused))
    assert not failures.never_sent(error(StatusCode.UNAVAILABLE, "Socket closed"))
    assert not failures.never_sent(error(StatusCode.INTERNAL, refused))


def test_dead_models_are_named() -> None:
    said = "in ensemble 'minilm', Stub process 'minilm_tokenizer_0_0' is not healthy."
    assert failures.dead_model(said) == "minilm_tokenizer"
    assert not failures.dead_model("Exceeds maximum queue size")


def test_a_dead_model_is_loaded_anew_once() -> None:
    loaded: list[str] = []

    async def reload(model: str) -> None:
        loaded.append(model)
        if model == "broken":
            raise UnavailableError("no")

    async def scenario() -> None:
        said = "Stub process '{}_0_0' is not healthy."
        on = repairs.Repairs(reload, enabled=True)
        for model in ("m", "m", "broken", "other"):
            on.failed(said.format(model))
        on.failed("something else")
        repairs.Repairs(reload, enabled=False).failed(said.format("never"))
        await asyncio.sleep(0.01)

    asyncio.run(scenario())
    assert loaded == ["m", "broken", "other"]


def test_the_request_of_an_answer() -> None:
    sampling = Sampling(
        max_tokens=5, temperature=0.0, stop=("a",), logprobs=2, json_schema={"type": "object"}
    )

    request = tensors.generation_request("m", "id", Generation("Grüße", sampling))

    raw = {
        each.name: content
        for each, content in zip(request.inputs, request.raw_input_contents, strict=True)
    }
    assert list(tensors.unpack_texts(raw["text_input"])) == ["Grüße"]
    (parameters,) = tensors.unpack_texts(raw["sampling_parameters"])
    assert json.loads(parameters) == {
        "max_tokens": 5,
        "temperature": 0.0,
        "stop": ["a"],
        "logprobs": 2,
        "structured_outputs": '{"json": {"type": "object"}}',
    }
    assert raw["stream"] == raw["return_logprobs"] == b"\1"


def answer(**outputs: bytes) -> Any:
    response = messages.ModelInferResponse()
    for name, raw in outputs.items():
        response.outputs.add(name=name)
        response.raw_output_contents.append(raw)
    return response


def test_pieces() -> None:
    logprobs = [
        {
            "5": {"logprob": -1.5, "rank": 2, "decoded_token": "b"},
            "6": {"logprob": -0.5, "rank": 1, "decoded_token": "a"},
        }
    ]
    response = answer(
        text_output=tensors.pack_texts(["b"]),
        finish_reason=tensors.pack_texts(["None"]),
        num_input_tokens=struct.pack("<I", 3),
        num_output_tokens=struct.pack("<I", 1),
        logprobs=tensors.pack_texts([json.dumps(logprobs)]),
    )

    assert tensors.piece(response) == Piece(
        "b", "", 3, 1, (TokenLogprob("b", -1.5, (("a", -0.5), ("b", -1.5))),)
    )
    assert tensors.piece(answer()) is None
    end = answer(text_output=b"", finish_reason=tensors.pack_texts(["stop"]))
    assert tensors.piece(end) == Piece("", "stop")


def test_embeddings() -> None:
    response = messages.ModelInferResponse()
    response.outputs.add(name="tokens", shape=[2, 1])
    response.outputs.add(name="embedding", shape=[2, 3])
    response.raw_output_contents.append(struct.pack("<2i", 4, 5))
    response.raw_output_contents.append(struct.pack("<6f", 1, 2, 3, 4, 5, 6))

    found = tensors.embeddings(response)

    assert found.vectors == [[1, 2, 3], [4, 5, 6]]
    assert found.tokens == 9
    with pytest.raises(ValueError, match="missing"):
        tensors.embeddings(answer(text_output=b""))
