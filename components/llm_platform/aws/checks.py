"""Checks that several components share. Pure; values that are not known yet are not judged."""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from llm_platform.problems import Problem

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""Days for which CloudWatch Logs can keep a log group. Never expiring is no choice here."""

_KMS_KEY_ARN = re.compile(r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+\Z")
_NAME = re.compile(r"^[a-z]([a-z0-9-]*[a-z0-9])?\Z")

Member = TypeVar("Member", bound=StrEnum)


def retention_problems(path: str, days: object) -> list[Problem]:
    """What is wrong with a log retention in days."""
    if not isinstance(days, int) or days in RETENTION_DAYS:
        return []
    nearest = min(RETENTION_DAYS, key=lambda allowed: abs(allowed - days))
    allowed = f"one of {', '.join(map(str, RETENTION_DAYS))}; the nearest is {nearest}"
    return [Problem(path, f"CloudWatch Logs cannot keep logs for {days} days", allowed)]


def range_problems(
    path: str, value: object, low: float, high: float, unit: str = ""
) -> list[Problem]:
    """What is wrong with a number that must lie within bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or low <= value <= high:
        return []
    return [Problem(path, f"{value}{unit}", f"{low} to {high}{unit}")]


def key_problems(path: str, arn: object) -> list[Problem]:
    """What is wrong with the ARN of a KMS key; aliases are refused, since they can be moved."""
    if not isinstance(arn, str) or _KMS_KEY_ARN.match(arn):
        return []
    return [
        Problem(path, f"'{arn}' is not the ARN of a KMS key", "arn:aws:kms:REGION:ACCOUNT:key/ID")
    ]


def name_problems(path: str, name: object, limit: int) -> list[Problem]:
    """What is wrong with a name that AWS and Kubernetes shall both take."""
    if not isinstance(name, str) or (len(name) <= limit and _NAME.match(name)):
        return []
    allowed = f"1 to {limit} of a-z, 0-9 and -, starting with a letter, not ending with -"
    return [Problem(path, f"the name '{name}'", allowed)]


def enum_problems(path: str, value: object, members: type[Member]) -> list[Problem]:
    """What is wrong with a value of a closed set, given as member or as its text."""
    if not isinstance(value, str) or value in {member.value for member in members}:
        return []
    allowed = f"one of {', '.join(member.value for member in members)}"
    return [Problem(path, f"'{value}' is not known", allowed)]


def duplicate_problems(path: str, values: Iterable[object], noun: str) -> list[Problem]:
    """A problem for every text that occurs more than once."""
    seen: set[str] = set()
    problems: list[Problem] = []
    for index, value in enumerate(values):
        if isinstance(value, str) and value in seen:
            problems.append(Problem(f"{path}[{index}]", f"'{value}' again", f"each {noun} once"))
        elif isinstance(value, str):
            seen.add(value)
    return problems


def unknown_keys(path: str, given: Mapping[str, object], known: Collection[str]) -> list[Problem]:
    """A problem for every key that is not one of `known`."""
    allowed = f"one of {', '.join(sorted(known))}"
    return [
        Problem(f"{path}.{key}", f"'{key}' is not known", allowed)
        for key in sorted(given)
        if key not in known
    ]
