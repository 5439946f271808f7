"""The resources of a plan, gathered from the engine's events."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation import EngineEvent
from pulumi.automation.events import OpType, StepEventMetadata, StepEventStateMetadata

_SHOWN_AS = {
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.REPLACE: "replace",
    OpType.DELETE: "delete",
    OpType.IMPORT: "import",
    OpType.READ: "read",
    OpType.SAME: "same",
}
"""Steps that stand for a resource; a replacement comes as three steps, one of which counts."""


@dataclass(frozen=True)
class Planned:
    """What the plan does with one resource.

    Attributes:
        operation: ``create``, ``update``, ``replace``, ``delete``, ``import``, ``read`` or
            ``same``.
        urn: URN.
        type: Type token.
        parent: URN of the parent; empty for the stack.
        custom: Whether a provider makes it; else it is a component.
        inputs: New inputs; the old ones of a resource that goes. Secrets are hidden by the engine.
        old: Inputs so far; empty for a new resource.
        differs: Path of each input that differs → how: ``add``, ``update``, ``delete``, with
            ``-replace`` where it needs a replacement.
    """

    operation: str
    urn: str
    type: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    old: Mapping[str, Any]
    differs: Mapping[str, str]

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rpartition("::")[2]


@dataclass
class PlanLog:
    """Feed it with the engine's events.

    Attributes:
        resources: By URN, in the order in which the engine came to them.
    """

    resources: dict[str, Planned] = field(default_factory=dict[str, Planned])

    def hear(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event is not None:
            self._add(event.resource_pre_event.metadata)

    def counts(self) -> dict[str, int]:
        """How many resources that a provider makes see which operation, ``same`` included."""
        counted = Counter(
            each.operation
            for each in self.resources.values()
            if each.custom and not each.type.startswith("pulumi:")
        )
        return dict(sorted(counted.items()))

    def _add(self, step: StepEventMetadata) -> None:
        operation = _SHOWN_AS.get(step.op)
        if operation is None:
            return
        here = step.new or step.old
        if here is None:
            return
        self.resources[step.urn] = Planned(
            operation=operation,
            urn=step.urn,
            type=step.type,
            parent=here.parent,
            custom=bool(here.custom),
            inputs=_inputs(here),
            old=_inputs(step.old),
            differs=_differs(step),
        )


def _inputs(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return (state.inputs if state is not None else None) or {}


def _differs(step: StepEventMetadata) -> dict[str, str]:
    if step.op is OpType.CREATE:
        return {}
    detailed = {path: diff.diff_kind.value for path, diff in (step.detailed_diff or {}).items()}
    return detailed or dict.fromkeys(step.diffs or (), "update")
