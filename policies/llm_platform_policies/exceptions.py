"""Exceptions from policies: who agreed to what, why, and until when.

`policies/exceptions.yaml` is a list. Each entry excepts the resources whose URN matches a
glob from one policy::

    - policy: pods-privileged
      urn: "urn:pulumi:prod::llm-platform::*kubernetes:apps/v1:DaemonSet::gpu-*"
      reason: The driver's daemon mounts the host's device files.
      owner: platform-team
      expires: 2027-03-31
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llm_platform.problems import InvalidInputsError, Problem, raise_if_any

LONGEST = timedelta(days=366)
"""How far ahead an expiry date may lie."""

SHORTEST_REASON = 15
"""Characters of a reason: a word is none."""


class PolicyException(BaseModel):
    """One exception.

    Attributes:
        policy: Id of the policy.
        urn: Glob over URNs; the name at its end may not be a bare wildcard.
        reason: Why, in a sentence.
        owner: Who answers for it.
        expires: The last day on which it holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    policy: str = Field(min_length=1)
    urn: str = Field(min_length=1)
    reason: str = Field(min_length=SHORTEST_REASON)
    owner: str = Field(min_length=2)
    expires: date

    def covers(self, policy: str, urn: str) -> bool:
        """Whether it is about this policy and resource, expired or not."""
        return policy == self.policy and fnmatchcase(urn, self.urn)

    def concerns_stack(self, stack: str) -> bool:
        """Whether it can apply to a resource of a stack at all."""
        return fnmatchcase(f"urn:pulumi:{stack}", self.urn.partition("::")[0])

    def has_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires


@dataclass(frozen=True)
class Exceptions:
    """All exceptions, and what they say about a finding."""

    entries: tuple[PolicyException, ...] = ()

    def covering(self, policy: str, urn: str, today: date) -> PolicyException | None:
        """The exception that holds for a policy and a resource today, if there is one."""
        for entry in self.entries:
            if entry.covers(policy, urn) and not entry.has_expired(today):
                return entry
        return None

    def expired(self, today: date) -> list[PolicyException]:
        """Those whose date has passed."""
        return [entry for entry in self.entries if entry.has_expired(today)]

    def unused(
        self, used: Collection[PolicyException], stack: str, today: date
    ) -> list[PolicyException]:
        """Those that hold, are about this stack, and excepted nothing."""
        return [
            entry
            for entry in self.entries
            if entry not in used and entry.concerns_stack(stack) and not entry.has_expired(today)
        ]


ALLOWED = {
    "policy": "the id of a policy, see docs/policies.md",
    "urn": "a glob over URNs, e.g. urn:pulumi:prod::llm-platform::*DaemonSet::gpu-*",
    "reason": f"a sentence of {SHORTEST_REASON} characters or more",
    "owner": "a person or team",
    "expires": f"a date such as 2027-03-31, {LONGEST.days} days ahead at most",
}


def load_exceptions(path: Path, policies: Collection[str], today: date) -> Exceptions:
    """Read the exceptions.

    Args:
        path: The YAML file; a missing one means that there are none.
        policies: Ids of the policies that there are.
        today: The day of the run.

    Raises:
        InvalidInputsError: Something in the file is wrong; the error names every problem.
    """
    if not path.is_file():
        return Exceptions()
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = Problem("the file", f"is no YAML: {' '.join(str(error).split())}", "a YAML list")
        raise InvalidInputsError(path.name, [problem]) from None
    if document is None:
        return Exceptions()
    if not isinstance(document, list):
        problem = Problem("the file", "is no list", "a list of exceptions")
        raise InvalidInputsError(path.name, [problem])
    entries: list[PolicyException] = []
    problems: list[Problem] = []
    for index, values in enumerate(cast("list[Any]", document)):
        try:
            entry = PolicyException.model_validate(values)
        except ValidationError as error:
            problems += _of_validation(f"[{index}]", error)
            continue
        entries.append(entry)
        problems += [each.under(f"[{index}]") for each in _of_entry(entry, policies, today)]
    raise_if_any(path.name, problems)
    return Exceptions(tuple(entries))


def _of_validation(prefix: str, error: ValidationError) -> Iterable[Problem]:
    for detail in error.errors(include_url=False):
        key = ".".join(str(step) for step in detail["loc"])
        path = f"{prefix}.{key}" if key else prefix
        if detail["type"] == "missing":
            text = "is missing"
        elif detail["type"] == "extra_forbidden":
            text = "is no known key"
        else:
            text = f"is {detail['input']!r}"
        yield Problem(path, text, ALLOWED.get(key, " | ".join(ALLOWED)))


def _of_entry(entry: PolicyException, policies: Collection[str], today: date) -> Iterable[Problem]:
    if entry.policy not in policies:
        yield Problem("policy", f"there is no policy {entry.policy!r}", " | ".join(policies))
    parts = entry.urn.split("::")
    if not entry.urn.startswith("urn:pulumi:") or len(parts) != 4:
        yield Problem("urn", f"is {entry.urn!r}", ALLOWED["urn"])
    elif len(parts[-1].strip("*?")) < 3:
        yield Problem(
            "urn",
            f"names every resource of a kind ({parts[-1]!r})",
            "a name, or a glob with at least 3 characters of one",
        )
    if entry.expires > today + LONGEST:
        yield Problem("expires", f"is {entry.expires}", ALLOWED["expires"])
