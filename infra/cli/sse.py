"""Server-sent events, and what the chunks of a chat answer say. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

DONE = "[DONE]"
LONGEST_EVENT = 4 * 1024 * 1024
"""Bytes after which a stream without an end of event is given up."""


class StreamError(Exception):
    """What came is no stream of chat chunks, or says that the answer failed."""


class EventReader:
    """Takes bytes as the network cuts them and gives the data of every whole event.

    Lines end with LF, CR LF or CR, as the format allows; a cut may fall anywhere, in the middle
    of a character as well.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._after_cr = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The data of the events that `data` completes.

        Raises:
            StreamError: An event is longer than any answer's, or no UTF-8.
        """
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        if data:
            self._after_cr = data.endswith(b"\r")
        lines = (self._rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_EVENT:
            raise StreamError("the server sends an event without end")
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def _line(self, line: bytes) -> str | None:
        if not line:
            whole, self._data = self._data, []
            return "\n".join(whole) if whole else None
        name, _, value = line.partition(b":")
        if name == b"data":
            try:
                self._data.append(value.removeprefix(b" ").decode())
            except UnicodeDecodeError as error:
                raise StreamError("the server sends what is no text") from error
        return None


@dataclass(frozen=True)
class ChatDelta:
    """What one chunk of an answer adds.

    Attributes:
        text: A piece of the answer; may be empty.
        finish_reason: Why it is over; empty while it goes on.
        prompt_tokens: Tokens of the prompt; None where the chunk does not say.
        completion_tokens: Tokens of the answer; None where the chunk does not say.
    """

    text: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def parse_chunk(data: str) -> ChatDelta:
    """Read the data of one event.

    Raises:
        StreamError: It is no chunk, or an error that came after the answer had begun.
    """
    try:
        chunk: Any = json.loads(data)
    except ValueError as error:
        raise StreamError("the server sends a chunk that is not JSON") from error
    if isinstance(chunk, dict) and "error" in chunk:
        raise StreamError(error_message(chunk) or "the server says that the answer failed")
    try:
        return _delta(chunk)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise StreamError("the server sends a chunk of another form than OpenAI's") from error


def _delta(chunk: Any) -> ChatDelta:
    choices: Any = chunk.get("choices") or []
    usage: Any = chunk.get("usage") or {}
    text = reason = ""
    if choices:
        delta: Any = choices[0].get("delta") or {}
        text, reason = delta.get("content") or "", choices[0].get("finish_reason") or ""
    tokens = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return ChatDelta(str(text), str(reason), *tokens)


def error_message(body: Any) -> str:
    """The message of an error in OpenAI's form or in Triton's; empty when there is none."""
    if not isinstance(body, dict):
        return ""
    error: Any = cast("dict[str, Any]", body).get("error")
    if isinstance(error, dict):
        error = cast("dict[str, Any]", error).get("message")
    return error if isinstance(error, str) else ""
