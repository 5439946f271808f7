"""The request of ``/v1/completions``: raw text goes on, without a chat template."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateway.openai.schemas_common import (
    Body,
    Count,
    Name,
    Penalty,
    Seed,
    Stop,
    StreamOptions,
    Temperature,
    Text,
    TopK,
    TopP,
    ignored,
    no_tokens,
    refused,
    used,
)

Prompt = Annotated[Text, Field(min_length=1)]
OnePrompt = Annotated[
    Prompt | Annotated[list[Prompt], Field(min_length=1, max_length=1)], BeforeValidator(no_tokens)
]


class CompletionRequest(Body):
    """A text, and how it is to go on."""

    model: Name = used(...)
    prompt: OnePrompt = used(..., description="One text; lists of tokens are not supported.")
    max_tokens: Count | None = used(description="16 if not given.")
    temperature: Temperature | None = used()
    top_p: TopP | None = used()
    top_k: TopK | None = used(description="Not of OpenAI; the k likeliest tokens only.")
    seed: Seed | None = used()
    stop: Stop | None = used()
    frequency_penalty: Penalty | None = used()
    presence_penalty: Penalty | None = used()
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = used()
    stream: bool | None = used()
    stream_options: StreamOptions | None = used()

    user: Name | None = ignored()

    n: Literal[1] | None = refused(description="One answer a request.")
    best_of: Literal[1] | None = refused(description="One answer a request.")
    echo: Literal[False] | None = refused()
    suffix: Literal[""] | None = refused()
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = refused()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream: true")
        return self
