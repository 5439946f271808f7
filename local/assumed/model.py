"""What an assumed fact is, and where the facts of a plan are read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

FACTS = Path(__file__).with_name("facts.yaml")
FACTS_PLACE = "local/assumed/facts.yaml"
"""How messages name `FACTS`."""


class NotAssumedError(Exception):
    """Something was asked that no table answers; says what, and where an answer is added."""

    def __init__(self, what: str, place: str) -> None:
        super().__init__(
            f"{what} is not known offline: add it, with its date and source, to {place}"
        )


@dataclass(frozen=True)
class Fact:
    """One thing taken for true.

    Attributes:
        value: What.
        day: The day on which it was true, ``YYYY-MM-DD``.
        source: Where it was seen, in words.
    """

    value: Any
    day: str
    source: str


@dataclass(frozen=True)
class Answer:
    """The answer to one call of the AWS API.

    Attributes:
        what: What was asked, in words: ``availability zones of eu-central-1``.
        fact: What is shown of the answer.
        response: The answer in the form of the API.
    """

    what: str
    fact: Fact
    response: Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a plan knows of its surroundings before anything is asked.

    Attributes:
        environment: Name of the environment, for facts that differ by it.
        known: Facts that are better than the table's, by name: ``account`` read from a state.
    """

    environment: str
    known: Mapping[str, Fact] = field(default_factory=dict[str, Fact])

    def account(self) -> Fact:
        """The account of the environment.

        Raises:
            NotAssumedError: Neither a state nor the table names one.
        """
        if "account" in self.known:
            return self.known["account"]
        return fact("accounts", self.environment, f"the AWS account of {self.environment}")


def fact(room: str, name: str, what: str) -> Fact:
    """An entry of `facts.yaml`.

    Args:
        room: Top-level key.
        name: Key within it.
        what: What it is, for the error.

    Raises:
        NotAssumedError: There is no such entry, or it lacks value, date or source.
    """
    entry = _facts().get(room, {}).get(name) or {}
    if not all(entry.get(key) for key in ("value", "date", "source")):
        raise NotAssumedError(what, f"{FACTS_PLACE} under {room}.{name}")
    return Fact(entry["value"], _day(entry["date"]), str(entry["source"]))


def _day(given: Any) -> str:
    return given.isoformat() if isinstance(given, date) else str(given)


@cache
def _facts() -> dict[str, dict[str, dict[str, Any]]]:
    text = FACTS.read_text(encoding="utf-8")
    return cast("dict[str, dict[str, dict[str, Any]]]", yaml.safe_load(text))
