"""Writes the ONNX model of a linear head: ``score = tanh(embedding · weights + bias)``.

``python -m serving.onnx_head head.json model.onnx`` writes it to a file.

ONNX is protobuf, and so small a graph needs five kinds of messages only; field numbers are those
of onnx.proto, version 8 of the format, operators of version 13.
"""

import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

IR_VERSION = 8
OPSET = 13
_FLOAT = 1


def head_model(weights: Sequence[float], bias: float) -> bytes:
    """The model: FP32 ``embedding`` [batch, width] to FP32 ``score`` [batch, 1]."""
    width = len(weights)
    graph = b"".join(
        (
            _bytes(1, _node("MatMul", ("embedding", "weights"), "product")),
            _bytes(1, _node("Add", ("product", "bias"), "sum")),
            _bytes(1, _node("Tanh", ("sum",), "score")),
            _bytes(2, b"sentiment_head"),
            _bytes(5, _tensor("weights", (width, 1), weights)),
            _bytes(5, _tensor("bias", (1,), (bias,))),
            _bytes(11, _value("embedding", width)),
            _bytes(12, _value("score", 1)),
        )
    )
    return b"".join(
        (
            _number(1, IR_VERSION),
            _bytes(2, b"llm-platform"),
            _bytes(7, graph),
            _bytes(8, _bytes(1, b"") + _number(2, OPSET)),
        )
    )


def _node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    """NodeProto."""
    given = b"".join(_bytes(1, name.encode()) for name in inputs)
    return given + _bytes(2, output.encode()) + _bytes(4, operator.encode())


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    """TensorProto of floats."""
    dimensions = b"".join(_number(1, size) for size in shape)
    raw = struct.pack(f"<{len(values)}f", *values)
    return dimensions + _number(2, _FLOAT) + _bytes(8, name.encode()) + _bytes(9, raw)


def _value(name: str, width: int) -> bytes:
    """ValueInfoProto of [batch, width] floats."""
    batch = _bytes(1, _bytes(2, b"batch"))
    shape = batch + _bytes(1, _number(1, width))
    kind = _bytes(1, _number(1, _FLOAT) + _bytes(2, shape))
    return _bytes(1, name.encode()) + _bytes(2, kind)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def main(arguments: Sequence[str]) -> int:
    """Write the model of a head."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m serving.onnx_head HEAD.json MODEL.onnx\n")
        return 2
    try:
        head = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        model = head_model([float(each) for each in head["weights"]], float(head["bias"]))
        Path(arguments[1]).write_bytes(model)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
