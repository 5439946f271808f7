"""The head that makes a sentiment of a text's vector, as models of Triton's Python backend.

Score: tanh(weights · vector + bias), from -1 for negative to 1 for positive.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.backend import Settings, require, triton
from serving.batching import BatchModel, response, run_together
from serving.onnx_head import head_model
from serving.onnx_runtime import OnnxSession


def read_head(file: Path) -> tuple[list[float], float]:
    """Weights and bias of a head."""
    head = json.loads(file.read_text(encoding="utf-8"))
    return [float(each) for each in head["weights"]], float(head["bias"])


def label(score: float, threshold: float) -> str:
    """What a score is called: neutral within the threshold on both sides of 0."""
    if score >= threshold:
        return "positive"
    return "negative" if score <= -threshold else "neutral"


class HeadModel(BatchModel):
    """FP32 embedding [n, width] to FP32 score [n, 1]."""

    weights = ("head",)

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready: the same ONNX model that a server with that backend is given."""
        weights, bias = read_head(files["head"])
        self._session = OnnxSession(head_model(weights, bias))

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        return run_together(requests, ("embedding",), "score", self._session.run)


class LabelModel(BatchModel):
    """FP32 score [n, 1] to STRING label [n, 1]."""

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready."""
        text = settings.text("threshold")
        try:
            self._threshold = float(text)
        except ValueError:
            self._threshold = -1.0
        if not 0 <= self._threshold < 1:
            message = f"config.pbtxt: parameters.threshold: {text!r}; allowed: 0 to less than 1"
            raise triton().TritonModelException(message)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        return [response({"label": self._labels(require(each, "score"))}) for each in requests]

    def _labels(self, scores: Any) -> Any:
        labels = [[label(float(row[0]), self._threshold).encode()] for row in scores]
        return np.array(labels, dtype=np.object_)
