"""Amounts of an estimate: three sums a month, and the lines they are made of."""

from collections.abc import Iterable
from dataclasses import dataclass

HOURS_PER_MONTH = 730


@dataclass(frozen=True)
class Range:
    """US dollars a month, three ways.

    Attributes:
        minimum: When everything that scales is at its smallest.
        expected: At the sizes asked for.
        worst: When everything that scales is at its largest and spot costs on-demand prices.
    """

    minimum: float
    expected: float
    worst: float

    @classmethod
    def same(cls, amount: float) -> "Range":
        """An amount that does not vary."""
        return cls(amount, amount, amount)

    def times(self, factor: float) -> "Range":
        """All three amounts, multiplied."""
        return Range(self.minimum * factor, self.expected * factor, self.worst * factor)

    def __add__(self, other: "Range") -> "Range":
        return Range(
            self.minimum + other.minimum, self.expected + other.expected, self.worst + other.worst
        )


@dataclass(frozen=True)
class Line:
    """One line of an estimate.

    Attributes:
        resource: Name of the resource.
        type: Its type token.
        what: What is paid for, with quantities, e.g. ``2 to 6 m7i.xlarge, on-demand``.
        cost: What it costs.
    """

    resource: str
    type: str
    what: str
    cost: Range


def total(lines: Iterable[Line]) -> Range:
    """The sum of all lines."""
    amount = Range.same(0)
    for line in lines:
        amount += line.cost
    return amount
