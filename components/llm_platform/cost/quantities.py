"""Kubernetes quantities, as numbers."""

import re

_FORM = re.compile(r"^(?P<digits>\d+(\.\d+)?)(?P<suffix>[A-Za-z]*)$")

_SUFFIXES = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}


class QuantityError(ValueError):
    """A text is no Kubernetes quantity."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no Kubernetes quantity")


def quantity(text: str) -> float:
    """A quantity such as ``500m``, ``2`` or ``16Gi`` in its base unit: cores, bytes, pieces.

    Raises:
        QuantityError: It is no quantity.
    """
    match = _FORM.match(text.strip())
    if match is None or match["suffix"] not in _SUFFIXES:
        raise QuantityError(text)
    return float(match["digits"]) * _SUFFIXES[match["suffix"]]


def gib(text: str) -> float:
    """A quantity of storage or memory in GiB.

    Raises:
        QuantityError: It is no quantity.
    """
    return quantity(text) / 2.0**30
