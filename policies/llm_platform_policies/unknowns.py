"""What it means that a value is not known at preview: decided per field, applied in one place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Decision(StrEnum):
    """What an unknown value of a field means for a policy."""

    DENY = "deny"
    """A violation: the value decides, and the program can state it."""
    ALLOW = "allow"
    """No violation: whatever the value will be, it cannot break the policy; the field says why."""
    UNVERIFIABLE = "unverifiable"
    """Told by the policy ``unverifiable-at-preview``, with the field's own words; the policy
    itself looks at the real value before the resource is created."""


@dataclass(frozen=True)
class Field:
    """A property that a policy reads.

    Attributes:
        path: Dotted path; ``[]`` stands for the elements of a list, ``.*`` for the values of a
            mapping, ``{}`` for its set of keys, a first step ``pod`` for a pod's specification,
            wherever the kind keeps it.
        unknown: What an unknown value means.
        why: Why: the reason to allow, or what cannot be told.
    """

    path: str
    unknown: Decision
    why: str


def deny(*paths: str, why: str = "it decides and must be stated in the program") -> list[Field]:
    """Fields whose unknown value is a violation."""
    return [Field(path, Decision.DENY, why) for path in paths]


def allow(*paths: str, why: str) -> list[Field]:
    """Fields whose unknown value cannot break the policy."""
    return [Field(path, Decision.ALLOW, why) for path in paths]


def unverifiable(*paths: str, why: str) -> list[Field]:
    """Fields whose unknown value can only be checked in the run itself."""
    return [Field(path, Decision.UNVERIFIABLE, why) for path in paths]


class UndeclaredFieldError(Exception):
    """A policy read a field for which it has not decided what unknown means."""

    def __init__(self, policy: str, path: str) -> None:
        super().__init__(
            f"policy {policy} reads {path!r} without declaring what an unknown value means; "
            f"add it to the policy's fields"
        )


@dataclass(frozen=True)
class Undecided:
    """An unknown value that a policy came upon."""

    field: Field
    path: str


@dataclass
class Ledger:
    """The fields of one policy while it looks at one resource.

    Attributes:
        policy: Id of the policy.
        fields: Its declared fields by path.
        read: Paths of fields that were read.
        undecided: Unknown values met, each once.
    """

    policy: str
    fields: dict[str, Field]
    read: set[str] = field(default_factory=set[str])
    undecided: list[Undecided] = field(default_factory=list[Undecided])

    @classmethod
    def of(cls, policy: str, fields: Iterable[Field]) -> "Ledger":
        """A fresh ledger for a policy."""
        return cls(policy, {each.path: each for each in fields})

    def declared(self, path: str) -> Field:
        """The declared field at a path.

        Raises:
            UndeclaredFieldError: There is none.
        """
        if path not in self.fields:
            raise UndeclaredFieldError(self.policy, path)
        self.read.add(path)
        return self.fields[path]

    def meet_unknown(self, path: str, where: str) -> None:
        """Note that the value of a declared field is unknown at a concrete place."""
        found = Undecided(self.declared(path), where)
        if found not in self.undecided:
            self.undecided.append(found)
