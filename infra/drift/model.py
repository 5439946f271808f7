"""What drift is made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what stands in place of one
"""Shown in place of every value that the state keeps secret."""

CONSISTENT = 0
DRIFTED = 3
"""Exit codes of `llmp drift`; 1, 2 and 130 mean what they mean everywhere."""


class Kind(Enum):
    """How a field or an object differs."""

    CHANGED = "changed"
    """Recorded and in the cloud, with different values."""
    DELETED = "deleted"
    """Recorded, and no longer in the cloud."""
    ADDED = "added"
    """In the cloud, and not recorded."""


class OwnerKind(Enum):
    """Who a differing field belongs to, or who changed it."""

    PULUMI = "pulumi"
    AUTOSCALER = "autoscaler"
    ROLLOUT = "rollout"
    HELM = "helm"
    PERSON = "person"
    CONTROLLER = "controller"
    CREATION = "creation"
    OTHER = "other"
    UNKNOWN = "unknown"


class Remedy(Enum):
    """What the next `up` does with a difference."""

    REPAIRED = "repaired"
    """`up` brings the recorded value back."""
    LEFT_ALONE = "left-alone"
    """`up` does not touch it."""
    REFUSED = "refused"
    """`up` stops: the field is another manager's and may not be taken by force."""


@dataclass(frozen=True)
class Owner:
    """The owner of a field.

    Attributes:
        kind: What it is.
        name: Its name, such as a field manager of Kubernetes; may be empty.
        detail: How that is known, or where to look when it is not; a sentence.
    """

    kind: OwnerKind
    name: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Drift:
    """One difference.

    Attributes:
        urn: The resource.
        type: Its type token.
        id: Its id in the cloud.
        path: The property, empty for the object as a whole.
        kind: How it differs.
        recorded: Value in the state; None when there is none.
        current: Value in the cloud; None when there is none.
        owner: Whose field it is.
        remedy: What `up` does.
        why: The reason for that, as a sentence.
    """

    urn: str
    type: str
    id: str
    path: str
    kind: Kind
    recorded: Any
    current: Any
    owner: Owner
    remedy: Remedy
    why: str

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh says of one resource.

    Attributes:
        urn: The resource.
        type: Its type token.
        id: Its id in the cloud.
        is_gone: Whether the cloud no longer has it.
        recorded: Inputs in the state.
        current: Inputs that would make what the cloud has.
        outputs: Everything that the cloud reports.
        differing: Property path to the engine's kind of difference, seen from the state:
            ``add``, ``delete`` or ``update``, with or without ``-replace``.
    """

    urn: str
    type: str
    id: str
    is_gone: bool
    recorded: Mapping[str, Any] = field(default_factory=dict[str, Any])
    current: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    differing: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Rules:
    """What the state says of how a resource is updated.

    Attributes:
        ignored: Its ``ignoreChanges``.
        forced: Whether fields of others are taken by force (Kubernetes).
        manager: Its own field manager (Kubernetes).
        known: Everything that the program set; its shape counts, and no value is shown.
    """

    ignored: tuple[str, ...] = ()
    forced: bool = False
    manager: str = ""
    known: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


@dataclass(frozen=True)
class Live:
    """A Kubernetes object as the API server has it.

    Attributes:
        object: The object with its managed fields; empty when it could not be read.
        problem: Why it could not be read; empty when it was.
    """

    object: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problem: str = ""


@dataclass(frozen=True)
class Report:
    """The drift of one stack.

    Attributes:
        stack: Its name.
        checked: How many resources were compared.
        drifts: Every difference, in the order of the state.
        warnings: What the engine warned of.
    """

    stack: str
    checked: int
    drifts: tuple[Drift, ...]
    warnings: tuple[str, ...] = ()

    def count(self, remedy: Remedy) -> int:
        """How many differences have this remedy."""
        return sum(1 for each in self.drifts if each.remedy is remedy)

    @property
    def exit_code(self) -> int:
        """0 when `up` would repair nothing, 3 otherwise."""
        needs_up = any(each.remedy is not Remedy.LEFT_ALONE for each in self.drifts)
        return DRIFTED if needs_up else CONSISTENT
