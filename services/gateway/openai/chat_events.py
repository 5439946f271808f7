"""From the pieces of an answer to the events of a chat's stream."""

from collections.abc import Sequence
from typing import Any

from gateway.contract import Piece, TokenLogprob
from gateway.openai.stream import Events
from gateway.openai.tools import Called, Offer, find_calls, forced_calls, may_be_call


def settled(text: str, finish: str, offered: Offer) -> tuple[str | None, list[Called], str]:
    """What a whole answer is: its text or None, its calls of tools, and why it ended."""
    if not offered.tools or finish == "content_filter":
        return text, [], finish
    calls = forced_calls(text, offered) if offered.forced else find_calls(text, offered)
    if calls:
        return None, calls, "tool_calls" if finish == "stop" else finish
    return "" if offered.forced else text, [], finish


def choice_logprobs(tokens: Sequence[TokenLogprob], wanted: int) -> list[dict[str, Any]]:
    """Log probabilities in the form of chat completions, with so many alternatives."""
    return [
        {
            **_logprob(token.token, token.logprob),
            "top_logprobs": [_logprob(text, value) for text, value in token.top[:wanted]],
        }
        for token in tokens
    ]


def _logprob(token: str, value: float) -> dict[str, Any]:
    return {"token": token, "logprob": value, "bytes": list(token.encode())}


class ChatEvents:
    """Takes an answer piece by piece, gives what is to be written.

    Text that may turn out to be a call of a tool is held back until that is clear; a call is sent
    whole, since nobody can use half of its arguments.
    """

    def __init__(self, events: Events, offered: Offer, *, logprobs: int | None) -> None:
        self._events = events
        self._offered = offered
        self._logprobs = logprobs
        self._holding = bool(offered.tools)
        self._held = ""
        self._tokens: list[dict[str, Any]] = []
        self._begun = False

    def feed(self, piece: Piece) -> bytes:
        """The events for a piece; empty if there is nothing to send yet."""
        if self._logprobs is not None:
            self._tokens += choice_logprobs(piece.logprobs, self._logprobs)
        text, finish = piece.text, piece.finish_reason
        calls: list[Called] = []
        if self._holding:
            self._held += text
            text = ""
            if finish:
                kept, calls, finish = settled(self._held, finish, self._offered)
                text = kept or ""
            elif not self._offered.forced and not may_be_call(self._held):
                self._holding, text = False, self._held
        out = b""
        if text or (self._tokens and not self._holding):
            out = self._content(text)
        if calls:
            out += self._calls(calls)
        if finish:
            out += self._choice({}, finish)
        if out and not self._begun:
            self._begun = True
            content = None if calls else ""
            out = self._choice({"role": "assistant", "content": content}) + out
        return out

    def _content(self, text: str) -> bytes:
        if self._logprobs is None:
            return self._events.content(text)
        tokens, self._tokens = self._tokens, []
        return self._choice({"content": text}, None, {"content": tokens, "refusal": None})

    def _calls(self, calls: Sequence[Called]) -> bytes:
        pieces = [
            {
                "index": index,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(calls)
        ]
        return self._choice({"tool_calls": pieces})

    def _choice(
        self, delta: dict[str, Any], finish: str | None = None, logprobs: Any = None
    ) -> bytes:
        return self._events.choice(
            {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        )
