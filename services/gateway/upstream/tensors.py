"""Tensors as the Open Inference Protocol carries them: raw, little-endian."""

import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.contract import Embeddings, Generation, Piece, Sampling, TokenLogprob
from gateway.upstream import messages

_LENGTH = struct.Struct("<I")
_TRUE, _FALSE = b"\x01", b"\x00"


def pack_texts(texts: Sequence[str]) -> bytes:
    """Texts as a tensor of type BYTES."""
    encoded = [text.encode() for text in texts]
    return b"".join(part for each in encoded for part in (_LENGTH.pack(len(each)), each))


def unpack_texts(raw: bytes) -> Iterator[str]:
    """The texts in a tensor of type BYTES."""
    at = 0
    while at < len(raw):
        (length,) = _LENGTH.unpack_from(raw, at)
        at += _LENGTH.size
        yield raw[at : at + length].decode(errors="replace")
        at += length


def sampling_parameters(sampling: Sampling) -> str:
    """The parameters under the names of vLLM's ``SamplingParams``, as JSON."""
    values: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "logprobs": sampling.logprobs,
    }
    if sampling.json_schema is not None:
        # A text in a text: so does Triton's vLLM backend read it.
        values["structured_outputs"] = json.dumps({"json": sampling.json_schema})
    return json.dumps({name: value for name, value in values.items() if value is not None})


def generation_request(model: str, request_id: str, generation: Generation) -> Any:
    """The request of Triton's vLLM backend for a streamed answer."""
    logprobs = generation.sampling.logprobs is not None
    request = messages.ModelInferRequest(model_name=model, id=request_id)
    values: list[tuple[str, str, bytes]] = [
        ("text_input", "BYTES", pack_texts([generation.prompt])),
        ("stream", "BOOL", _TRUE),
        (
            "sampling_parameters",
            "BYTES",
            pack_texts([sampling_parameters(generation.sampling)]),
        ),
        ("exclude_input_in_output", "BOOL", _TRUE),
        ("return_finish_reason", "BOOL", _TRUE),
        ("return_num_input_tokens", "BOOL", _TRUE),
        ("return_num_output_tokens", "BOOL", _TRUE),
    ]
    if logprobs:
        values.append(("return_logprobs", "BOOL", _TRUE))
    for name, datatype, raw in values:
        request.inputs.add(name=name, datatype=datatype, shape=[1])
        request.raw_input_contents.append(raw)
    return request


def piece(response: Any) -> Piece | None:
    """A piece of an answer from one of Triton's responses; None for an empty one."""
    if not response.outputs:
        return None
    raw = {
        output.name: content
        for output, content in zip(response.outputs, response.raw_output_contents, strict=True)
    }
    reason = next(unpack_texts(raw.get("finish_reason", b"")), "")
    logprobs = next(unpack_texts(raw.get("logprobs", b"")), "")
    return Piece(
        text="".join(unpack_texts(raw.get("text_output", b""))),
        finish_reason="" if reason == "None" else reason,
        prompt_tokens=_number(raw.get("num_input_tokens", b"")),
        output_tokens=_number(raw.get("num_output_tokens", b"")),
        logprobs=tuple(_logprobs(json.loads(logprobs) or ())) if logprobs else (),
    )


def _number(raw: bytes) -> int:
    return int(_LENGTH.unpack_from(raw)[0]) if raw else 0


def _logprobs(tokens: Sequence[dict[str, dict[str, Any]]]) -> Iterator[TokenLogprob]:
    """Log probabilities as vLLM sends them: the chosen token first, then the alternatives."""
    for token in tokens:
        chosen, *_ = candidates = list(token.values())
        best = sorted(candidates, key=lambda each: -float(each["logprob"]))
        yield TokenLogprob(
            str(chosen["decoded_token"]),
            float(chosen["logprob"]),
            tuple((str(each["decoded_token"]), float(each["logprob"])) for each in best),
        )


def embedding_request(model: str, request_id: str, texts: Sequence[str]) -> Any:
    """The request of an embedding model for a batch of texts."""
    request = messages.ModelInferRequest(model_name=model, id=request_id)
    request.inputs.add(name="text", datatype="BYTES", shape=[len(texts), 1])
    request.raw_input_contents.append(pack_texts(texts))
    request.outputs.add(name="embedding")
    request.outputs.add(name="tokens")
    return request


def embeddings(response: Any) -> Embeddings:
    """The vectors in a response, and how many tokens the texts had.

    Raises:
        ValueError: The response is not one of an embedding model.
    """
    raw = {
        output.name: (tuple(output.shape), content)
        for output, content in zip(response.outputs, response.raw_output_contents, strict=True)
    }
    if not {"embedding", "tokens"} <= raw.keys():
        message = "outputs embedding and tokens are missing"
        raise ValueError(message)
    (rows, width), vectors = raw["embedding"][0][:2], memoryview(raw["embedding"][1]).cast("f")
    tokens = memoryview(raw["tokens"][1]).cast("i")
    return Embeddings(
        [vectors[row * width : (row + 1) * width].tolist() for row in range(rows)],
        sum(tokens.tolist()),
    )
