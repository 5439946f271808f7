"""Models of kind chat reached by the protocol: their text passes the guards, and is counted.

Such a model has the tensors of Triton's vLLM backend, whoever asks for it. What the gateway needs
of an answer is asked for on top, and taken out again.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from gateway.contract import Call, Message, Piece
from gateway.errors import InvalidRequestError
from gateway.openai.estimate import check_context, likely_tokens
from gateway.protocol.calls import Calls, Served
from gateway.upstream import messages, tensors

PROMPT = "text_input"
ANSWER = "text_output"
_NEEDED = {
    "return_finish_reason": "finish_reason",
    "return_num_input_tokens": "num_input_tokens",
    "return_num_output_tokens": "num_output_tokens",
}
"""Inputs that ask for an output, and that output."""


class ChatRequest:
    """A request to a model of kind chat.

    Attributes:
        request: The ``ModelInferRequest`` for Triton.
        prompt_tokens: A guess at the tokens of the prompt.
        reserved_tokens: It will use so many at most, as far as that can be said beforehand.
        stream: Whether it is to be answered piece by piece.
        hidden: Outputs that the client did not ask for.
    """

    def __init__(self, call: Call, request: Any) -> None:
        self._call = call
        self.request = request
        self._inputs = {each.name: index for index, each in enumerate(request.inputs)}
        self._prompt = self._text(PROMPT)
        if "\0" in self._prompt:
            raise InvalidRequestError(f"{PROMPT}: text must not contain NUL", param=PROMPT)
        check_context([self._prompt], call.model, PROMPT)
        self.prompt_tokens = likely_tokens([self._prompt])
        self.reserved_tokens = self.prompt_tokens + self._most_tokens()
        self.stream = self._flag("stream")
        self.hidden: set[str] = set()

    def _text(self, name: str) -> str:
        """The text in an input of one element.

        Raises:
            InvalidRequestError: It is not text.
        """
        index = self._inputs[name]
        raw = self.request.raw_input_contents
        contents = (
            list(_elements(raw[index]))
            if raw
            else list(self.request.inputs[index].contents.bytes_contents)
        )
        try:
            return b"".join(contents).decode()
        except UnicodeDecodeError:
            raise InvalidRequestError(f"{name}: is not text in UTF-8", param=name) from None

    def _flag(self, name: str) -> bool:
        index = self._inputs.get(name)
        if index is None:
            return False
        raw = self.request.raw_input_contents
        if raw:
            return raw[index] != b"\0"
        return any(self.request.inputs[index].contents.bool_contents)

    def _most_tokens(self) -> int:
        longest = self._call.model.max_output_tokens
        asked: Any = None
        if "sampling_parameters" in self._inputs:
            try:
                found: Any = json.loads(self._text("sampling_parameters") or "{}")
            except json.JSONDecodeError:
                raise InvalidRequestError(
                    "sampling_parameters: is not JSON", param="sampling_parameters"
                ) from None
            if not isinstance(found, dict):
                raise InvalidRequestError(
                    "sampling_parameters: must be a JSON object", param="sampling_parameters"
                )
            asked = cast("dict[str, Any]", found).get("max_tokens")
        elif "max_tokens" in self.request.parameters:
            asked = self.request.parameters["max_tokens"].int64_param
        return min(asked, longest) if type(asked) is int and asked > 0 else longest

    async def guard(self, calls: Calls) -> None:
        """Let the guards see the prompt; it is masked where they mask.

        Raises:
            BlockedError: They refuse it.
        """
        kept = await calls.parts.guards.prompt(self._call, [Message("user", self._prompt)])
        text = "".join(each.content for each in kept if each.role == "user")
        if text != self._prompt:
            self._set_text(PROMPT, text)

    def _set_text(self, name: str, text: str) -> None:
        index = self._inputs[name]
        if self.request.raw_input_contents:
            self.request.raw_input_contents[index] = tensors.pack_texts([text])
        else:
            self.request.inputs[index].contents.bytes_contents[:] = [text.encode()]

    def complete(self) -> None:
        """Ask for what the gateway itself needs to know of the answer."""
        for flag, output in _NEEDED.items():
            if self._flag(flag):
                continue
            self.hidden.add(output)
            if flag in self._inputs:
                index = self._inputs[flag]
                if self.request.raw_input_contents:
                    self.request.raw_input_contents[index] = b"\1"
                else:
                    self.request.inputs[index].contents.bool_contents[:] = [True]
                continue
            added = self.request.inputs.add(name=flag, datatype="BOOL", shape=[1])
            if self.request.raw_input_contents:
                self.request.raw_input_contents.append(b"\1")
            else:
                added.contents.bool_contents.append(True)
        if self.request.outputs:
            wanted = {each.name for each in self.request.outputs}
            for output in {*_NEEDED.values(), ANSWER} - wanted:
                self.hidden.add(output)
                self.request.outputs.add(name=output)


class ChatAnswer:
    """The answer to a `ChatRequest`, response by response."""

    def __init__(self, calls: Calls, served: Served, asked: ChatRequest) -> None:
        self._guard = calls.parts.guards.output(served.call)
        self._served = served
        self._hidden = asked.hidden
        self._prompt_tokens = asked.prompt_tokens
        self._output_tokens = 0

    def pass_on(self, response: Any) -> Any:
        """A response as the client may see it.

        Raises:
            BlockedError: The answer must end here.
        """
        piece = tensors.piece(response)
        if piece is None:
            return response
        self._count(piece)
        text = self._guard.feed(piece.text)
        if piece.finish_reason:
            text += self._guard.end()
        shown = messages.ModelInferResponse(
            model_name=response.model_name, model_version=response.model_version, id=response.id
        )
        for name, parameter in response.parameters.items():
            shown.parameters[name].CopyFrom(parameter)
        for output, raw in zip(response.outputs, response.raw_output_contents, strict=True):
            if output.name not in self._hidden:
                shown.outputs.add().CopyFrom(output)
                shown.raw_output_contents.append(
                    tensors.pack_texts([text]) if output.name == ANSWER else raw
                )
        return shown

    def _count(self, piece: Piece) -> None:
        self._prompt_tokens = piece.prompt_tokens or self._prompt_tokens
        self._output_tokens += piece.output_tokens
        self._served.tokens = self._prompt_tokens + self._output_tokens
        self._served.finish_reason = piece.finish_reason
        self._served.watch.piece(piece)


def _elements(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 4], "little")
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length
