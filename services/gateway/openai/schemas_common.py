"""What the requests and answers of several routes have in common."""

from enum import StrEnum
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo


class Support(StrEnum):
    """What the gateway does with a parameter."""

    YES = "used"
    IGNORED = "ignored"
    """Accepted because clients send it; it has no bearing on the answer here."""
    REFUSED = "refused"
    """Would change the answer, which this gateway cannot do; only its neutral values pass."""


class Body(BaseModel):
    """A request's body, or a part of it: types are not converted, unknown fields are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Reply(BaseModel):
    """An answer, or a part of it."""

    model_config = ConfigDict(frozen=True)


def used(default: Any = None, **how: Any) -> Any:
    """A parameter that is used; `how` as for `pydantic.Field`."""
    return Field(default=default, json_schema_extra={"x-support": Support.YES}, **how)


def ignored(**how: Any) -> Any:
    """A parameter that is accepted and has no effect."""
    return Field(default=None, json_schema_extra={"x-support": Support.IGNORED}, **how)


def refused(**how: Any) -> Any:
    """A parameter of which only neutral values pass."""
    return Field(default=None, json_schema_extra={"x-support": Support.REFUSED}, **how)


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it must not hold the character NUL")
    return text


def no_tokens(value: object) -> object:
    """Refuse lists of tokens in words of their own, where text is wanted."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        first = next(iter(items), None)
        if isinstance(first, int | list):
            raise ValueError("lists of tokens are not supported; send text")
        return items
    return value


_NO_NUL: JsonDict = {"pattern": r"^[^\u0000]*$"}
Text = Annotated[str, AfterValidator(_no_nul), Field(json_schema_extra=_NO_NUL)]
Name = Annotated[Text, Field(max_length=256)]
Metadata = Annotated[dict[str, Annotated[str, Field(max_length=512)]], Field(max_length=16)]
StopText = Annotated[Text, Field(min_length=1, max_length=256)]
Stop = StopText | Annotated[list[StopText], Field(max_length=4)]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(gt=0, le=1)]
TopK = Annotated[int, Field(ge=1, le=1000)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class StreamOptions(Body):
    """Options of a stream."""

    include_usage: bool | None = Field(
        default=None, description="Send one more chunk, with the numbers of tokens, at the end."
    )
    include_obfuscation: bool | None = Field(
        default=None, description="Accepted and ignored: nothing is padded."
    )


class Usage(Reply):
    """Numbers of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ErrorBody(Reply):
    """What is wrong."""

    message: str = Field(description="What is wrong and what is allowed.")
    type: str = Field(description="Class of the error, as OpenAI names it.")
    param: str | None = Field(description="Path of the offending field, as in messages[1].content.")
    code: str | None = Field(description="Short machine-readable reason.")


class ErrorEnvelope(Reply):
    """The body of every answer that is not a success."""

    error: ErrorBody


class ModelCard(Reply):
    """A model that can be asked for."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(Reply):
    """The models that the key may ask for."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


def support_of(model: type[BaseModel]) -> dict[str, Support]:
    """What the gateway does with each parameter of a request."""
    return {name: support(field) for name, field in model.model_fields.items()}


def support(field: FieldInfo) -> Support:
    """What the gateway does with one parameter."""
    extra: Any = field.json_schema_extra
    marks = cast("dict[str, Any]", extra) if isinstance(extra, dict) else {}
    return Support(marks.get("x-support", Support.YES))
