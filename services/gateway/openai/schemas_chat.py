"""The request of ``/v1/chat/completions``."""

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from gateway.openai.schemas_common import (
    Body,
    Count,
    Metadata,
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
    refused,
    used,
)

FUNCTION_NAME = r"^[A-Za-z0-9_-]{1,64}$"
FunctionName = Annotated[str, Field(pattern=FUNCTION_NAME)]
JsonObject = dict[str, Any]


class TextPart(Body):
    """Text as a part of a message."""

    type: Literal["text"]
    text: Text
    prompt_cache_breakpoint: JsonObject | None = ignored()


class RefusalPart(Body):
    """What an assistant said when it refused; read as text."""

    type: Literal["refusal"]
    refusal: Text


TextParts = Annotated[list[TextPart], Field(min_length=1, max_length=256)]
SpokenPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class SystemMessage(Body):
    """What the assistant is told before the conversation; ``developer`` is the same."""

    role: Literal["system", "developer"]
    content: Text | TextParts
    name: Name | None = ignored()


class UserMessage(Body):
    """What the user says."""

    role: Literal["user"]
    content: Text | TextParts
    name: Name | None = ignored()


class FunctionCall(Body):
    """The function that was called."""

    name: FunctionName
    arguments: Text = Field(description="JSON, as a string.")


class ToolCall(Body):
    """A call that the assistant made."""

    id: Name
    type: Literal["function"]
    function: FunctionCall


class AssistantMessage(Body):
    """What the assistant said: text, calls of tools, or both."""

    role: Literal["assistant"]
    content: Text | Annotated[list[SpokenPart], Field(min_length=1, max_length=256)] | None = None
    name: Name | None = ignored()
    refusal: Text | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=128)] | None = None
    audio: None = refused()
    function_call: None = refused()
    annotations: list[Any] | None = ignored()


class ToolMessage(Body):
    """What a tool answered."""

    role: Literal["tool"]
    content: Text | TextParts
    tool_call_id: Name


ChatMessage = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]


class FunctionDefinition(Body):
    """A function that the model may call."""

    name: FunctionName
    description: Text | None = None
    parameters: JsonObject | None = Field(default=None, description="JSON schema of an object.")
    strict: bool | None = Field(
        default=None, description="Arguments of a forced call always follow the schema."
    )


class Tool(Body):
    """A tool that the model may call: a function."""

    type: Literal["function"]
    function: FunctionDefinition


class ChosenFunction(Body):
    """Name of the function that must be called."""

    name: FunctionName


class ToolChoice(Body):
    """The function that must be called."""

    type: Literal["function"]
    function: ChosenFunction


class TextFormat(Body):
    """Plain text, the default."""

    type: Literal["text"]


class JsonFormat(Body):
    """Some JSON object."""

    type: Literal["json_object"]


class SchemaDefinition(Body):
    """The schema that the answer must follow."""

    name: FunctionName
    description: Text | None = None
    schema_: JsonObject = Field(
        validation_alias=AliasChoices("schema"), serialization_alias="schema"
    )
    strict: bool | None = None


class SchemaFormat(Body):
    """JSON that follows a schema."""

    type: Literal["json_schema"]
    json_schema: SchemaDefinition


ResponseFormat = Annotated[TextFormat | JsonFormat | SchemaFormat, Field(discriminator="type")]


class ChatRequest(Body):
    """A conversation, and how its next message is to be drawn."""

    model: Name = used(...)
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1024)] = used(...)
    max_completion_tokens: Count | None = used()
    max_tokens: Count | None = used(description="Older name of max_completion_tokens.")
    temperature: Temperature | None = used()
    top_p: TopP | None = used()
    top_k: TopK | None = used(description="Not of OpenAI; the k likeliest tokens only.")
    seed: Seed | None = used()
    stop: Stop | None = used()
    frequency_penalty: Penalty | None = used()
    presence_penalty: Penalty | None = used()
    logprobs: bool | None = used()
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = used()
    response_format: ResponseFormat | None = used()
    tools: Annotated[list[Tool], Field(max_length=128)] | None = used()
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = used()
    parallel_tool_calls: bool | None = used(description="false: at most one call an answer.")
    stream: bool | None = used()
    stream_options: StreamOptions | None = used()

    user: Name | None = ignored()
    safety_identifier: Name | None = ignored()
    metadata: Metadata | None = ignored()
    service_tier: Name | None = ignored()
    prediction: JsonObject | None = ignored()
    prompt_cache_key: Name | None = ignored()
    prompt_cache_options: JsonObject | None = ignored()
    prompt_cache_retention: Name | None = ignored()

    n: Literal[1] | None = refused(description="One answer a request.")
    modalities: list[Literal["text"]] | None = refused(description="Text only.")
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = refused()
    store: Literal[False] | None = refused(description="Nothing is stored.")
    audio: None = refused()
    functions: None = refused(description="Use tools.")
    function_call: None = refused(description="Use tool_choice.")
    moderation: None = refused()
    reasoning_effort: Literal["none"] | None = refused()
    verbosity: Literal["medium"] | None = refused()
    web_search_options: None = refused()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs: true")
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream: true")
        newer, older = self.max_completion_tokens, self.max_tokens
        if newer is not None and older is not None and newer != older:
            raise ValueError("max_tokens and max_completion_tokens differ; give one of them")
        choice = self.tool_choice
        if choice in {None, "none"}:
            return self
        if not self.tools:
            raise ValueError("tool_choice needs tools")
        if isinstance(choice, ToolChoice):
            names = [tool.function.name for tool in self.tools]
            if choice.function.name not in names:
                raise ValueError("tool_choice names a function that is not among the tools")
        return self
