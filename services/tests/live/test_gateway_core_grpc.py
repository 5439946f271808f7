"""The Open Inference Protocol over gRPC through the gateway, on the real Triton."""

import struct
from collections.abc import Generator, Iterator
from typing import Any

import grpc
import lab
import pytest
from core_support import MEGABYTE, MODELS
from gateway.contract import Generation, Sampling
from gateway.upstream import messages, tensors
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(triton: lab.Triton) -> Generator[lab.Gateway]:
    lab.load(triton, "synthetic")
    with lab.gateway(triton, models=MODELS) as running:
        yield running


@pytest.fixture(scope="module")
def channel(server: lab.Gateway) -> Iterator[Any]:
    options = [("grpc.max_send_message_length", 64 * MEGABYTE)]
    with grpc.insecure_channel(server.grpc, options) as opened:
        yield opened


def call(channel: Any, method: str, request: Any, kind: Any, **named: Any) -> Any:
    path = method if "/" in method else f"/{messages.SERVICE}/{method}"
    raw = request if isinstance(request, bytes) else request.SerializeToString()
    return kind.FromString(channel.unary_unary(path)(raw, timeout=30, **named))


def stream(channel: Any, *requests: Any, **named: Any) -> list[Any]:
    method = channel.stream_stream(f"/{messages.SERVICE}/ModelStreamInfer")
    sent = iter([each.SerializeToString() for each in requests])
    kind = messages.ModelStreamInferResponse
    return [kind.FromString(raw) for raw in method(sent, timeout=60, **named)]


def number(model: str = "numbers", value: float = 2.5, **named: Any) -> Any:
    request = messages.ModelInferRequest(model_name=model, **named)
    request.inputs.add(name="value", datatype="FP32", shape=[1, 1])
    request.raw_input_contents.append(struct.pack("<f", value))
    return request


def test_grpc_unary(channel: Any) -> None:
    assert call(
        channel, "ServerLive", messages.ServerLiveRequest(), messages.ServerLiveResponse
    ).live
    assert call(
        channel, "ServerReady", messages.ServerReadyRequest(), messages.ServerReadyResponse
    ).ready
    assert call(
        channel,
        "ModelReady",
        messages.ModelReadyRequest(name="numbers"),
        messages.ModelReadyResponse,
    ).ready
    named = call(
        channel,
        "ServerMetadata",
        messages.ServerMetadataRequest(),
        messages.ServerMetadataResponse,
    )
    assert named.name == "llm-platform-gateway"
    model = call(
        channel,
        "ModelMetadata",
        messages.ModelMetadataRequest(name="numbers"),
        messages.ModelMetadataResponse,
    )
    assert [each.name for each in model.inputs] == ["value"]
    answer = call(channel, "ModelInfer", number(id="seven"), messages.ModelInferResponse)
    assert (answer.model_name, answer.id) == ("numbers", "seven")
    assert answer.raw_output_contents[0] == struct.pack("<f", 2.5)


def test_grpc_stream(channel: Any) -> None:
    generation = Generation("The sky is", Sampling(max_tokens=5, temperature=0.0))
    chat = tensors.generation_request("smollm2", "chat", generation)
    wrong = messages.ModelInferRequest(model_name="nobody", id="wrong")

    answers = stream(channel, chat, wrong, number(id="number"))

    by_id: dict[str, list[Any]] = {}
    for answer in answers:
        by_id.setdefault(answer.infer_response.id, []).append(answer)
    assert len(by_id["chat"]) > 3
    pieces = [tensors.piece(each.infer_response) for each in by_id["chat"]]
    assert [piece.finish_reason for piece in pieces if piece and piece.finish_reason] == ["length"]
    assert "nobody" in by_id["wrong"][0].error_message
    assert by_id["number"][0].infer_response.raw_output_contents[0] == struct.pack("<f", 2.5)


def test_a_strict_stream_ends_with_the_status(channel: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stream(channel, number("nobody"), metadata=(("triton_grpc_error", "true"),))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_grpc_health_and_reflection(channel: Any) -> None:
    health = call(
        channel,
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest(service=messages.SERVICE),
        health_pb2.HealthCheckResponse,
    )
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=messages.SERVICE)
    method = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    (raw,) = method(iter([asked.SerializeToString()]), timeout=30)
    found = reflection_pb2.ServerReflectionResponse.FromString(raw)
    (file,) = found.file_descriptor_response.file_descriptor_proto
    assert b"ModelStreamInfer" in file


def grpc_request(**changes: Any) -> Any:
    request = number()
    for name, value in changes.items():
        if name in ("model_name", "model_version"):
            setattr(request, name, value)
        elif name == "shape":
            request.inputs[0].shape[:] = value
        elif name == "raw":
            request.raw_input_contents[:] = value
        else:
            setattr(request.inputs[0], name, value)
    return request


BAD_GRPC: dict[str, tuple[Any, grpc.StatusCode, str]] = {
    "no message": (b"\xff" * 8, grpc.StatusCode.INVALID_ARGUMENT, "not a ModelInferRequest"),
    "empty": (b"", grpc.StatusCode.NOT_FOUND, "does not exist"),
    "no model": (grpc_request(model_name="x"), grpc.StatusCode.NOT_FOUND, "does not exist"),
    "version": (grpc_request(model_version="9"), grpc.StatusCode.NOT_FOUND, "version 9"),
    "name": (grpc_request(name="x"), grpc.StatusCode.INVALID_ARGUMENT, "it has value"),
    "type": (grpc_request(datatype="x"), grpc.StatusCode.INVALID_ARGUMENT, "takes FP32"),
    "shape": (grpc_request(shape=[1]), grpc.StatusCode.INVALID_ARGUMENT, "takes [1..32, 1]"),
    "negative": (grpc_request(shape=[-1, 1]), grpc.StatusCode.INVALID_ARGUMENT, "takes [1..32"),
    "short": (grpc_request(raw=[b"xx"]), grpc.StatusCode.INVALID_ARGUMENT, "are 4 bytes, not 2"),
    "no data": (grpc_request(raw=[]), grpc.StatusCode.INVALID_ARGUMENT, "has 0 elements"),
    "more data": (grpc_request(raw=[b"", b""]), grpc.StatusCode.INVALID_ARGUMENT, "has 2 tensors"),
    "decoupled": (
        tensors.generation_request("smollm2", "", Generation("x", Sampling(max_tokens=1))),
        grpc.StatusCode.INVALID_ARGUMENT,
        "ModelStreamInfer",
    ),
}


@pytest.mark.parametrize("case", BAD_GRPC)
def test_bad_input_over_grpc(channel: Any, case: str) -> None:
    request, code, said = BAD_GRPC[case]
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", request, messages.ModelInferResponse)
    assert (caught.value.code(), said in str(caught.value.details())) == (code, True), caught.value


def test_a_huge_message_over_grpc(channel: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", b"x" * 10 * MEGABYTE, messages.ModelInferResponse)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


TEXT = st.text(max_size=12)
WORDS = st.one_of(TEXT, st.sampled_from(["numbers", "minilm", "smollm2", "value", "text"]))
TYPES = st.one_of(TEXT, st.sampled_from(["FP32", "BYTES", "BOOL", "INT64"]))
SIZES = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@st.composite
def requests(draw: st.DrawFn) -> Any:
    request = messages.ModelInferRequest(
        model_name=draw(WORDS),
        model_version=draw(st.sampled_from(["", "1", "0", "x"])),
        id=draw(TEXT),
    )
    for _ in range(draw(st.integers(0, 3))):
        tensor = request.inputs.add(
            name=draw(WORDS),
            datatype=draw(TYPES),
            shape=draw(st.lists(st.one_of(st.integers(-1, 3), SIZES), max_size=4)),
        )
        contents = tensor.contents
        contents.fp32_contents.extend(draw(st.lists(st.floats(width=32), max_size=3)))
        contents.bytes_contents.extend(draw(st.lists(st.binary(max_size=8), max_size=2)))
    request.raw_input_contents.extend(draw(st.lists(st.binary(max_size=12), max_size=3)))
    for name in draw(st.lists(TEXT, max_size=2)):
        request.parameters[name].int64_param = draw(SIZES)
    return request.SerializeToString()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(
        ["ModelInfer", "ModelMetadata", "ModelReady", "ServerReady", "/grpc.health.v1.Health/Check"]
    ),
    raw=st.one_of(st.binary(max_size=64), requests()),
)
def test_random_messages_are_never_an_inner_error(channel: Any, method: str, raw: bytes) -> None:
    path = method if "/" in method else f"/{messages.SERVICE}/{method}"
    allowed = {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
    try:
        _, made = channel.unary_unary(path).with_call(raw, timeout=30)
        code = made.code()
    except grpc.RpcError as error:
        code = error.code()
    assert code in allowed
    if method == "ModelInfer":
        for answer in stream_raw(channel, raw):
            assert answer.error_message or answer.infer_response.outputs


def stream_raw(channel: Any, raw: bytes) -> list[Any]:
    method = channel.stream_stream(f"/{messages.SERVICE}/ModelStreamInfer")
    kind = messages.ModelStreamInferResponse
    return [kind.FromString(answer) for answer in method(iter([raw]), timeout=30)]
