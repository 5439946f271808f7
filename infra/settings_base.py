"""What the models of a stack file are made of: their base, and the forms of single values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


class UnjudgedError(Exception):
    """A setting was asked for that the stack file lacks or has in a wrong form.

    Rules over several settings run also when some are wrong; one that needs such a setting
    cannot be judged and is passed over, since the setting's own problem is told anyway.
    """


class Room(BaseModel):
    """Base of every room: immutable, unknown keys refused, camelCase in the file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="constants",
    )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Called for what is not there: a field only when it could not be read."""
            if name in type(self).model_fields:
                raise UnjudgedError(name)
            return super().__getattr__(name)


AnyRoom = TypeVar("AnyRoom", bound=Room)


def partly(room: type[AnyRoom], fields: Mapping[str, Any]) -> AnyRoom:
    """A room of these fields alone, unchecked; to ask it for another raises `UnjudgedError`."""
    made = room.model_construct(None, **fields)
    values = cast("dict[str, Any]", made.__dict__)
    for name in room.model_fields:
        if name not in fields:
            values.pop(name, None)
    return made


def says(text: str) -> dict[str, Any]:
    """Metadata of a field: what is allowed, in words for an error message."""
    return {"allowed": text}


Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$")]
NAME = says("1 to 32 of a-z, 0-9 and -, starting with a letter, not ending with -")

Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
TEXT = says("a text of 1 to 120 characters")

Cidr = Annotated[str, StringConstraints(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]

RoleOrUserArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")
]
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
