"""Whether a request fits the model, before it goes to Triton.

What is checked here is said better, and cheaper, than Triton would: names, types, shapes, and
that there is as much data as the shape says.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from gateway.errors import InvalidRequestError
from gateway.upstream.metadata import ModelMetadata, Tensor

SIZES = {
    "BOOL": 1,
    "INT8": 1,
    "UINT8": 1,
    "INT16": 2,
    "UINT16": 2,
    "FP16": 2,
    "BF16": 2,
    "INT32": 4,
    "UINT32": 4,
    "FP32": 4,
    "INT64": 8,
    "UINT64": 8,
    "FP64": 8,
}
"""Bytes of one element; BYTES has none of its own."""

MOST_ELEMENTS = 2**31 - 1


def check_tensor(
    model: ModelMetadata, name: str, datatype: str, shape: Sequence[int], where: str
) -> int:
    """Hold one input against the model's; returns its number of elements.

    Args:
        model: What the model takes.
        name: Of the input.
        datatype: As the client says.
        shape: As the client says.
        where: Path of the input in the request.

    Raises:
        InvalidRequestError: It does not fit.
    """
    wanted = model.inputs.get(name)
    if wanted is None:
        known = ", ".join(sorted(model.inputs))
        raise InvalidRequestError(
            f"{where}.name: the model has no input {name[:128]!r}; it has {known}", param=where
        )
    if datatype != wanted.datatype:
        raise InvalidRequestError(
            f"{where}.datatype: input {name!r} takes {wanted.datatype}, not {datatype[:32]!r}",
            param=where,
        )
    if not _fits(shape, wanted, model.max_batch):
        asked = _shown(wanted.shape, model.max_batch)
        raise InvalidRequestError(
            f"{where}.shape: input {name!r} takes {asked}, not {list(shape[:16])}", param=where
        )
    elements = math.prod(shape)
    if elements > MOST_ELEMENTS:
        raise InvalidRequestError(f"{where}.shape: {elements} elements are too many", param=where)
    return elements


def _fits(shape: Sequence[int], wanted: Tensor, max_batch: int) -> bool:
    if len(shape) != len(wanted.shape) or any(size < 0 for size in shape):
        return False
    if max_batch and not 1 <= shape[0] <= max_batch:
        return False
    return all(want in (-1, size) for size, want in zip(shape, wanted.shape, strict=True))


def _shown(shape: Sequence[int], max_batch: int) -> str:
    sizes = [str(size) if size >= 0 else "any" for size in shape]
    if max_batch:
        sizes[0] = f"1..{max_batch}"
    return f"[{', '.join(sizes)}]"


def check_raw(datatype: str, elements: int, content: bytes | memoryview, where: str) -> None:
    """Hold the raw data of an input against its number of elements.

    Raises:
        InvalidRequestError: It is too short or too long.
    """
    size = SIZES.get(datatype)
    if size is None:
        _check_bytes(elements, content, where)
    elif len(content) != size * elements:
        raise InvalidRequestError(
            f"{where}: {elements} elements of {datatype} are {size * elements} bytes, "
            f"not {len(content)}",
            param=where,
        )


def _check_bytes(elements: int, content: bytes | memoryview, where: str) -> None:
    at = found = 0
    while at + 4 <= len(content) and found <= elements:
        at += 4 + int.from_bytes(content[at : at + 4], "little")
        found += 1
    if at != len(content) or found != elements:
        raise InvalidRequestError(
            f"{where}: the data is not {elements} texts, each after its length in 4 bytes",
            param=where,
        )


def check_names(model: ModelMetadata, names: Sequence[str], outputs: Iterable[str]) -> None:
    """Hold the inputs that are there, and the outputs that are wanted, against the model's.

    Raises:
        InvalidRequestError: One is missing, there twice, or not known.
    """
    given = set(names)
    if len(given) < len(names):
        raise InvalidRequestError("inputs: one of them is there twice", param="inputs")
    missing = [
        name for name, tensor in model.inputs.items() if name not in given and not tensor.optional
    ]
    if missing:
        raise InvalidRequestError(
            f"inputs: the model also needs {', '.join(missing)}", param="inputs"
        )
    for name in outputs:
        if name not in model.outputs:
            known = ", ".join(sorted(model.outputs))
            raise InvalidRequestError(
                f"outputs: the model has no output {name[:128]!r}; it has {known}", param="outputs"
            )


def check_json(model: ModelMetadata, request: Any, binary_bytes: int) -> None:
    """Hold the JSON part of a REST request against the model.

    Args:
        model: What it takes.
        request: The parsed JSON.
        binary_bytes: How much binary data follows it.

    Raises:
        InvalidRequestError: It does not fit.
    """
    if not isinstance(request, dict):
        raise InvalidRequestError("the body must be a JSON object")
    body = cast("dict[str, Any]", request)
    names: list[str] = []
    left = binary_bytes
    for index, tensor in enumerate(_objects(body, "inputs")):
        where = f"inputs[{index}]"
        names.append(_text(tensor, "name", where))
        left -= _check_input(model, tensor, names[-1], where)
    if left:
        raise InvalidRequestError(
            f"the inputs announce {binary_bytes - left} bytes of binary data, the body has "
            f"{binary_bytes}"
        )
    if "id" in body and not isinstance(body["id"], str):
        raise InvalidRequestError("id: must be text", param="id")
    if not isinstance(body.get("parameters", {}), dict):
        raise InvalidRequestError("parameters: must be an object", param="parameters")
    outputs = _objects(body, "outputs") if "outputs" in body else []
    check_names(
        model, names, (_text(each, "name", f"outputs[{at}]") for at, each in enumerate(outputs))
    )


def _objects(body: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    found: Any = body.get(field)
    if not isinstance(found, list):
        raise InvalidRequestError(f"{field}: must be a list of tensors", param=field)
    items = cast("list[Any]", found)
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise InvalidRequestError(f"{field}[{index}]: must be an object", param=field)
    return cast("list[dict[str, Any]]", items)


def _text(tensor: Mapping[str, Any], field: str, where: str) -> str:
    value: Any = tensor.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidRequestError(f"{where}.{field}: must be text", param=where)
    return value


def _check_input(model: ModelMetadata, tensor: Mapping[str, Any], name: str, where: str) -> int:
    """Check an input; returns the bytes of binary data that belong to it."""
    datatype = _text(tensor, "datatype", where)
    shape: Any = tensor.get("shape")
    if not isinstance(shape, list) or not all(
        type(size) is int for size in cast("list[Any]", shape)
    ):
        raise InvalidRequestError(f"{where}.shape: must be a list of whole numbers", param=where)
    elements = check_tensor(model, name, datatype, cast("list[int]", shape), where)
    parameters: Any = tensor.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InvalidRequestError(f"{where}.parameters: must be an object", param=where)
    size: Any = cast("dict[str, Any]", parameters).get("binary_data_size")
    if size is not None:
        return _check_size(size, datatype, elements, where)
    if "shared_memory_region" in parameters:
        raise InvalidRequestError(
            f"{where}.parameters: shared memory is not available through the gateway", param=where
        )
    _check_data(tensor.get("data"), datatype, elements, where)
    return 0


def _check_size(size: Any, datatype: str, elements: int, where: str) -> int:
    if type(size) is not int or size < 0:
        raise InvalidRequestError(
            f"{where}.parameters.binary_data_size: must be a whole number", param=where
        )
    each = SIZES.get(datatype)
    if each is not None and size != each * elements:
        raise InvalidRequestError(
            f"{where}: {elements} elements of {datatype} are {each * elements} bytes, not {size}",
            param=where,
        )
    return size


def _check_data(data: Any, datatype: str, elements: int, where: str) -> None:
    if not isinstance(data, list):
        raise InvalidRequestError(f"{where}.data: must be a list", param=where)
    flat = cast("list[Any]", data)
    if flat and isinstance(flat[0], list):
        flat = _flatten(flat, where)
    if len(flat) != elements:
        raise InvalidRequestError(
            f"{where}.data: has {len(flat)} elements, the shape says {elements}", param=where
        )
    kinds = set(map(type, flat))
    if not kinds <= _KINDS.get(datatype, _WHOLE):
        wrong = next(each.__name__ for each in kinds - _KINDS.get(datatype, _WHOLE))
        raise InvalidRequestError(
            f"{where}.data: {datatype} takes no {_NAMES.get(wrong, wrong)}", param=where
        )
    if datatype == "BYTES" and any("\0" in text for text in flat):
        raise InvalidRequestError(
            f"{where}.data: text must not contain NUL; send binary data instead", param=where
        )


def _flatten(data: list[Any], where: str) -> list[Any]:
    flat: list[Any] = []
    for item in data:
        if not isinstance(item, list):
            raise InvalidRequestError(f"{where}.data: is nested unevenly", param=where)
        flat += cast("list[Any]", item)
    return _flatten(flat, where) if flat and isinstance(flat[0], list) else flat


_WHOLE: set[type] = {int}
_KINDS: dict[str, set[type]] = {
    "BYTES": {str},
    "BOOL": {bool, int},
    "FP16": {int, float},
    "BF16": {int, float},
    "FP32": {int, float},
    "FP64": {int, float},
}
_NAMES = {"str": "text", "NoneType": "null", "dict": "object", "bool": "true or false"}
