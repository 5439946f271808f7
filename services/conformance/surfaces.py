"""The three surfaces that a model server may have: how each is asked and what it answers. Pure.

``openai``: chat completions of OpenAI's API. ``generate``: a text model of the Open Inference
Protocol v2, by Triton's generate extension. ``tensors``: any other model of that protocol.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from conformance.bodies import at
from conformance.inference import Generate, Tensors

END = "[DONE]"
"""Data of the last event of OpenAI's streams."""


class Surface(Protocol):
    """How a server is asked."""

    @property
    def name(self) -> str:
        """Name of the surface, as it is chosen by."""
        ...

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def description(self) -> str:
        """Path that says what the model is."""
        ...

    @property
    def path(self) -> str:
        """Path of questions."""
        ...

    @property
    def stream_path(self) -> str:
        """Path of questions whose answers are streamed; empty where there is no such thing."""
        ...

    @property
    def tells_finish(self) -> bool:
        """Whether the last piece of a stream says why the answer ends."""
        ...

    @property
    def ends_by_word(self) -> bool:
        """Whether a stream ends with an event of its own."""
        ...

    def question(self, tokens: int, *, stream: bool = False) -> dict[str, Any]:
        """Body of a question whose answer has so many tokens at most."""
        ...

    def wrong(self) -> Sequence[tuple[str, bytes]]:
        """Bodies that must be refused: what is wrong with each, and the body."""
        ...

    def extreme(self) -> Sequence[tuple[str, bytes]]:
        """Bodies that may be answered or refused, but break nothing."""
        ...

    def elsewhere(self) -> tuple[str, dict[str, Any]]:
        """Path and body of a question to a model that the server does not have."""
        ...

    def problem(self, answer: Any) -> str:
        """What is wrong with the body of an answer; empty if nothing is."""
        ...

    def text_of(self, event: Any) -> str | None:
        """The piece of text in an event of a stream; None where the event is none."""
        ...

    def is_last(self, event: Any) -> bool:
        """Whether an event says that the answer is finished."""
        ...


def of_description(model: str, described: Any) -> Surface | str:
    """The surface of a model of the Open Inference Protocol, by how the server describes it.

    Returns:
        The surface, or what is wrong with the description.
    """
    inputs: Any = at(described, "inputs")
    if not isinstance(inputs, list) or not inputs:
        return f"the description of {model} has no list of inputs"
    listed = cast("list[Any]", inputs)
    wanted = {"name": str, "datatype": str, "shape": list}
    for each in listed:
        if not all(isinstance(at(each, key), kind) for key, kind in wanted.items()):
            return f"an input of {model} lacks a name, a datatype or a shape"
    names = {each["name"] for each in listed}
    if "text_input" in names:
        return Generate(model, "sampling_parameters" in names, "return_finish_reason" in names)
    return Tensors(model, listed)


def listed_models(answer: Any) -> list[str]:
    """Names in OpenAI's list of models, or in the list of the Open Inference Protocol."""
    names: list[Any] = []
    for key, name in (("data", "id"), ("models", "name")):
        rows: Any = at(answer, key)
        if isinstance(rows, list):
            names += [at(row, name) or row for row in cast("list[Any]", rows)]
    return [name for name in names if isinstance(name, str)]
