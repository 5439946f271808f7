"""Properties of resources as the estimator reads them: known, absent, or unknown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, cast


class Unknown(Enum):
    """The one value of a property that the run itself will decide."""

    VALUE = "unknown"


UNKNOWN: Final = Unknown.VALUE
"""Stands where a value is not known yet, in a property or inside a list or mapping."""


class Properties(Protocol):
    """Read access to the properties of one resource."""

    def get(self, path: str) -> Any:
        """Value at a dotted path: a plain value, `None` when absent, or `UNKNOWN`."""
        ...


class PlainProperties:
    """Properties over nested mappings, e.g. of a manifest or of an exported state."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def get(self, path: str) -> Any:
        """Value at a dotted path, `None` when absent, `UNKNOWN` when it or a parent is."""
        value: Any = self._values
        for step in path.split("."):
            if value is UNKNOWN:
                return UNKNOWN
            if not isinstance(value, Mapping):
                return None
            value = cast("Mapping[str, Any]", value).get(step)
        return value


class UnknownQuantityError(Exception):
    """A quantity that decides over money is not known yet.

    Attributes:
        path: Where it stands in the resource.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} is not known yet")


@dataclass(frozen=True)
class BillableResource:
    """One resource, as far as its price depends on it.

    Attributes:
        type: Type token, e.g. ``aws:eks/nodeGroup:NodeGroup``.
        name: How people call it in a table: its logical name or URN.
        properties: Its properties.
        uses: Resources that it refers to and that add to its price, e.g. the launch template
            of a node group.
    """

    type: str
    name: str
    properties: Properties
    uses: tuple["BillableResource", ...] = field(default=())

    def number(self, path: str, default: float | None = None) -> float:
        """A number; text such as ``"2"`` counts as one.

        Raises:
            UnknownQuantityError: It is not known yet, or absent without a default.
        """
        value = self.properties.get(path)
        if value is None and default is not None:
            return default
        if isinstance(value, (int, float, str)):
            try:
                return float(value)
            except ValueError:
                raise UnknownQuantityError(path) from None
        raise UnknownQuantityError(path)

    def text(self, path: str, default: str | None = None) -> str:
        """A text.

        Raises:
            UnknownQuantityError: It is not known yet, or absent without a default.
        """
        value = self.properties.get(path)
        if value is None and default is not None:
            return default
        if isinstance(value, str):
            return value
        raise UnknownQuantityError(path)

    def flag(self, path: str) -> bool:
        """A boolean; absent is false.

        Raises:
            UnknownQuantityError: It is not known yet.
        """
        value = self.properties.get(path)
        if value is UNKNOWN:
            raise UnknownQuantityError(path)
        return value is True or value == "true"

    def items(self, path: str) -> list[Any]:
        """A list, whose elements may be `UNKNOWN`; absent is empty.

        Raises:
            UnknownQuantityError: The list itself is not known yet.
        """
        value = self.properties.get(path)
        if value is UNKNOWN:
            raise UnknownQuantityError(path)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return list(cast("Iterable[Any]", value))
        return []

    def texts(self, path: str) -> list[str]:
        """A list of texts; absent is empty.

        Raises:
            UnknownQuantityError: The list or one of its elements is not known yet.
        """
        found = self.items(path)
        for index, value in enumerate(found):
            if not isinstance(value, str):
                raise UnknownQuantityError(f"{path}[{index}]")
        return found
