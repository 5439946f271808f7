"""One recovery, step by step: locks, what is unfinished, what the cloud says, what is done."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from infra.cli.engine import Engine, RunFailedError
from infra.recovery import locks
from infra.recovery.access import Access, environment
from infra.recovery.edit import carried_out
from infra.recovery.files import mend
from infra.recovery.journal import Journal
from infra.recovery.locks import Lock
from infra.recovery.looking import decisions, without_secrets
from infra.recovery.model import Action, Decision, Operation, Unfinished, Wish
from infra.recovery.pending import (
    SIGNATURE,
    operations_of,
    provider_of,
    resources_of,
    unfinished_operations,
)
from infra.recovery.state import may_have_operations, project_of
from local.errors import LocalCloudError

SWITCH = "LLMP_RECOVERY"
OFF = "off"
NO_STACK = "no stack named"
CHANGING = frozenset({Action.ADOPT, Action.REPLACE, Action.DELETE, Action.REFRESH})

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Recovered:
    """What a recovery found and did.

    Attributes:
        locks: Locks of dead runs that were removed.
        decisions: What was done, or with a dry run would be done, about each operation.
        done: Whether it was done.
    """

    locks: Sequence[Lock] = ()
    decisions: Sequence[Decision] = field(default_factory=tuple[Decision, ...])
    done: bool = False

    @property
    def stopped(self) -> list[Decision]:
        """The operations that a person has to decide about."""
        return [each for each in self.decisions if each.action is Action.STOP]

    @property
    def refresh(self) -> bool:
        """Whether the state now has resources that must be read before anything is done."""
        return any(each.action in CHANGING for each in self.decisions)


def is_off(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether recovery was switched off, which is for tests of what happens without it."""
    return environ.get(SWITCH) == OFF


def recover(
    engine: Engine, tell: Tell, *, dry_run: bool = False, wish: Wish | None = None
) -> Recovered:
    """Deal with what dead runs of a stack have left.

    Args:
        engine: The stack; nobody else works on it from this checkout.
        tell: Told what is waited for.
        dry_run: Look only; nothing is changed, neither locks nor state.
        wish: What a person decided about single operations.

    Returns:
        What was found, and whether it was done: nothing is when one decision says STOP.

    Raises:
        LocalCloudError: The stack is locked by somebody who lives, or a cloud cannot be asked.
        RunFailedError: The engine refuses to export or import the state.
    """
    backend, project = _backend(engine), project_of(engine.workspace)
    if dry_run:
        dead = locks.dead_locks(backend, project, engine.stack)
    else:
        dead = locks.drop_dead_locks(backend, project, engine.stack, tell)
    mend(backend, project, engine.stack)
    journal = Journal(engine.workspace.parent)
    from_journal = journal.unfinished()
    if not from_journal and not may_have_operations(backend, project, engine.stack):
        return Recovered(dead)
    envelope = _exported(engine)
    deployment: Mapping[str, Any] = envelope.get("deployment") or {}
    if not from_journal and not deployment.get("pending_operations"):
        return Recovered(dead)
    shown = deployment
    if _needs_secrets(deployment, from_journal):
        shown = cast("dict[str, Any]", engine.export(decrypted=True).get("deployment") or {})
    began = min((each.taken for each in dead if each.taken), default=None)
    from_state = unfinished_operations(deployment, shown, began)
    unfinished = _together(from_state, from_journal)
    _refuse_unknown(unfinished, wish)
    with environment(engine.env):
        made = decisions(
            unfinished,
            resources_of(deployment),
            Access(resources_of(shown)),
            wish or Wish(),
            tell,
            wait=not dry_run,
        )
    kept = [without_secrets(each) for each in made]
    if dry_run or any(each.action is Action.STOP for each in made):
        return Recovered(dead, kept)
    engine.import_document({**envelope, "deployment": carried_out(deployment, made)})
    journal.begin()
    return Recovered(dead, kept, done=True)


def _exported(engine: Engine) -> dict[str, Any]:
    """The state with its envelope; empty when the stack is not there yet."""
    try:
        return engine.export()
    except RunFailedError as error:
        if NO_STACK in str(error):
            return {}
        raise


def _needs_secrets(deployment: Mapping[str, Any], journal: Sequence[Unfinished]) -> bool:
    """Whether looking takes what is encrypted: an input, or how a provider signs in."""
    operations = [each["resource"] for each in operations_of(deployment)]
    unfinished = [*operations, *(each.resource for each in journal)]
    references = {str(each.get("provider") or "") for each in unfinished}
    resources = resources_of(deployment)
    providers = [provider_of(resources, each) for each in references if each]
    return SIGNATURE in json.dumps([unfinished, providers])


def _backend(engine: Engine) -> str:
    return engine.env.get("PULUMI_BACKEND_URL") or engine.backend()


def _together(state: Sequence[Unfinished], journal: Sequence[Unfinished]) -> list[Unfinished]:
    """Those of the state, which are written down best, then what only the journal knows."""
    began = {each.urn: each.since for each in journal}
    known = {each.urn for each in state if each.operation is Operation.CREATING}
    return [
        *(replace(each, since=began.get(each.urn, each.since)) for each in state),
        *(each for each in journal if each.urn not in known),
    ]


def _refuse_unknown(unfinished: Sequence[Unfinished], wish: Wish | None) -> None:
    named = {*(wish.adopt if wish else ()), *(wish.drop if wish else ())}
    unknown = sorted(named - {each.urn for each in unfinished})
    if unknown:
        raise LocalCloudError(
            f"No operation on {', '.join(unknown)} is unfinished.",
            "`llmp recover ENV --dry-run` lists those that are, with their URNs.",
        )
