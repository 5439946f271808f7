"""Requests held against a model's metadata, and the plain JSON of ``generate``."""

import json
import struct
from typing import Any

import pytest
from gateway.errors import InvalidRequestError
from gateway.protocol import generate, messages_check, validate
from gateway.upstream import messages, metadata

CONFIG = {
    "max_batch_size": 8,
    "input": [{"name": "x"}, {"name": "text", "optional": True}],
    "model_transaction_policy": {"decoupled": True},
}
SAID = {
    "name": "m",
    "versions": ["1", "2"],
    "platform": "python",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "text", "datatype": "BYTES", "shape": ["-1", "-1"]},
    ],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
}
MODEL = metadata.parse(json.dumps(SAID).encode(), json.dumps(CONFIG).encode())
X = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2.5]}


def test_metadata() -> None:
    assert MODEL.inputs["text"].optional
    assert MODEL.inputs["text"].shape == (-1, -1)
    assert (MODEL.max_batch, MODEL.decoupled, MODEL.versions) == (8, True, ("1", "2"))
    other = metadata.parse(json.dumps({**SAID, "versions": ["2"]}).encode(), b'{"input":[]}')
    assert other.digest != MODEL.digest


@pytest.mark.parametrize(
    "tensor",
    [
        X,
        {**X, "data": [[1, 2]]},
        {**X, "shape": [2, 2], "data": [[1, 2], [3, 4]]},
        {**X, "shape": [2, 2], "data": [1, 2, 3, 4]},
    ],
)
def test_json_that_fits(tensor: dict[str, Any]) -> None:
    validate.check_json(MODEL, {"inputs": [tensor]}, 0)


def test_binary_data_must_be_as_long_as_announced() -> None:
    tensor = {**X, "parameters": {"binary_data_size": 8}}
    del tensor["data"]
    validate.check_json(MODEL, {"inputs": [tensor]}, 8)
    with pytest.raises(InvalidRequestError, match="announce 8 bytes"):
        validate.check_json(MODEL, {"inputs": [tensor]}, 9)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "must be a JSON object"),
        ({"inputs": {}}, "inputs: must be a list"),
        ({"inputs": [{**X, "name": 5}]}, r"inputs\[0\].name: must be text"),
        ({"inputs": [{**X, "shape": [True, 2]}]}, "whole numbers"),
        ({"inputs": [{**X, "shape": [9, 2]}]}, r"takes \[1..8, 2\], not \[9, 2\]"),
        ({"inputs": [{**X, "data": [True, 1]}]}, "FP32 takes no true or false"),
        ({"inputs": [{**X, "data": [None, 1]}]}, "FP32 takes no null"),
        ({"inputs": [{**X, "data": 5}]}, "data: must be a list"),
        ({"inputs": [{**X, "data": [[[1]], [2]]}]}, "unevenly"),
        ({"inputs": [{**X, "parameters": []}], "id": ""}, ""),
        ({"inputs": [X], "id": 5}, "id: must be text"),
        ({"inputs": [X], "parameters": 5}, "parameters: must be an object"),
        ({"inputs": [X], "outputs": {}}, "outputs: must be a list"),
        ({"inputs": [X, {**X}]}, "twice"),
    ],
)
def test_json_that_does_not_fit(body: Any, said: str) -> None:
    if not said:
        validate.check_json(MODEL, body, 0)  # an empty list of parameters is none
        return
    with pytest.raises(InvalidRequestError, match=said):
        validate.check_json(MODEL, body, 0)


@pytest.mark.parametrize(
    ("raw", "fits"),
    [(b"", False), (b"\1\0\0\0a", True), (b"\2\0\0\0a", False), (b"\xff\xff\xff\xff", False)],
)
def test_raw_texts(raw: bytes, fits: bool) -> None:
    if fits:
        validate.check_raw("BYTES", 1, raw, "x")
    else:
        with pytest.raises(InvalidRequestError):
            validate.check_raw("BYTES", 1, raw, "x")


def test_contents_belong_into_the_field_of_their_type() -> None:
    request = messages.ModelInferRequest(model_name="m")
    tensor = request.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    tensor.contents.fp32_contents.extend([1, 2])
    messages_check.check(MODEL, request)
    tensor.contents.int_contents.append(1)
    with pytest.raises(InvalidRequestError, match="belongs into fp32_contents, not int_contents"):
        messages_check.check(MODEL, request)


def test_raw_and_contents_do_not_go_together() -> None:
    request = messages.ModelInferRequest(model_name="m")
    tensor = request.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    request.raw_input_contents.append(struct.pack("<2f", 1, 2))
    messages_check.check(MODEL, request)
    tensor.contents.SetInParent()
    with pytest.raises(InvalidRequestError, match="must be empty"):
        messages_check.check(MODEL, request)


def test_generate_makes_tensors_and_parameters() -> None:
    body = {"x": [1, 2], "id": "seven", "parameters": {"text": "a", "n": 3, "f": 0.5, "b": True}}

    request = generate.request_from(MODEL, {**body, "s": "t"})

    assert request.id == "seven"
    x, text = request.inputs
    assert (x.name, list(x.shape), list(x.contents.fp32_contents)) == ("x", [1, 2], [1, 2])
    assert (list(text.shape), list(text.contents.bytes_contents)) == ([1, 1], [b"a"])
    kinds = {name: each.WhichOneof("parameter_choice") for name, each in request.parameters.items()}
    assert kinds == {
        "n": "int64_param",
        "f": "double_param",
        "b": "bool_param",
        "s": "string_param",
    }
    messages_check.check(MODEL, request)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "must be a JSON object"),
        ({"x": [1]}, "takes 2 elements, not 1"),
        ({"x": ["a", 1]}, "must be a number"),
        ({"text": "a\0"}, "NUL"),
        ({"text": 1}, "must be text"),
        ({"other": [1]}, "must be text, a number"),
        ({"other": 2**70}, "must be text, a number"),
        ({"parameters": []}, "parameters: must be an object"),
        ({"id": 1}, "id: must be text"),
    ],
)
def test_generate_that_does_not_fit(body: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        generate.request_from(MODEL, body)


@pytest.mark.parametrize(
    ("datatype", "raw", "value"),
    [
        ("BYTES", b"\1\0\0\0a", "a"),
        ("FP32", struct.pack("<2f", 1, 2), [1.0, 2.0]),
        ("FP16", struct.pack("<e", 0.5), 0.5),
        ("INT64", struct.pack("<q", -1), -1),
        ("BOOL", b"\1", True),
    ],
)
def test_generate_answers_in_plain_values(datatype: str, raw: bytes, value: Any) -> None:
    response = messages.ModelInferResponse(model_version="1", id="seven")
    response.outputs.add(name="y", datatype=datatype)
    response.raw_output_contents.append(raw)
    response.parameters["triton_final_response"].bool_param = True

    assert generate.response_from(response, "m") == {
        "model_name": "m",
        "model_version": "1",
        "id": "seven",
        "y": value,
    }
