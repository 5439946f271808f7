"""Arithmetic of the embedding model: padding, pooling, length 1. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

BUCKETS = (16, 32, 64, 128, 256)
"""Lengths that texts are padded to. Triton batches requests of one shape only, so few lengths
mean full batches; and every length that a model has not seen yet costs it a slow first run."""


def bucket(length: int) -> int:
    """The length that a text of so many tokens is padded to."""
    return next((size for size in BUCKETS if length <= size), BUCKETS[-1])


def pad(rows: Sequence[Sequence[int]], width: int) -> Any:
    """Rows of tokens as one INT64 array, with zeros at the end."""
    padded = np.zeros((len(rows), width), dtype=np.int64)
    for at, row in enumerate(rows):
        padded[at, : len(row)] = row
    return padded


def pool(hidden: Any, mask: Any) -> Any:
    """Vectors of texts: the mean over their tokens, of length 1.

    Args:
        hidden: FP32, [texts, tokens, width].
        mask: 1 for tokens, 0 for padding, [texts, tokens].
    """
    weights = mask.astype(np.float32)[:, :, None]
    sums = (hidden * weights).sum(axis=1)
    means = sums / np.maximum(weights.sum(axis=1), 1)
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
