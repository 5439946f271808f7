"""The Open Inference Protocol over REST through the gateway, on the real Triton."""

import json
import struct
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import lab
import pytest
from core_support import MEGABYTE, MODELS, VALUE, ask, post

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server(triton: lab.Triton) -> Generator[lab.Gateway]:
    lab.load(triton, "synthetic")
    with lab.gateway(triton, models=MODELS) as running:
        yield running


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
