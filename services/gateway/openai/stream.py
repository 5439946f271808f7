"""Server-sent events of a streamed answer: what does not change is written once."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import GatewayError
from gateway.openai.errors import envelope
from gateway.openai.schemas_common import Usage

DONE = b"data: [DONE]\n\n"


def error_event(error: GatewayError) -> bytes:
    """An error in the middle of a stream: the last event, no ``[DONE]`` follows."""
    return b"data: " + envelope(error) + b"\n\n"


class Events:
    """The events of one stream.

    Args:
        head: Fields of every chunk: id, object, created, model, system_fingerprint.
        with_usage: Whether the client wants the numbers of tokens at the end.
    """

    def __init__(self, head: Mapping[str, Any], *, with_usage: bool) -> None:
        self._begin = b"data: " + orjson.dumps(head)[:-1] + b',"choices":['
        self._with_usage = with_usage
        self._end = b'],"usage":null}\n\n' if with_usage else b"]}\n\n"
        self._delta = self._begin + b'{"index":0,"delta":{"content":'
        self._text = self._begin + b'{"index":0,"text":'
        self._rest = b'"logprobs":null,"finish_reason":null}' + self._end

    def choice(self, choice: Mapping[str, Any]) -> bytes:
        """A chunk with any choice."""
        return self._begin + orjson.dumps(choice) + self._end

    def content(self, text: str) -> bytes:
        """A chunk of a chat's answer that is nothing but text; the usual one."""
        return self._delta + orjson.dumps(text) + b"}," + self._rest

    def text(self, text: str) -> bytes:
        """A chunk of a completion that is nothing but text."""
        return self._text + orjson.dumps(text) + b"," + self._rest

    def last(self, usage: Usage) -> bytes:
        """The end of a whole answer: numbers of tokens, if they are wanted, and ``[DONE]``."""
        if not self._with_usage:
            return DONE
        numbers = orjson.dumps(usage.model_dump())
        return self._begin + b'],"usage":' + numbers + b"}\n\n" + DONE
