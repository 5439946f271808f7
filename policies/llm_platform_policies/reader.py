"""Reading a resource's properties so that unknown values are met one field at a time.

The SDK hands out proxies that raise `UnknownValueError` when an unknown value is touched, and
turns the error of a whole policy into a mere note. Here every access is narrow, the error is
caught where it arises, and the decision that the policy declared for the field is noted.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi_policy.proxy import UnknownValueError

from llm_platform.cost import UNKNOWN
from llm_platform_policies.unknowns import Ledger


class Reader:
    """One resource, or a part of it, as a policy may read it.

    Attributes:
        type: Type token of the resource.
        name: Its logical name.
        urn: Its URN.
        references: URNs of the resources that its properties depend on, in a stack check.
        where: Concrete path of this part within the resource; empty for the whole.
    """

    def __init__(
        self,
        type_token: str,
        name: str,
        urn: str,
        values: object,
        ledger: Ledger,
        references: tuple[str, ...] = (),
    ) -> None:
        self.type = type_token
        self.name = name
        self.urn = urn
        self.references = references
        self.where = ""
        self._pattern = ""
        self._values = values
        self._ledger = ledger

    def get(self, path: str, key: str | None = None) -> Any:
        """The value at a dotted path below this part.

        Args:
            path: Dotted path; declared by the policy, see `Field`.
            key: One more step, an arbitrary key of the mapping at `path`; the field is then
                ``path.*``.

        Returns:
            A plain value, `None` when absent, `UNKNOWN` when it or a parent is not known yet.
            Inside a mapping or list, unknown values are `UNKNOWN` too.

        Raises:
            UndeclaredFieldError: The policy does not declare the field.
        """
        pattern = self._join(self._pattern, path if key is None else f"{path}.*")
        self._ledger.declared(pattern)
        steps = path.split(".") if key is None else [*path.split("."), key]
        value = walk(self._values, steps)
        if value is UNKNOWN:
            concrete = path if key is None else f"{path}.{key}"
            self._ledger.meet_unknown(pattern, self._join(self.where, concrete))
        return value

    def each(self, path: str) -> "Iterator[Reader]":
        """The elements of a list; the field is ``path[]``. An unknown list has no elements.

        Raises:
            UndeclaredFieldError: The policy does not declare the field.
        """
        pattern = self._join(self._pattern, f"{path}[]")
        self._ledger.declared(pattern)
        found = walk(self._values, path.split("."))
        if found is UNKNOWN:
            self._ledger.meet_unknown(pattern, self._join(self.where, path))
            return
        if not isinstance(found, Sequence) or isinstance(found, str):
            return
        for index, value in enumerate(cast("Sequence[Any]", found)):
            where = self._join(self.where, f"{path}[{index}]")
            if value is UNKNOWN:
                self._ledger.meet_unknown(pattern, where)
            else:
                yield self._part(value, pattern, where)

    def keys(self, path: str) -> list[str]:
        """Keys of the mapping at a path; the field is ``path{}``. An unknown one has none.

        Raises:
            UndeclaredFieldError: The policy does not declare the field.
        """
        pattern = self._join(self._pattern, f"{path}{{}}")
        self._ledger.declared(pattern)
        found = walk(self._values, path.split("."))
        if found is UNKNOWN:
            self._ledger.meet_unknown(pattern, self._join(self.where, path))
            return []
        return list(cast("Mapping[str, Any]", found)) if isinstance(found, Mapping) else []

    @property
    def value(self) -> Any:
        """This part itself, known by now: the element of a list that `each` gave."""
        return plain(self._values)

    @property
    def unknown_met(self) -> bool:
        """Whether the policy came upon an unknown value in this resource so far.

        For checks that something is *absent*: what is unknown may be there after all, and the
        field's own decision is told instead.
        """
        return bool(self._ledger.undecided)

    def part(self, path: str, pattern: str) -> "Reader":
        """The part at a path, whose fields are declared below `pattern` instead of the path.

        Below an unknown part every field is unknown, and decided field by field.
        """
        return self._part(walk(self._values, path.split(".")), pattern, path)

    def nested(self, path: str) -> "Reader":
        """The part at a path, whose fields are declared below that path."""
        pattern = self._join(self._pattern, path)
        return self._part(
            walk(self._values, path.split(".")), pattern, self._join(self.where, path)
        )

    def has(self, path: str) -> bool:
        """Whether anything, known or not, stands at a path. Decides nothing by itself."""
        return walk(self._values, path.split(".")) is not None

    def undecided(self, path: str, where: str) -> None:
        """Note an unknown value that was met inside a value that `get` returned.

        Raises:
            UndeclaredFieldError: The policy does not declare the field `path`.
        """
        self._ledger.meet_unknown(self._join(self._pattern, path), where)

    def _part(self, values: object, pattern: str, where: str) -> "Reader":
        part = Reader(self.type, self.name, self.urn, values, self._ledger)
        part.where = where
        part._pattern = pattern
        return part

    @staticmethod
    def _join(prefix: str, path: str) -> str:
        return f"{prefix}.{path}" if prefix else path


def walk(values: object, steps: Sequence[str]) -> Any:
    """Value below nested mappings: plain, `None` when absent, `UNKNOWN` when it is unknown."""
    value: Any = values
    for step in steps:
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = _at(cast("Mapping[str, Any]", value), step)
    return plain(value)


def plain(value: object) -> Any:
    """Nested proxies as dictionaries and lists, with `UNKNOWN` where a value is unknown."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: plain(_at(mapping, key)) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        sequence = cast("Sequence[Any]", value)
        return [plain(_at(sequence, index)) for index in range(len(sequence))]
    return value


def _at(container: Any, key: Any) -> Any:
    try:
        return container[key]
    except KeyError:
        return None
    except UnknownValueError:
        return UNKNOWN
