"""Answers of ``/v1/chat/completions`` and ``/v1/completions``, whole and in chunks."""

from typing import Literal

from pydantic import Field

from gateway.openai.schemas_common import Reply, Usage

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
TextFinish = Literal["stop", "length", "content_filter"]


class TopLogprob(Reply):
    """An alternative at the place of a token."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprobs(TopLogprob):
    """A token of the answer."""

    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(Reply):
    """Log probabilities of the tokens of an answer, or of a piece of it."""

    content: list[TokenLogprobs] | None
    refusal: None = None


class CalledFunction(Reply):
    """The function that the model calls."""

    name: str
    arguments: str = Field(description="JSON, as a string; cut short if the answer was.")


class CalledTool(Reply):
    """A call by the model."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class AnswerMessage(Reply):
    """What the model says."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    tool_calls: list[CalledTool] | None = None


class ChatChoice(Reply):
    """The answer, and why it ended."""

    index: int = 0
    message: AnswerMessage
    logprobs: ChoiceLogprobs | None = None
    finish_reason: Finish


class ChatCompletion(Reply):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChoice]
    usage: Usage


class CalledToolPiece(CalledTool):
    """A call by the model, whole."""

    index: int


class Delta(Reply):
    """What a chunk adds."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    tool_calls: list[CalledToolPiece] | None = None


class ChunkChoice(Reply):
    """What a chunk adds; the last one says why the answer ended."""

    index: int = 0
    delta: Delta
    logprobs: ChoiceLogprobs | None = None
    finish_reason: Finish | None = None


class ChatChunk(Reply):
    """An event of a streamed answer; with include_usage the last has no choices but usage."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: Usage | None = None


class TextLogprobs(Reply):
    """Log probabilities in the form of ``/v1/completions``."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]] | None
    text_offset: list[int]


class TextChoice(Reply):
    """The text, and why it ended; finish_reason is null in all chunks but the last."""

    index: int = 0
    text: str
    logprobs: TextLogprobs | None = None
    finish_reason: TextFinish | None


class Completion(Reply):
    """A completion, or a chunk of it."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    system_fingerprint: str
    choices: list[TextChoice]
    usage: Usage | None = None
