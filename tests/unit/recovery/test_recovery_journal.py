"""The journal holds what began and did not end, across runs and deaths."""

import json
import stat
from pathlib import Path
from typing import Any

from pulumi.automation import EngineEvent

from infra.recovery.journal import FILE, Journal
from infra.recovery.model import Operation, Origin

URN = "urn:pulumi:dev::p::aws:ec2/vpc:Vpc::{}"


def step(name: str, op: str = "create", *, custom: bool = True) -> dict[str, Any]:
    urn = URN.format(name)
    new = {
        "urn": urn,
        "type": "aws:ec2/vpc:Vpc",
        "custom": custom,
        "parent": "urn:parent",
        "provider": "urn:provider::id",
        "inputs": {"cidrBlock": "10.0.0.0/16"},
    }
    return {"metadata": {"op": op, "urn": urn, "type": new["type"], "provider": "x", "new": new}}


def event(kind: str, content: dict[str, Any]) -> EngineEvent:
    untyped: Any = EngineEvent
    return untyped.from_json({"sequence": 1, "timestamp": 1, kind: content})


def begun(name: str, op: str = "create", *, custom: bool = True) -> EngineEvent:
    return event("resourcePreEvent", step(name, op, custom=custom))


def ended(name: str) -> EngineEvent:
    return event("resOutputsEvent", step(name))


def failed(name: str) -> EngineEvent:
    return event("resOpFailedEvent", {**step(name), "status": 0, "steps": 1})


def said(name: str, message: str) -> EngineEvent:
    content = {"urn": URN.format(name), "message": message, "color": "", "severity": "error"}
    return event("diagnosticEvent", content)


def names(folder: Path) -> list[str]:
    return [each.name for each in Journal(folder).unfinished()]


def test_what_ended_is_struck_out_and_an_empty_journal_goes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hear(begun("a"))
    journal.hear(begun("b", "create-replacement"))
    assert names(tmp_path) == ["a", "b"]

    journal.hear(ended("a"))
    assert names(tmp_path) == ["b"]
    journal.hear(ended("b"))
    journal.end()

    assert not (tmp_path / FILE).exists()


def test_what_is_written_down(tmp_path: Path) -> None:
    Journal(tmp_path).hear(begun("a"))

    (one,) = Journal(tmp_path).unfinished()

    assert (one.operation, one.origin) == (Operation.CREATING, Origin.JOURNAL)
    assert one.inputs == {"cidrBlock": "10.0.0.0/16"}
    assert one.resource["provider"] == "urn:provider::id"
    assert one.resource["parent"] == "urn:parent"
    assert one.since is not None
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_components_and_other_operations_are_not_written_down(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hear(begun("a", custom=False))
    journal.hear(begun("b", "update"))
    journal.hear(begun("c", "same"))

    assert not (tmp_path / FILE).exists()


def test_only_an_answer_of_the_provider_says_that_nothing_was_made(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for name in ("refused", "died"):
        journal.hear(begun(name))
        journal.hear(failed(name))
    journal.hear(said("refused", "create: CreateVpc: VpcLimitExceeded: too many"))
    journal.hear(said("died", "error reading from server: EOF"))

    journal.end()

    assert names(tmp_path) == ["died"]


def test_a_later_run_does_not_strike_out_an_earlier_ones(tmp_path: Path) -> None:
    Journal(tmp_path).hear(begun("a"))
    later = Journal(tmp_path)
    later.hear(begun("a"))
    later.hear(ended("a"))
    later.end()

    assert names(tmp_path) == ["a"]
    later.begin()
    assert names(tmp_path) == []


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    Journal(tmp_path).hear(begun("a"))
    with (tmp_path / FILE).open("a") as file:
        file.write(json.dumps({"run": "x", "urn": "b"})[:9])

    assert names(tmp_path) == ["a"]
