"""Triton's ``generate`` form of a request: plain JSON values instead of tensors.

Each key is an input of the model by that name, or else a parameter of the request; the keys below
``parameters`` count the same. An output of one element is a plain value, a bigger one a list.
"""

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

from gateway.errors import InvalidRequestError
from gateway.protocol.messages_check import CONTENTS
from gateway.upstream import messages
from gateway.upstream.metadata import ModelMetadata, Tensor
from gateway.upstream.tensors import unpack_texts

_WHOLE = {"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}
_FORMATS = {
    "BOOL": "?",
    "INT8": "b",
    "UINT8": "B",
    "INT16": "h",
    "UINT16": "H",
    "INT32": "i",
    "UINT32": "I",
    "INT64": "q",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}


def request_from(model: ModelMetadata, body: Any) -> Any:
    """A ``ModelInferRequest`` from the JSON of a ``generate`` request.

    Args:
        model: What it takes.
        body: The parsed JSON.

    Raises:
        InvalidRequestError: It does not fit.
    """
    if not isinstance(body, dict):
        raise InvalidRequestError("the body must be a JSON object")
    values = dict(cast("dict[str, Any]", body))
    request = messages.ModelInferRequest(model_name=model.name)
    request_id: Any = values.pop("id", "")
    if not isinstance(request_id, str):
        raise InvalidRequestError("id: must be text", param="id")
    request.id = request_id
    nested: Any = values.pop("parameters", {})
    if not isinstance(nested, dict):
        raise InvalidRequestError("parameters: must be an object", param="parameters")
    for name, value in (*values.items(), *cast("dict[str, Any]", nested).items()):
        tensor = model.inputs.get(name)
        if tensor is None:
            _set_parameter(request.parameters[name], name, value)
        else:
            _add_input(request, name, value, tensor, model.max_batch)
    return request


def _set_parameter(parameter: Any, name: str, value: Any) -> None:
    if isinstance(value, bool):
        parameter.bool_param = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        parameter.int64_param = value
    elif isinstance(value, float):
        parameter.double_param = value
    elif isinstance(value, str):
        parameter.string_param = value
    else:
        raise InvalidRequestError(
            f"{name[:128]}: is no input of the model, and a parameter must be text, a number, "
            "true or false",
            param=name[:128],
        )


def _add_input(request: Any, name: str, value: Any, tensor: Tensor, max_batch: int) -> None:
    elements = cast("list[Any]", value) if isinstance(value, list) else [value]
    shape = _shape(tensor.shape, len(elements), max_batch)
    if math.prod(shape) != len(elements):
        raise InvalidRequestError(
            f"{name}: the model takes {math.prod(shape)} elements, not {len(elements)}", param=name
        )
    field = CONTENTS.get(tensor.datatype)
    if field is None:
        raise InvalidRequestError(f"{name}: {tensor.datatype} cannot be given in JSON", param=name)
    convert = _converter(tensor.datatype)
    made = request.inputs.add(name=name, datatype=tensor.datatype, shape=shape)
    for element in elements:
        try:
            getattr(made.contents, field).append(convert(element))
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidRequestError(f"{name}: {error}", param=name) from None


def _shape(wanted: Sequence[int], elements: int, max_batch: int) -> list[int]:
    """The model's shape with one batch, and everything that is open for the first open size."""
    shape = list(wanted)
    if max_batch:
        shape[0] = 1
    fixed = math.prod(size for size in shape if size >= 0)
    for index, size in enumerate(shape):
        if size < 0:
            shape[index] = elements // fixed if fixed and -1 in shape else 1
            fixed *= shape[index]
    return shape


def _to_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("must be text")
    if "\0" in value:
        raise ValueError("text must not contain NUL")
    return value.encode()


def _to_truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _to_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    return float(value)


def _converter(datatype: str) -> Callable[[Any], Any]:
    """What makes an element of that type from its JSON; raises what is wrong with it."""
    if datatype not in _WHOLE:
        return {"BYTES": _to_text, "BOOL": _to_truth}.get(datatype, _to_number)
    bits = int(datatype.lstrip("UINT"))
    low, high = (0, 2**bits) if datatype[0] == "U" else (-(2 ** (bits - 1)), 2 ** (bits - 1))

    def to_whole(value: Any) -> int:
        if type(value) is not int:
            raise TypeError("must be a whole number")
        if not low <= value < high:
            raise ValueError(f"must be from {low} to {high - 1}")
        return value

    return to_whole


def response_from(response: Any, name: str) -> dict[str, Any]:
    """The JSON of a ``generate`` response.

    Args:
        response: A ``ModelInferResponse``.
        name: The model, as the client calls it.
    """
    found: dict[str, Any] = {"model_name": name, "model_version": response.model_version}
    if response.id:
        found["id"] = response.id
    for key, parameter in response.parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        if choice and key != "triton_final_response":
            found[key] = getattr(parameter, choice)
    for index, output in enumerate(response.outputs):
        raw = response.raw_output_contents[index] if response.raw_output_contents else b""
        values = _values(output.datatype, raw)
        found[output.name] = values[0] if len(values) == 1 else values
    return found


def _values(datatype: str, raw: bytes) -> list[Any]:
    if datatype == "BYTES":
        return list(unpack_texts(raw))
    form = _FORMATS.get(datatype)
    if form is None:
        raise InvalidRequestError(f"an output of type {datatype} cannot be given in JSON")
    return list(struct.unpack(f"<{len(raw) // struct.calcsize(form)}{form}", raw))
