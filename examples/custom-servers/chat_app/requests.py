"""Requests for chat completions: read, checked, written as the model reads them. Pure."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chat_app.chat import LIMITS, NAME

_MARKS = ("<|im_start|>", "<|im_end|>")


class WrongRequestError(Exception):
    """A request that is refused; `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Message(BaseModel):
    """One turn."""

    model_config = ConfigDict(strict=True)
    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(BaseModel):
    """What is taken of OpenAI's request; other fields mean nothing here."""

    model_config = ConfigDict(strict=True)
    model: str
    messages: list[Message] = Field(min_length=1)
    max_tokens: int = Field(default=128, ge=1, le=LIMITS.max_tokens)
    temperature: float = Field(default=1.0, ge=0, le=2)
    stream: bool = False

    def sampling(self) -> bytes:
        """Sampling parameters by vLLM's names."""
        drawn = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        return json.dumps(drawn).encode()

    def prompt(self) -> str:
        """The conversation in the model's template; its marks in a message mean nothing."""
        text = ""
        for each in self.messages:
            content = each.content
            for mark in _MARKS:
                content = content.replace(mark, "")
            text += f"<|im_start|>{each.role}\n{content}<|im_end|>\n"
        return text + "<|im_start|>assistant\n"


def read(body: bytes) -> ChatRequest:
    """Read a request.

    Raises:
        WrongRequestError: It is none; names everything that is wrong.
    """
    try:
        loaded: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongRequestError(400, "the body is no JSON") from None
    try:
        asked = ChatRequest.model_validate(loaded)
    except ValidationError as error:
        told = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise WrongRequestError(400, "; ".join(told)) from None
    if asked.model != NAME:
        raise WrongRequestError(404, f"no model {asked.model!r}; allowed: {NAME}")
    return asked
