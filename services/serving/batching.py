"""Models of Triton's Python backend that answer batches."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.backend import (
    Settings,
    leave_with_server,
    read_settings,
    require,
    triton,
    version_folder,
)
from serving.weights import WeightsError, load_weights


class BatchModel:
    """A model that answers every request of a batch by itself or with others.

    Attributes:
        weights: Names in the manifest of what the model loads.
    """

    weights: tuple[str, ...] = ()

    def initialize(self, args: dict[str, str]) -> None:
        """Check the weights and load them."""
        leave_with_server()
        try:
            folder = version_folder(args)
            files = load_weights(folder, *self.weights) if self.weights else {}
        except WeightsError as error:
            raise triton().TritonModelException(str(error)) from error
        self.load(files, read_settings(args))

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready."""
        raise NotImplementedError

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        raise NotImplementedError

    def finalize(self) -> None:
        """Nothing has to be given back."""


def run_together(
    requests: Sequence[Any], names: Sequence[str], output: str, run: Callable[[Any], Any]
) -> list[Any]:
    """Answer requests in one run for every shape among them.

    Args:
        requests: Each a batch of its own.
        names: Inputs; their first dimension is the batch.
        output: Name of the output.
        run: Takes the inputs by name, gives the output.
    """
    given = [[require(request, name) for name in names] for request in requests]
    groups: dict[tuple[int, ...], list[int]] = {}
    for at, arrays in enumerate(given):
        groups.setdefault(arrays[0].shape[1:], []).append(at)
    results: list[Any] = [None] * len(requests)
    for members in groups.values():
        inputs = {
            name: np.concatenate([given[at][place] for at in members])
            for place, name in enumerate(names)
        }
        values = run(inputs)
        ends = np.cumsum([len(given[at][0]) for at in members])[:-1]
        for at, part in zip(members, np.split(values, ends), strict=True):
            results[at] = response({output: part})
    return results


def each_response(request: Any, answer: Callable[[Any], dict[str, Any]]) -> Any:
    """The response to one request; a ValueError is told to the client alone."""
    utilities = triton()
    try:
        return response(answer(request))
    except ValueError as error:
        refusal = utilities.TritonError(str(error), utilities.TritonError.INVALID_ARG)
        return utilities.InferenceResponse(error=refusal)


def response(outputs: dict[str, Any]) -> Any:
    """A response with these tensors."""
    utilities = triton()
    return utilities.InferenceResponse(
        [utilities.Tensor(name, np.ascontiguousarray(value)) for name, value in outputs.items()]
    )
