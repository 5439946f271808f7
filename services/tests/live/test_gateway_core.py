"""The Open Inference Protocol through the gateway, in all its forms, on the real Triton."""

import http.client
import json
import struct
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import lab
import pytest
from gateway.contract import Generation, Sampling
from gateway.upstream import messages, tensors
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.live

CHAT = {
    "name": "smollm2",
    "kind": "chat",
    "context_tokens": 2048,
    "max_output_tokens": 1024,
    "template": "smollm2",
}
MODELS = [
    CHAT,
    {"name": "minilm", "kind": "embedding", "context_tokens": 256},
    {"name": "numbers", "triton": "synthetic", "kind": "tensor"},
    {"name": "absent", "kind": "tensor"},
]
VALUE = {"name": "value", "datatype": "FP32", "shape": [1, 1], "data": [1.5]}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server(triton: lab.Triton) -> Generator[lab.Gateway]:
    lab.load(triton, "synthetic")
    with lab.gateway(triton, models=MODELS) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: lab.Gateway, path: str, body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def post(server: lab.Gateway, path: str, body: Any) -> Answer:
    return ask(server, path, json.dumps(body).encode())


def test_health_and_metadata(server: lab.Gateway) -> None:
    assert ask(server, "/v2/health/live").json == {"live": True}
    assert ask(server, "/v2/health/ready").json == {"ready": True}
    assert ask(server, "/v2").json["extensions"] == [
        "binary_tensor_data",
        "generate",
        "model_stream_infer",
    ]
    assert ask(server, "/v2/models").json["models"] == ["absent", "minilm", "numbers", "smollm2"]
    described = ask(server, "/v2/models/numbers/versions/1").json
    assert described["name"] == "numbers"
    assert described["inputs"] == [{"name": "value", "datatype": "FP32", "shape": [-1, 1]}]
    assert ask(server, "/v2/models/numbers/ready").json == {"name": "numbers", "ready": True}
    absent = ask(server, "/v2/models/absent/ready")
    assert (absent.status, absent.json["ready"]) == (503, False)


def test_tensors_in_json(server: lab.Gateway) -> None:
    answer = post(server, "/v2/models/numbers/infer", {"id": "seven", "inputs": [VALUE]})

    assert answer.status == 200
    assert answer.json["id"] == "seven"
    assert answer.json["model_name"] == "numbers"
    assert answer.json["outputs"][0]["data"] == [1.5]
    assert answer.headers["x-request-id"]


def test_binary_tensors(server: lab.Gateway) -> None:
    raw = struct.pack("<2f", 1.25, -4.0)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "value",
                    "datatype": "FP32",
                    "shape": [2, 1],
                    "parameters": {"binary_data_size": len(raw)},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()

    answer = ask(
        server,
        "/v2/models/numbers/versions/1/infer",
        head + raw,
        Inference_Header_Content_Length=str(len(head)),
    )

    assert answer.status == 200
    length = int(answer.headers["inference-header-content-length"])
    assert json.loads(answer.body[:length])["model_name"] == "numbers"
    assert struct.unpack("<2f", answer.body[length:]) == (1.25, -4.0)


def test_generate(server: lab.Gateway) -> None:
    parameters = {"max_tokens": 4, "temperature": 0, "exclude_input_in_output": True}
    body = {"text_input": "The sky is", "parameters": parameters}

    answer = post(server, "/v2/models/smollm2/generate", body)

    assert answer.status == 200
    assert answer.json["model_name"] == "smollm2"
    assert answer.json["text_output"].strip()
    assert "finish_reason" not in answer.json  # nobody asked for it
    assert post(server, "/v2/models/numbers/generate", {"value": 3}).json["result"] == 3.0


def test_generate_stream(server: lab.Gateway) -> None:
    sampling = json.dumps({"max_tokens": 6, "temperature": 0})
    body = {"text_input": "The sky is", "stream": True, "return_finish_reason": True}
    body["sampling_parameters"] = sampling

    answer = post(server, "/v2/models/smollm2/generate_stream", body)

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = [json.loads(line[6:]) for line in answer.body.split(b"\n") if line]
    assert len(events) > 3
    assert events[-1]["finish_reason"] == "length"
    assert "".join(event["text_output"] for event in events).strip()
    assert "num_input_tokens" not in events[-1]


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


OFFICIAL = """
import queue, sys
import numpy
from tritonclient import grpc, http

for module, address in ((grpc, sys.argv[2]), (http, sys.argv[1])):
    client = module.InferenceServerClient(address)
    assert client.is_server_ready() and client.is_model_ready("numbers")
    value = module.InferInput("value", [3, 1], "FP32")
    value.set_data_from_numpy(numpy.array([[1], [2], [3]], numpy.float32))
    result = client.infer("numbers", [value]).as_numpy("result")
    assert result.ravel().tolist() == [1, 2, 3], result
answers = queue.Queue()
client = grpc.InferenceServerClient(sys.argv[2])
client.start_stream(lambda result, error: answers.put(error or result))
text = grpc.InferInput("text_input", [1], "BYTES")
text.set_data_from_numpy(numpy.array([b"Hello"], object))
stream = grpc.InferInput("stream", [1], "BOOL")
stream.set_data_from_numpy(numpy.array([True]))
client.async_stream_infer("smollm2", [text, stream], parameters={"max_tokens": 3})
print(answers.get(timeout=30).as_numpy("text_output")[0].decode())
client.stop_stream()
"""


def test_tritons_own_clients(server: lab.Gateway) -> None:
    # In a process of their own: tritonclient.grpc and KServe register the same protobuf types.
    done = subprocess.run(
        [sys.executable, "-c", OFFICIAL, server.url.removeprefix("http://"), server.grpc],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


INFER = "/v2/models/numbers/infer"
BAD_REST: dict[str, tuple[str, Any, int, str]] = {
    "no model": ("/v2/models/nobody/infer", {"inputs": [VALUE]}, 404, "nobody"),
    "not loaded": ("/v2/models/absent/infer", {"inputs": [VALUE]}, 503, "not loaded"),
    "no version": ("/v2/models/numbers/versions/7/infer", {"inputs": [VALUE]}, 404, "version 7"),
    "bad version": ("/v2/models/numbers/versions/x/infer", {"inputs": [VALUE]}, 400, "version"),
    "odd version": ("/v2/models/numbers/versions/01/infer", {"inputs": [VALUE]}, 400, "version"),
    "no route": ("/v2/models/numbers/explain", {}, 404, "no such route"),
    "not JSON": (INFER, b'{"inputs": [', 400, "not JSON"),
    "not UTF-8": (INFER, b'{"id": "\xff"}', 400, "not JSON"),
    "deep": (INFER, b"[" * 100_000, 400, "not JSON"),
    "a list": (INFER, [], 400, "must be a JSON object"),
    "empty": (INFER, b"", 400, "not JSON"),
    "no inputs": (INFER, {}, 400, "inputs: must be a list"),
    "inputs of null": (INFER, {"inputs": [None]}, 400, "inputs[0]: must be an object"),
    "an input too few": (INFER, {"inputs": []}, 400, "also needs value"),
    "an input twice": (INFER, {"inputs": [VALUE, VALUE]}, 400, "twice"),
    "wrong name": (INFER, {"inputs": [{**VALUE, "name": "x"}]}, 400, "it has value"),
    "wrong type": (INFER, {"inputs": [{**VALUE, "datatype": "INT8"}]}, 400, "takes FP32"),
    "wrong shape": (INFER, {"inputs": [{**VALUE, "shape": [1, 2]}]}, 400, "takes [1..32, 1]"),
    "negative batch": (INFER, {"inputs": [{**VALUE, "shape": [-1, 1]}]}, 400, "takes [1..32, 1]"),
    "no batch": (INFER, {"inputs": [{**VALUE, "shape": [0, 1]}]}, 400, "takes [1..32, 1]"),
    "huge batch": (INFER, {"inputs": [{**VALUE, "shape": [2**40, 1]}]}, 400, "takes [1..32"),
    "shape of text": (INFER, {"inputs": [{**VALUE, "shape": ["1"]}]}, 400, "whole numbers"),
    "too much data": (INFER, {"inputs": [{**VALUE, "data": [1, 2]}]}, 400, "2 elements"),
    "text for a number": (INFER, {"inputs": [{**VALUE, "data": ["x"]}]}, 400, "no text"),
    "uneven": (INFER, {"inputs": [{**VALUE, "data": [[1], 2]}]}, 400, "unevenly"),
    "wrong output": (INFER, {"inputs": [VALUE], "outputs": [{"name": "y"}]}, 400, "has result"),
    "shared memory": (
        INFER,
        {"inputs": [{**VALUE, "parameters": {"shared_memory_region": "x"}}]},
        400,
        "shared memory",
    ),
    "binary without data": (
        INFER,
        {"inputs": [{**VALUE, "parameters": {"binary_data_size": 4}}]},
        400,
        "the body has 0",
    ),
    "NUL": (
        "/v2/models/minilm/infer",
        {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1, 1], "data": ["a\0b"]}]},
        400,
        "NUL",
    ),
    "decoupled": ("/v2/models/smollm2/infer", {"inputs": []}, 400, "generate"),
    "NUL prompt": ("/v2/models/smollm2/generate", {"text_input": "a\0b"}, 400, "NUL"),
    "number as prompt": ("/v2/models/smollm2/generate", {"text_input": 5}, 400, "must be text"),
    "no prompt": ("/v2/models/smollm2/generate", {"stream": True}, 400, "text_input"),
    "bad sampling": (
        "/v2/models/smollm2/generate_stream",
        {"text_input": "x", "sampling_parameters": "{"},
        400,
        "sampling_parameters",
    ),
    "too long": (
        "/v2/models/smollm2/generate",
        {"text_input": "word " * 5000},
        400,
        "2048 tokens",
    ),
    "unknown parameter": (
        "/v2/models/smollm2/generate",
        {"text_input": "x", "other": {"a": 1}},
        400,
        "other",
    ),
}


@pytest.mark.parametrize("case", BAD_REST)
def test_bad_input_over_rest(server: lab.Gateway, case: str) -> None:
    path, body, status, said = BAD_REST[case]
    answer = ask(server, path, body if isinstance(body, bytes) else json.dumps(body).encode())

    assert (answer.status, said in answer.json["error"]) == (status, True), answer.body


def test_wrong_methods_and_lengths(server: lab.Gateway) -> None:
    assert ask(server, INFER).status == 405
    assert ask(server, "/v2/health/ready", b"").status == 405
    bad = ask(server, INFER, b"{}", Inference_Header_Content_Length="99")
    assert (bad.status, "inference-header" in bad.json["error"]) == (400, True)


def test_size_limits(server: lab.Gateway) -> None:
    huge = ask(server, INFER, b"x" * (10 * MEGABYTE))
    assert (huge.status, "larger than" in huge.json["error"]) == (413, True)
    chat = ask(server, "/v1/chat/completions", b"x" * (10 * MEGABYTE))
    assert chat.json["error"]["code"] == "request_too_large"
    assert ask(server, "/v2/health/live", X_Long="x" * 100_000).status == 431
    assert ask(server, "/v2/health/live").status == 200


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
