"""The steps of each strategy. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from llm_platform.serving.routes import WEIGHTS, Split


class Strategy(StrEnum):
    """How a candidate gets requests."""

    CANARY = "canary"
    """A growing share, one gate after the other."""
    BLUE_GREEN = "blue-green"
    """None, then all of them at once; stable is kept for the way back."""
    SHADOW = "shadow"
    """Copies only; nobody sees its answers, and stable stays."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: Such as ``weight-10``.
        split: How requests are divided in it.
        gated: Whether the metrics of the candidate decide about it.
    """

    name: str
    split: Split
    gated: bool = True


def plan(strategy: Strategy, weights: Sequence[int], mirrored: int) -> tuple[Step, ...]:
    """The steps of a strategy, in order.

    Args:
        strategy: The strategy.
        weights: Shares of a canary out of 100, ascending.
        mirrored: Requests out of 100 that a shadow gets a copy of.
    """
    if strategy is Strategy.CANARY:
        return tuple(Step(f"weight-{each}", Split(candidate=each)) for each in weights)
    if strategy is Strategy.SHADOW:
        return (Step("shadow", Split(mirrored=mirrored)),)
    return (Step("smoke", Split(), gated=False), Step("switch", Split(candidate=WEIGHTS)))


def index_of(steps: Sequence[Step], name: str) -> int:
    """Position of a step.

    Raises:
        ValueError: There is none of that name.
    """
    names = [each.name for each in steps]
    if name not in names:
        message = f"there is no step '{name}'; allowed: {', '.join(names)}"
        raise ValueError(message)
    return names.index(name)
