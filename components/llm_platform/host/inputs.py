"""Inputs as they come from the engine, turned into those that a component takes in Python.

In place of the SDK's own reading, which gives a component an empty object for every member of
a list of enums, and numbers as fractions. Whether values are right is the component's to say;
here only what it cannot see is refused: names of the schema, and values that come too late.
"""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.output import Unknown
from pulumi.provider.experimental.analyzer import (
    PropertyDefinition,
    PropertyType,
    TypeDefinition,
)

from llm_platform.problems import Problem, did_you_mean

ANY = "pulumi.json#/Any"
TOO_LATE = "is a secret, or comes from a resource and is not known yet"
KNOWN = "a value that the program itself knows, for it decides which resources there are"

_REFUSED = object()


class InputReader:
    """Reads the inputs of one component.

    Args:
        types: Definitions of the library's objects and enums by name.

    Attributes:
        problems: What is wrong with what was read so far, in the words of the schema.
    """

    def __init__(self, types: Mapping[str, TypeDefinition]) -> None:
        self._types = types
        self.problems: list[Problem] = []

    def fields(
        self,
        given: Mapping[str, Any],
        definitions: Mapping[str, PropertyDefinition],
        names: Mapping[str, str],
        path: str = "",
    ) -> dict[str, Any]:
        """Read the fields of an object; what is refused is left out.

        Args:
            given: Values by their name in the schema.
            definitions: Every field there is, by its name in the schema.
            names: Name in Python by name in the schema.
            path: Where the object stands; empty for the inputs themselves.

        Returns:
            Values by their name in Python.
        """
        read: dict[str, Any] = {}
        for name, value in given.items():
            # None is how an untyped program asks for an output; __ is the engine's own
            if value is None or name.startswith("__"):
                continue
            where = f"{path}.{name}" if path else name
            if name not in definitions:
                what = f"is not a known input{did_you_mean(name, definitions)}"
                allowed = f"one of {', '.join(sorted(definitions))}"
                self.problems.append(Problem(where, what, allowed))
                continue
            converted = self._value(value, definitions[name], where)
            if converted is not _REFUSED:
                read[names[name]] = converted
        return read

    def _value(self, given: Any, definition: PropertyDefinition, path: str) -> Any:
        if isinstance(given, Unknown):
            given = pulumi.Output.from_input(cast("Any", given))
        if isinstance(given, pulumi.Output):
            return self._later(cast("pulumi.Output[Any]", given), definition, path)
        if definition.ref and definition.ref != ANY:
            return self._of_type(given, self._types[definition.ref.rpartition(":")[2]], path)
        if definition.items and isinstance(given, list):
            inner = definition.items
            items = cast("list[Any]", given)
            read = [self._value(each, inner, f"{path}[{at}]") for at, each in enumerate(items)]
            return _REFUSED if any(each is _REFUSED for each in read) else read
        if definition.additional_properties and isinstance(given, dict):
            inner = definition.additional_properties
            entries = cast("dict[str, Any]", given)
            found = {
                key: self._value(each, inner, f"{path}.{key}") for key, each in entries.items()
            }
            return {key: each for key, each in found.items() if each is not _REFUSED}
        return _whole(given) if definition.type is PropertyType.INTEGER else given

    def _later(
        self, given: pulumi.Output[Any], definition: PropertyDefinition, path: str
    ) -> object:
        if definition.plain:
            self.problems.append(Problem(path, TOO_LATE, KNOWN))
            return _REFUSED
        return given.apply(_whole) if definition.type is PropertyType.INTEGER else given

    def _of_type(self, given: Any, type_: TypeDefinition, path: str) -> Any:
        if type_.enum is not None:
            known = any(member.value == given for member in type_.enum)
            return type_.python_type(given) if known else given
        if not isinstance(given, dict):
            return given
        fields = cast("dict[str, Any]", given)
        return self.fields(fields, type_.properties, type_.properties_mapping, path)


def _whole(value: Any) -> Any:
    """The engine sends every number as a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
