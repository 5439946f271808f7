"""The embedding model as models of Triton's Python backend: tokeniser, encoder, pooling."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving import vectors
from serving.backend import Settings, require, triton
from serving.batching import BatchModel, each_response, run_together
from serving.onnx_runtime import OnnxSession
from serving.tokens import Tokeniser

ENCODER_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class TokenizerModel(BatchModel):
    """STRING text [n, 1] to INT64 tensors [n, length] and INT32 tokens [n, 1]."""

    weights = ("tokenizer",)

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready."""
        limit = settings.number("max_tokens")
        if limit not in vectors.BUCKETS:
            allowed = ", ".join(str(size) for size in vectors.BUCKETS)
            message = f"config.pbtxt: parameters.max_tokens: {limit}; allowed: {allowed}"
            raise triton().TritonModelException(message)
        self._text_bytes = settings.number("text_bytes")
        self._tokeniser = Tokeniser(files["tokenizer"], limit)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        return [each_response(request, self._answer) for request in requests]

    def _answer(self, request: Any) -> dict[str, Any]:
        rows = self._tokeniser.encode(read_texts(request, self._text_bytes))
        width = vectors.bucket(max(len(row) for row in rows))
        return {
            "input_ids": vectors.pad(rows, width),
            "attention_mask": vectors.pad([[1] * len(row) for row in rows], width),
            "token_type_ids": np.zeros((len(rows), width), dtype=np.int64),
            "tokens": np.array([[len(row)] for row in rows], dtype=np.int32),
        }


class EncoderModel(BatchModel):
    """INT64 tensors [n, length] to FP32 last_hidden_state [n, length, width]."""

    weights = ("model",)

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready."""
        self._session = OnnxSession(files["model"], settings.number("threads"))

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests: in one run what Triton put together, if the shapes agree."""
        return run_together(requests, ENCODER_INPUTS, "last_hidden_state", self._session.run)


class PoolingModel(BatchModel):
    """FP32 last_hidden_state and INT64 attention_mask to FP32 embedding [n, width]."""

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Nothing has to be loaded."""

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        return run_together(
            requests,
            ("last_hidden_state", "attention_mask"),
            "embedding",
            lambda inputs: vectors.pool(inputs["last_hidden_state"], inputs["attention_mask"]),
        )


def read_texts(request: Any, limit: int) -> list[str]:
    """The texts of a request.

    Raises:
        ValueError: One is longer than `limit` bytes, or no UTF-8.
    """
    texts: list[str] = []
    for at, raw in enumerate(require(request, "text").reshape(-1)):
        if len(raw) > limit:
            message = f"text {at} has {len(raw)} bytes; allowed: {limit}"
            raise ValueError(message)
        try:
            texts.append(raw.decode())
        except UnicodeDecodeError:
            message = f"text {at} is not UTF-8"
            raise ValueError(message) from None
    return texts
