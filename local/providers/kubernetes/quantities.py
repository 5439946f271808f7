"""Quantities: the API server writes ``1000m`` as ``1``; both mean the same. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal

from local.providers.values import UNKNOWN

_MAPS = frozenset(
    {
        "capacity", "default", "defaultRequest", "hard", "limits", "max", "maxLimitRequestRatio",
        "min", "podFixed", "requests",
    }
)  # fmt: skip
"""Objects whose values are quantities."""

_FIELDS = frozenset({"averageValue", "divisor", "sizeLimit"})

_TEXTS = frozenset({"binaryData", "data", "metadata", "stringData"})
"""Top-level fields that hold texts only, whatever they look like."""

_FORM = re.compile(
    r"^(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    r"(?:[eE](?P<exponent>[+-]?\d+)|(?P<suffix>n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei))?$"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FACTORS = {
    **{name: Decimal(10) ** power for name, power in _POWERS.items()},
    **{f"{name}i": Decimal(1024) ** (index + 1) for index, name in enumerate("KMGTPE")},
}


def is_quantity(path: Sequence[str | int]) -> bool:
    """Whether the value at `path` of an object is a quantity."""
    if len(path) < 2 or path[0] in _TEXTS:
        return False
    parent, name = path[-2], path[-1]
    return parent in _MAPS or name in _FIELDS or (parent, name) == ("target", "value")


def same_quantity(one: object, other: object) -> bool:
    """Whether two values are quantities of the same amount."""
    if one is UNKNOWN or other is UNKNOWN:
        return False
    amounts = _amount(one), _amount(other)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = _FORM.match(str(value))
    if match is None:
        return None
    number = Decimal(match["number"])
    if match["exponent"]:
        return number.scaleb(int(match["exponent"]))
    return number * _FACTORS[match["suffix"] or ""]
