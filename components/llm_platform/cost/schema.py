"""Strict reading of a JSON document: every problem is collected with its path."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import cast

from llm_platform.problems import Problem

NEVER = date(1970, 1, 1)
"""Stands in for a date that could not be read, until the problems are raised."""


class Checker:
    """Reads values of a document; what is wrong goes to `problems`, and reading goes on.

    Attributes:
        problems: Everything found wrong so far.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, path: str, problem: str, allowed: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path or "the document", problem, allowed))

    def mapping(
        self,
        path: str,
        value: object,
        required: Collection[str] = (),
        optional: Collection[str] = (),
    ) -> Mapping[str, object]:
        """A mapping with exactly these keys; any keys when none are named."""
        if not isinstance(value, Mapping):
            self.say(path, "is missing or no mapping", "a mapping")
            return {}
        found = cast("Mapping[str, object]", value)
        prefix = f"{path}." if path else ""
        for key in required:
            if key not in found:
                self.say(f"{prefix}{key}", "is missing", "a value")
        if required:
            known = (*required, *optional)
            for key in found:
                if key not in known:
                    self.say(f"{prefix}{key}", "is no known key", " | ".join(known))
        return found

    def text(self, path: str, value: object) -> str:
        """A text that is not empty."""
        if isinstance(value, str) and value.strip():
            return value
        self.say(path, f"is {value!r}", "a text that is not empty")
        return ""

    def flag(self, path: str, value: object) -> bool:
        """True or false."""
        if isinstance(value, bool):
            return value
        self.say(path, f"is {value!r}", "true | false")
        return False

    def number(self, path: str, value: object) -> float:
        """A number of 0 or more."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return float(value)
        self.say(path, f"is {value!r}", "a number of 0 or more")
        return 0.0

    def day(self, path: str, value: object) -> date:
        """A date in ISO form."""
        try:
            return date.fromisoformat(value) if isinstance(value, str) else _refuse()
        except ValueError:
            self.say(path, f"is {value!r}", "a date such as 2026-11-24")
            return NEVER

    def pair(self, path: str, value: object, allowed: str) -> tuple[object, object]:
        """A list of two."""
        if isinstance(value, list):
            found = cast("list[object]", value)
            if len(found) == 2:
                return found[0], found[1]
        self.say(path, f"is {value!r}", allowed)
        return 0.0, ""


def _refuse() -> date:
    raise ValueError
