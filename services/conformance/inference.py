"""The Open Inference Protocol v2 as a surface: text models and models of tensors. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from conformance.bodies import BEGINNING, FINISHED, UNKNOWN_MODEL, as_json, at, malformed, texts

_ZERO: Mapping[str, Any] = {"BOOL": False, "BYTES": "a"}


@dataclass(frozen=True)
class Generate:
    """A text model by the generate extension.

    Attributes:
        model: Its name.
        sampling: Whether it has Triton's input for sampling parameters; others take parameters.
        tells_finish: Whether it can tell why an answer ended.
    """

    model: str
    sampling: bool = False
    tells_finish: bool = False
    name = "generate"
    ends_by_word = False

    @property
    def description(self) -> str:
        """See `Surface`."""
        return f"/v2/models/{self.model}"

    @property
    def path(self) -> str:
        """See `Surface`."""
        return f"/v2/models/{self.model}/generate"

    @property
    def stream_path(self) -> str:
        """See `Surface`."""
        return f"/v2/models/{self.model}/generate_stream"

    def question(self, tokens: int, *, stream: bool = False) -> dict[str, Any]:
        """See `Surface`."""
        drawn = {"max_tokens": tokens, "temperature": 0}
        body: dict[str, Any] = {"text_input": BEGINNING}
        if not self.sampling:
            return {**body, "parameters": {**drawn, "stream": stream}}
        if self.tells_finish:
            body["return_finish_reason"] = True
        return {**body, "stream": stream, "sampling_parameters": json.dumps(drawn)}

    def wrong(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        good = self.question(1)
        drawn = {"max_tokens": "many"}
        changed: Sequence[tuple[str, Any]] = (
            ("text_input missing", {key: good[key] for key in good if key != "text_input"}),
            ("text_input a number", {**good, "text_input": 5}),
            ("text_input an object", {**good, "text_input": {}}),
            (
                "max_tokens a text",
                {**good, "sampling_parameters": json.dumps(drawn)}
                if self.sampling
                else {**good, "parameters": drawn},
            ),
        )
        return [*malformed(), *((what, as_json(body)) for what, body in changed)]

    def extreme(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        return [(what, as_json({**self.question(1), "text_input": text})) for what, text in texts()]

    def elsewhere(self) -> tuple[str, dict[str, Any]]:
        """See `Surface`."""
        return f"/v2/models/{UNKNOWN_MODEL}/generate", self.question(1)

    def problem(self, answer: Any) -> str:
        """See `Surface`."""
        return "" if isinstance(at(answer, "text_output"), str) else "text_output is no text"

    def text_of(self, event: Any) -> str | None:
        """See `Surface`."""
        text = at(event, "text_output")
        return text if isinstance(text, str) else None

    def is_last(self, event: Any) -> bool:
        """See `Surface`."""
        return at(event, "finish_reason") in FINISHED


@dataclass(frozen=True)
class Tensors:
    """A model of tensors; there are no streams.

    Attributes:
        model: Its name.
        inputs: As the server describes them.
    """

    model: str
    inputs: Sequence[Mapping[str, Any]]
    name = "tensors"
    stream_path = ""
    tells_finish = False
    ends_by_word = False

    @property
    def description(self) -> str:
        """See `Surface`."""
        return f"/v2/models/{self.model}"

    @property
    def path(self) -> str:
        """See `Surface`."""
        return f"/v2/models/{self.model}/infer"

    def question(self, tokens: int, *, stream: bool = False) -> dict[str, Any]:
        """Tensors of zeros; neither argument means anything here."""
        del tokens, stream
        return {"inputs": [self._tensor(each) for each in self.inputs]}

    def wrong(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        first = self._tensor(self.inputs[0])
        changed: Sequence[tuple[str, Any]] = (
            ("inputs missing", {}),
            ("inputs empty", {"inputs": []}),
            ("input unknown", {"inputs": [{**first, "name": "no-such-input"}]}),
            ("datatype unknown", {"inputs": [{**first, "datatype": "FP7"}]}),
            ("more data than the shape has", {"inputs": [{**first, "data": first["data"] * 3}]}),
            ("shape negative", {"inputs": [{**first, "shape": [-5] * len(first["shape"])}]}),
        )
        return [*malformed(), *((what, as_json(body)) for what, body in changed)]

    def extreme(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        return [("shape enormous", as_json(self._enormous()))]

    def elsewhere(self) -> tuple[str, dict[str, Any]]:
        """See `Surface`."""
        return f"/v2/models/{UNKNOWN_MODEL}/infer", self.question(1)

    def problem(self, answer: Any) -> str:
        """See `Surface`."""
        outputs: Any = at(answer, "outputs")
        if not isinstance(outputs, list) or not outputs:
            return "outputs is no list of tensors"
        names = [at(each, "name") for each in cast("list[Any]", outputs)]
        return "" if all(isinstance(name, str) for name in names) else "an output has no name"

    def text_of(self, event: Any) -> str | None:
        """See `Surface`."""
        del event
        return None

    def is_last(self, event: Any) -> bool:
        """See `Surface`."""
        del event
        return False

    def _tensor(self, described: Mapping[str, Any]) -> dict[str, Any]:
        shape = [max(size, 1) for size in described["shape"]]
        count = 1
        for size in shape:
            count *= size
        zero = _ZERO.get(described["datatype"], 0)
        return {
            "name": described["name"],
            "datatype": described["datatype"],
            "shape": shape,
            "data": [zero] * count,
        }

    def _enormous(self) -> dict[str, Any]:
        first = self._tensor(self.inputs[0])
        return {"inputs": [{**first, "shape": [2**62] * len(first["shape"])}]}
