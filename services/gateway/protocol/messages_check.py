"""Whether a gRPC request fits the model, before it goes to Triton."""

from typing import Any

from google.protobuf.message import DecodeError

from gateway.errors import InvalidRequestError
from gateway.protocol import validate
from gateway.upstream import messages
from gateway.upstream.metadata import ModelMetadata

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Field of ``InferTensorContents`` for each type; FP16 and BF16 are sent raw only."""


def parse(raw: bytes, kind: Any = messages.ModelInferRequest) -> Any:
    """A message from its serialised form.

    Raises:
        InvalidRequestError: It is not one.
    """
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise InvalidRequestError(f"the message is not a {kind.DESCRIPTOR.name}") from None


def check(model: ModelMetadata, request: Any) -> None:
    """Hold a request against the model.

    Raises:
        InvalidRequestError: It does not fit.
    """
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidRequestError(
            f"raw_input_contents: has {len(raw)} tensors, inputs has {len(request.inputs)}"
        )
    for index, tensor in enumerate(request.inputs):
        where = f"inputs[{index}]"
        elements = validate.check_tensor(model, tensor.name, tensor.datatype, tensor.shape, where)
        if "shared_memory_region" in tensor.parameters:
            raise InvalidRequestError(
                f"{where}.parameters: shared memory is not available through the gateway",
                param=where,
            )
        if raw:
            if tensor.HasField("contents"):
                raise InvalidRequestError(
                    f"{where}.contents: must be empty where raw_input_contents is used", param=where
                )
            validate.check_raw(tensor.datatype, elements, raw[index], f"{where} (raw)")
        else:
            _check_contents(tensor, elements, where)
    validate.check_names(
        model, [each.name for each in request.inputs], (each.name for each in request.outputs)
    )


def _check_contents(tensor: Any, elements: int, where: str) -> None:
    field = CONTENTS.get(tensor.datatype)
    if field is None:
        raise InvalidRequestError(
            f"{where}: data of type {tensor.datatype} goes into raw_input_contents", param=where
        )
    found = {each.name for each, _ in tensor.contents.ListFields()} - {field}
    if found:
        raise InvalidRequestError(
            f"{where}.contents: {tensor.datatype} belongs into {field}, not {', '.join(found)}",
            param=where,
        )
    given = len(getattr(tensor.contents, field))
    if given != elements:
        raise InvalidRequestError(
            f"{where}.contents.{field}: has {given} elements, the shape says {elements}",
            param=where,
        )
