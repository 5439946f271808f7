"""Trains the sentiment head: ``python -m serving.train_sentiment [--repository DIR]``.

Ridge regression of -1, 0 and 1 on MiniLM's vectors of the sentences in
``serving/training/sentiment.tsv``, which were written for this project. Solved in closed form, so
the same sentences give the same head, up to the last digits of another processor's vectors.
Writes ``sentiment_head/1/head.json`` and its manifest.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving import vectors
from serving.onnx_head import head_model
from serving.onnx_runtime import OnnxSession
from serving.tokens import Tokeniser
from serving.weights import load_weights

TARGETS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
RIDGE = 1.0
"""Chosen with the threshold of sentiment_label by tenfold cross-validation on these sentences."""
DIGITS = 4
BATCH = 32


class Embedder:
    """MiniLM without a server."""

    def __init__(self, repository: Path) -> None:
        """Load the checked weights of the repository's models."""
        tokeniser = load_weights(repository / "minilm_tokenizer/1", "tokenizer")["tokenizer"]
        self._tokeniser = Tokeniser(tokeniser, vectors.BUCKETS[-1])
        encoder = load_weights(repository / "minilm_encoder/1", "model")["model"]
        self._session = OnnxSession(encoder)

    def embed(self, texts: Sequence[str]) -> Any:
        """Vectors of texts, [texts, width]."""
        parts = [self._batch(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        return np.concatenate(parts)

    def _batch(self, texts: Sequence[str]) -> Any:
        rows = self._tokeniser.encode(texts)
        width = vectors.bucket(max(len(row) for row in rows))
        mask = vectors.pad([[1] * len(row) for row in rows], width)
        inputs = {
            "input_ids": vectors.pad(rows, width),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        return vectors.pool(self._session.run(inputs), mask)


def read_sentences(file: Path) -> tuple[list[str], list[str]]:
    """Labels and sentences of a file with a label, a tab and a sentence in every line."""
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    return [line[0] for line in lines], [line[1] for line in lines]


def fit(embeddings: Any, targets: Sequence[float], ridge: float = RIDGE) -> tuple[Any, float]:
    """Weights and bias of the head."""
    features = np.hstack([embeddings.astype(np.float64), np.ones((len(embeddings), 1))])
    # The head ends in tanh: its reverse turns the targets into what is before it.
    before = np.arctanh(np.clip(np.asarray(targets), -0.8, 0.8))
    penalty = ridge * np.eye(features.shape[1])
    penalty[-1, -1] = 0  # the bias is free
    solved = np.linalg.solve(features.T @ features + penalty, features.T @ before)
    return solved[:-1], float(solved[-1])


def write_head(folder: Path, weights: Any, bias: float) -> None:
    """Write a version of the head: its weights and their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    rounded = [round(float(each), DIGITS) for each in weights]
    head: dict[str, Any] = {"weights": rounded, "bias": round(bias, DIGITS)}
    content = json.dumps(head, separators=(",", ":")) + "\n"
    (folder / "head.json").write_text(content, encoding="utf-8")
    # What `python -m serving.onnx_head` makes of it, for servers with the ONNX Runtime backend.
    model = head_model(head["weights"], head["bias"])
    files = {
        "head": _entry("head.json", "json", content.encode()),
        "model": _entry("model.onnx", "onnx", model),
    }
    manifest = json.dumps({"files": files}, indent=2) + "\n"
    (folder / "weights.json").write_text(manifest, encoding="utf-8")


def _entry(file: str, kind: str, content: bytes) -> dict[str, Any]:
    return {
        "file": file,
        "format": kind,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "license": "Apache-2.0",
    }


def main(arguments: Sequence[str]) -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(prog="python -m serving.train_sentiment")
    default = Path(__file__).resolve().parents[2] / "model_repo"
    parser.add_argument("--repository", type=Path, default=default)
    parser.add_argument("--output", type=Path, help="default: sentiment_head/1 there")
    options = parser.parse_args(arguments)
    labels, texts = read_sentences(Path(__file__).parent / "training/sentiment.tsv")
    embeddings = Embedder(options.repository).embed(texts)
    weights, bias = fit(embeddings, [TARGETS[each] for each in labels])
    output = options.output or options.repository / "sentiment_head/1"
    write_head(output, weights, bias)
    sys.stdout.write(f"{output}: trained on {len(texts)} sentences\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
