"""Creates that `llmp` saw begin and not end, on disk as they happen.

The engine's checkpoint names what was under way when the engine died. When a provider dies the
engine lives on, takes the create for failed and forgets it, though the cloud may have made the
thing. So `llmp` keeps a list of its own, from the engine's events: a create is written down
when it begins, and struck out when the engine hears how it ended. Secrets are hidden in events,
and so in the journal.
"""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pulumi.automation import EngineEvent
from pulumi.automation.events import OpType, StepEventMetadata

from infra.cli.engine import Engine, Watcher
from infra.cli.events import RunLog
from infra.recovery.model import Operation, Origin, Unfinished

FILE = "creates.jsonl"
MODE = 0o600
CREATES = {OpType.CREATE, OpType.CREATE_REPLACEMENT}

NO_ANSWER = (
    "error reading from server", "transport is closing", "connection reset", "connection refused",
    "code = unavailable", "code = canceled", "code = deadlineexceeded", "broken pipe", "eof",
    "connection was closed", "timed out", "timeout", "could not connect", "connection aborted",
)  # fmt: skip
"""Words of an error that says that nobody knows how it ended, in lower case."""


class Journal:
    """The list of one stack, fed with the events of a run.

    Args:
        folder: Where the stack's engine has its files; private.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._run = secrets.token_hex(4)
        self._open: dict[str, dict[str, Any]] = {}
        self._failed: set[str] = set()
        self._doubtful: set[str] = set()

    def begin(self) -> None:
        """Start afresh: what earlier runs left has been dealt with."""
        self._open.clear()
        self._failed.clear()
        self._doubtful.clear()
        self._path.unlink(missing_ok=True)

    def hear(self, event: EngineEvent) -> None:
        """Take in one event of an update."""
        if event.resource_pre_event is not None:
            self._begun(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._strike(event.res_outputs_event.metadata.urn)
        elif event.res_op_failed_event is not None:
            self._failed.add(event.res_op_failed_event.metadata.urn)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            said = event.diagnostic_event.message.lower()
            if event.diagnostic_event.urn and any(words in said for words in NO_ANSWER):
                self._doubtful.add(event.diagnostic_event.urn)

    def end(self) -> None:
        """The run has ended: strike out what the provider itself called failed."""
        for urn in self._failed - self._doubtful:
            self._strike(urn)
        if not self.unfinished():
            self._path.unlink(missing_ok=True)

    def unfinished(self) -> list[Unfinished]:
        """The creates that earlier runs saw begin and not end."""
        kept: dict[tuple[str, str], Unfinished] = {}
        for line in _lines(self._path):
            # what a later run made does not say what became of an earlier one's
            key = str(line["run"]), str(line["urn"])
            resource = cast("dict[str, Any] | None", line.get("resource"))
            if resource is None:
                kept.pop(key, None)
                continue
            kept[key] = Unfinished(
                Operation.CREATING,
                Origin.JOURNAL,
                resource,
                resource["inputs"],
                datetime.fromisoformat(str(line["time"])),
            )
        # of several on one resource the last says most: all would find the same objects
        return list({each.urn: each for each in kept.values()}.values())

    def _begun(self, step: StepEventMetadata) -> None:
        new = step.new
        if step.op not in CREATES or new is None or not new.custom:
            return
        resource = {
            "urn": step.urn,
            "custom": True,
            "type": new.type,
            "inputs": dict(new.inputs or {}),
            "parent": new.parent,
            "provider": new.provider,
            "protect": bool(new.protect),
            "retainOnDelete": bool(new.retain_on_delete),
        }
        self._open[step.urn] = resource
        now = datetime.now(UTC).isoformat()
        self._write({"run": self._run, "urn": step.urn, "time": now, "resource": resource})

    def _strike(self, urn: str) -> None:
        if self._open.pop(urn, None) is not None:
            self._write({"run": self._run, "urn": urn})

    def _write(self, line: Mapping[str, Any]) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def journaled_up(engine: Engine, watch: Watcher, *, refresh: bool) -> RunLog:
    """Update a stack, with the journal kept meanwhile; see `Engine.up`."""
    journal = Journal(engine.workspace.parent)
    try:
        return engine.up(watch, refresh=refresh, hear=journal.hear)
    finally:
        journal.end()


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found: list[dict[str, Any]] = []
    for text in texts:
        try:
            found.append(json.loads(text))
        except ValueError:
            continue  # cut off by the death of its writer: its create had not begun
    return found
