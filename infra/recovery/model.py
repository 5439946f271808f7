"""What recovery talks about: unfinished operations, what was found, what is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

CLOCK_SKEW = timedelta(minutes=2)
"""How far the clocks of this machine and of a cloud may differ."""

Resource = dict[str, Any]
"""A resource or the resource of an operation, as a deployment holds it."""


class Operation(Enum):
    """What the engine was doing to a resource; the values are the engine's words."""

    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    READING = "reading"
    IMPORTING = "importing"


class Origin(Enum):
    """Who knows that an operation did not end."""

    STATE = "state"
    """The engine's checkpoint: the engine died."""
    JOURNAL = "journal"
    """`llmp`'s journal: the provider died, and the engine forgot the operation."""


@dataclass(frozen=True)
class Unfinished:
    """An operation whose outcome nobody has recorded.

    Attributes:
        operation: What was done.
        origin: Who knows of it.
        resource: The resource as the engine wrote it down; secrets may be encrypted or hidden.
        inputs: Its inputs in plain text, for looking only; never written anywhere.
        since: When the operation was about to begin, as far as known.
    """

    operation: Operation
    origin: Origin
    resource: Resource
    inputs: Mapping[str, Any]
    since: datetime | None = None

    @property
    def urn(self) -> str:
        """The engine's name of the resource."""
        return str(self.resource["urn"])

    @property
    def type(self) -> str:
        """Type token."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """Logical name."""
        return "::".join(self.urn.split("::")[3:])

    @property
    def stack(self) -> str:
        """``project/stack``, as the identity tag writes it."""
        head, project = self.urn.split("::")[:2]
        return f"{project}/{head.rpartition(':')[2]}"

    @property
    def custom(self) -> bool:
        """Whether a provider manages it: components and the stack itself are nowhere else."""
        return bool(self.resource.get("custom"))


class Condition(Enum):
    """How an object in the cloud is doing."""

    READY = "ready"
    MAKING = "still being made"
    FAILED = "failed"
    ENDING = "going or gone"


@dataclass(frozen=True)
class Found:
    """An object in the cloud that may be what an operation was about.

    Attributes:
        id: Its id, as the state would hold it.
        import_id: What names it to a provider that knows nothing else; the same when empty.
        condition: How it is doing.
        ours: Whether its marks say that this resource made it: True, False for another's, None
            when it carries no marks.
        made: When it was made, if the cloud tells.
        status: The cloud's own word for its condition.
    """

    id: str
    import_id: str = ""
    condition: Condition = Condition.READY
    ours: bool | None = True
    made: datetime | None = None
    status: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Every id under which a state may know it."""
        return frozenset({self.id, self.import_id or self.id})

    @property
    def adopted_as(self) -> str:
        """The id to write into the state."""
        return self.import_id or self.id

    def belongs(self, since: datetime | None) -> bool:
        """Whether it was made by the operation that began at `since`."""
        if self.ours is not None:
            return self.ours
        if since is None or self.made is None:
            return False
        return self.made >= since - CLOCK_SKEW


class Action(Enum):
    """What is done about an unfinished operation."""

    ADOPT = "adopt"
    """It goes into the state as the resource that it is."""
    REPLACE = "adopt, then replace"
    """It goes into the state marked as broken: the run deletes it and makes another."""
    DELETE = "delete"
    """It goes into the state marked for deletion beside the one that is in use."""
    DROP = "nothing to do"
    """The operation is forgotten."""
    REFRESH = "ask again"
    """The resource is in the state; what it is now is read before anything is done to it."""
    STOP = "stop"
    """Nothing is changed; a person has to decide."""


@dataclass(frozen=True)
class Decision:
    """What is done about one operation, and why.

    Attributes:
        unfinished: The operation.
        action: What is done.
        found: The object that it is done with, for those actions that have one.
        why: One sentence for the table.
        candidates: For STOP: every object that could be meant.
    """

    unfinished: Unfinished
    action: Action
    why: str
    found: Found | None = None
    candidates: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Wish:
    """What a person said should be done.

    Attributes:
        adopt: URN to id.
        drop: URNs whose operations are to be forgotten.
    """

    adopt: Mapping[str, str] = field(default_factory=dict[str, str])
    drop: frozenset[str] = frozenset()
