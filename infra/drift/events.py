"""What the engine's events say of a refresh. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation import EngineEvent
from pulumi.automation.events import OpType, StepEventMetadata

from infra.drift.model import Refreshed

OURS = "pulumi:"
"""Beginning of the types that stand for nothing in a cloud: the stack itself and providers."""


@dataclass
class Comparison:
    """What a refresh found, gathered from the engine's events.

    Attributes:
        refreshed: Every resource that was compared, by URN.
    """

    refreshed: dict[str, Refreshed] = field(default_factory=dict[str, Refreshed])

    def hear(self, event: EngineEvent) -> None:
        """Take in one event of the engine."""
        if event.res_outputs_event is not None:
            self._compared(event.res_outputs_event.metadata)

    def _compared(self, step: StepEventMetadata) -> None:
        old, new = step.old, step.new
        if old is None or not old.custom or step.type.startswith(OURS):
            return
        is_gone = step.op is OpType.DELETE or new is None
        current: Mapping[str, Any] = {} if new is None else new.inputs or {}
        outputs = old.outputs if is_gone or new is None else new.outputs
        self.refreshed[step.urn] = Refreshed(
            urn=step.urn,
            type=step.type,
            id=old.id,
            is_gone=is_gone,
            recorded=old.inputs or {},
            current=current,
            outputs=outputs or {},
            differing=_differing(step),
        )


def _differing(step: StepEventMetadata) -> dict[str, str]:
    detailed = step.detailed_diff or {}
    if detailed:
        return {path: each.diff_kind.value for path, each in detailed.items()}
    # a provider without detailed differences names properties only
    return dict.fromkeys(step.diffs or (), "update")
