"""What a resource type takes: its inputs as a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.providers.diff import Path, Rule


@dataclass(frozen=True)
class Field:
    """One input of a type.

    Attributes:
        required: It must be given.
        replace: A difference needs a new resource.
        default: What the official provider fills in when it is not given.
        computed: The cloud chooses when it is not given; then it is no input of the resource.
        unordered: A list whose order means nothing.
        kept: The cloud does not know it (such as ``forceDestroy``): the recorded value counts.
        same: Whether two known values mean the same, such as two policy documents.
        choices: Allowed values; empty allows all.
        fields: Fields of the object, or of each object of the list.
    """

    required: bool = False
    replace: bool = False
    default: Any = None
    computed: bool = False
    unordered: bool = False
    kept: bool = False
    same: Callable[[Any, Any], bool] | None = None
    choices: tuple[str, ...] = ()
    fields: "Fields | None" = None


Fields = Mapping[str, Field]


@dataclass(frozen=True)
class AutoName:
    """Name given to a resource without one: logical name, a dash, seven hexadecimal digits.

    Attributes:
        property: The input that takes it.
        longest: Most characters that AWS allows.
        transform: Makes the logical name fit, such as to lower case.
        finish: Makes the whole name fit, given the inputs, such as with a suffix.
    """

    property: str = "name"
    longest: int = 255
    transform: Callable[[str], str] = str
    finish: Callable[[str, Mapping[str, Any]], str] = lambda name, _: name


REGION = Field(replace=True)


@dataclass(frozen=True)
class Schema:
    """A type.

    Attributes:
        fields: Its inputs, without ``tags``, ``tagsAll`` and ``region``.
        name: How it is named when the program does not.
        tags: Whether it takes tags.
        regional: Whether it takes a region.
        computed: Outputs that are not known before the resource is made; a path such as
            ``vpcConfig.vpcId`` inside an input.
        volatile: Outputs that any update of more than tags changes.
        delete_before_replace: The old one must go before a new one can be made.
    """

    fields: Fields
    name: AutoName | None = None
    tags: bool = True
    regional: bool = True
    computed: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    delete_before_replace: bool = False

    all_fields: Fields = field(init=False, repr=False)

    def __post_init__(self) -> None:
        fields = dict(self.fields)
        if self.regional:
            fields["region"] = REGION
        if self.tags:
            fields["tags"] = Field()
            fields["tagsAll"] = Field()
        object.__setattr__(self, "all_fields", fields)

    def rule(self, path: Path) -> Rule:
        """How the inputs at `path` are compared."""
        fields: Fields | None = self.all_fields
        found = Field()
        must_replace = False
        for part in path:
            if isinstance(part, int):
                found = replace(found, default=None, unordered=False, same=None)
                continue
            found = (fields or {}).get(part, Field())
            must_replace = must_replace or found.replace
            fields = found.fields
        return Rule(
            replace=must_replace,
            unordered=found.unordered,
            same=found.same,
            kept_when_dropped=found.computed,
            default=found.default,
            empty_is_absent=True,
        )
