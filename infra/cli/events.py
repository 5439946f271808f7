"""What the engine says of a run, gathered: counts, failures, the policy verdict."""

import time
from collections import Counter
from dataclasses import dataclass, field

from pulumi.automation import EngineEvent
from pulumi.automation.events import DiagnosticEvent, OpType, PolicyEvent, StepEventMetadata

QUIET_OPERATIONS = {OpType.SAME, OpType.READ, OpType.REFRESH}
"""Operations that change nothing in the cloud."""


@dataclass(frozen=True)
class Finding:
    """One thing that a policy found.

    Attributes:
        policy: Identifier of the policy.
        level: ``mandatory``, ``advisory``, … as the pack decided for this environment.
        message: What is wrong, in words.
        urn: The resource, or empty for the stack as a whole.
    """

    policy: str
    level: str
    message: str
    urn: str

    @property
    def blocks(self) -> bool:
        """Whether the run may not go on."""
        return self.level == "mandatory"


@dataclass
class RunLog:
    """Everything worth telling about one run of the engine; fed with its events.

    Attributes:
        changes: Number of resources by operation, those that change something.
        steps: Operation and URN of every change, with the names of what differs.
        same: Number of resources left as they are.
        drifted: Names of resources that a refresh found changed.
        active: Operations under way: URN to the time they began.
        findings: What the policies found.
        errors: Messages of severity error, in order.
        deleted: URNs in the order in which their deletion ended.
        ended: Number of changes that ended well, by operation.
        failed: URNs of the changes that did not.
    """

    changes: Counter[str] = field(default_factory=Counter[str])
    steps: list[tuple[str, str, tuple[str, ...]]] = field(
        default_factory=list[tuple[str, str, tuple[str, ...]]]
    )
    same: int = 0
    drifted: list[str] = field(default_factory=list[str])
    active: dict[str, float] = field(default_factory=dict[str, float])
    findings: list[Finding] = field(default_factory=list[Finding])
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    packs: dict[str, str] = field(default_factory=dict[str, str])
    deleted: list[str] = field(default_factory=list[str])
    done: int = 0
    ended: Counter[str] = field(default_factory=Counter[str])
    failed: list[str] = field(default_factory=list[str])

    @property
    def changed(self) -> int:
        """How many resources this run changes or would change."""
        return sum(self.changes.values())

    @property
    def blocking(self) -> list[Finding]:
        """Findings that may not be passed over."""
        return [finding for finding in self.findings if finding.blocks]

    def hear(self, event: EngineEvent) -> None:
        """Take in one event of the engine."""
        if event.resource_pre_event is not None:
            self._started(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._ended(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self._failed(event.res_op_failed_event.metadata)
        elif event.policy_event is not None:
            self._found(event.policy_event)
        elif event.diagnostic_event is not None:
            self._said(event.diagnostic_event)
        elif event.summary_event is not None:
            self.packs = dict(event.summary_event.policy_packs or {})

    def _started(self, step: StepEventMetadata) -> None:
        if step.op is OpType.SAME:
            self.same += 1
        elif step.op not in QUIET_OPERATIONS:
            self.changes[step.op.value] += 1
            differing = tuple(sorted(step.detailed_diff or step.diffs or ()))
            self.steps.append((step.op.value, step.urn, differing))
        self.active[step.urn] = time.monotonic()

    def _ended(self, step: StepEventMetadata) -> None:
        self.active.pop(step.urn, None)
        self.done += 1
        if step.op not in QUIET_OPERATIONS:
            self.ended[step.op.value] += 1
        if step.op in {OpType.DELETE, OpType.DELETE_REPLACED}:
            self.deleted.append(step.urn)
        if step.op is OpType.REFRESH and step.detailed_diff:
            self.drifted.append(step.urn)

    def _failed(self, step: StepEventMetadata) -> None:
        self.active.pop(step.urn, None)
        self.failed.append(step.urn)

    def _found(self, found: PolicyEvent) -> None:
        finding = Finding(
            policy=found.policy_name,
            level=found.enforcement_level,
            message=_plain(found.message),
            urn=found.resource_urn or "",
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def _said(self, said: DiagnosticEvent) -> None:
        text = _without_wrapping(_plain(said.message)).strip()
        of_stack = not said.urn or "pulumi:pulumi:Stack::" in said.urn
        whole = text if of_stack else f"{short_name(said.urn)}: {text}"
        if said.severity == "error" and text and whole not in self.errors:
            self.errors.append(whole)
        elif said.severity == "warning" and text not in self.warnings:
            self.warnings.append(text)


def short_name(urn: str | None) -> str:
    """``type name`` of a URN, as people say it: ``Vpc platform-vpc``."""
    if not urn:
        return ""
    kind, _, name = urn.split("::", 2)[-1].rpartition("::")
    return f"{kind.rpartition('$')[2].rpartition(':')[2]} {name}"


def _without_wrapping(text: str) -> str:
    """Without what the SDK puts around a program's error: prefixes and a stack trace."""
    text = text.partition("\nTraceback (most recent call last)")[0]
    for prefix in ("python inline source runtime error: ", "Exception calling application: "):
        text = text.removeprefix(prefix)
    # an echo of an error that is told by itself
    return "" if text.strip() == "resource monitor shut down" else text


def _plain(text: str) -> str:
    """Without the engine's colour directives such as ``<{%reset%}>``."""
    parts = text.split("<{%")
    return parts[0] + "".join(part.partition("%}>")[2] for part in parts[1:])
