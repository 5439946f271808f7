"""Which vectors are near: every one is looked at, in one multiplication."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Entry = TypeVar("Entry")

ROOM = 16
"""Vectors that there is room for at first; doubled when it is used up."""


class VectorIndex(Generic[Entry]):
    """Vectors of length 1, each with what it stands for.

    Exact: 10,000 vectors of 384 numbers are 15 MB, read in about a millisecond, so an
    approximate index would save nothing that counts and miss some.
    """

    def __init__(self, dimensions: int) -> None:
        self._vectors = np.empty((ROOM, dimensions), np.float32)
        self._entries: list[Entry] = []
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self._vectors.shape[1]

    def add(self, vector: Vector, entry: Entry) -> None:
        """Add a vector of length 1."""
        place = len(self._entries)
        if place == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        self._vectors[place] = vector
        self._entries.append(entry)
        self._place[id(entry)] = place

    def remove(self, entry: Entry) -> None:
        """Remove an entry; the last one takes its place."""
        place = self._place.pop(id(entry))
        last = self._entries.pop()
        if last is entry:
            return
        self._vectors[place] = self._vectors[len(self._entries)]
        self._entries[place] = last
        self._place[id(last)] = place

    def search(self, vector: Vector, threshold: float, most: int) -> list[tuple[float, Entry]]:
        """The nearest entries whose cosine reaches `threshold`, nearest first, `most` of them."""
        scores = _cosines(self._vectors[: len(self._entries)], vector)
        places = np.flatnonzero(scores >= threshold)
        nearest = places[np.argsort(-scores[places], kind="stable")[:most]]
        return [(float(scores[each]), self._entries[int(each)]) for each in nearest]


def _cosines(vectors: Vector, vector: Vector) -> Vector:
    # not by @: its library shares the work among threads, and waits for each on busy cores
    numpy: Any = np
    return numpy.einsum("ij,j->i", vectors, vector)
