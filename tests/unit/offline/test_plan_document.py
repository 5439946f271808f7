"""A plan as a document and as text: everything in it, and why it does not pass."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pulumi.automation import EngineEvent
from pulumi.automation.events import (
    DiffKind,
    OpType,
    PropertyDiff,
    ResourcePreEvent,
    StepEventMetadata,
    StepEventStateMetadata,
)
from rich.console import Console

from infra.cli.events import Finding, RunLog
from infra.cli.main import main
from infra.offline import document, view
from infra.offline.differences import differences, input_lines, shown
from infra.offline.exported import UNKNOWN, ExportedState
from infra.offline.manifests import ManifestProblem, NotValidated, Verdict
from infra.offline.planned import PlanLog
from infra.offline.planning import Plan
from local.assumed.model import Fact

ROOT = "urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod"
TOPIC = "aws:sns/topic:Topic"
KINDS = {"add": DiffKind.ADD, "update": DiffKind.UPDATE, "replace": DiffKind.UPDATE_REPLACE}


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:prod::p::{token}::{name}"


def state(token: str, name: str, parent: str, inputs: Mapping[str, Any]) -> StepEventStateMetadata:
    custom = not token.startswith(("x:", "pulumi:pulumi"))
    return StepEventStateMetadata(
        type=token, urn=urn(token, name), id="", parent=parent, provider="", custom=custom,
        inputs=inputs,
    )  # fmt: skip


def step(
    operation: OpType,
    token: str,
    name: str,
    *,
    parent: str = ROOT,
    new: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
    differs: Mapping[str, str] | None = None,
) -> EngineEvent:
    detailed = {path: PropertyDiff(KINDS[kind], True) for path, kind in (differs or {}).items()}
    about = StepEventMetadata(
        op=operation, urn=urn(token, name), type=token, provider="",
        old=None if old is None else state(token, name, parent, old),
        new=None if new is None else state(token, name, parent, new),
        detailed_diff=detailed,
    )  # fmt: skip
    return EngineEvent(0, 0, resource_pre_event=ResourcePreEvent(about))


@pytest.fixture
def resources() -> PlanLog:
    log = PlanLog()
    component = urn("x:y:Room", "room")
    events = [
        step(OpType.SAME, "pulumi:pulumi:Stack", "p-prod", parent="", new={}, old={}),
        step(OpType.CREATE, "pulumi:providers:aws", "default", new={}),
        step(OpType.CREATE, "x:y:Room", "room", new={}),
        step(
            OpType.CREATE, TOPIC, "new", parent=component,
            new={"tags": {"a": "b"}, "arn": UNKNOWN, "__defaults": []},
        ),
        step(
            OpType.UPDATE, TOPIC, "changed", parent=component,
            old={"tags": {"owner": "a"}}, new={"tags": {"owner": "b"}, "policy": UNKNOWN},
            differs={"tags.owner": "update", "policy": "add"},
        ),
        step(OpType.CREATE_REPLACEMENT, TOPIC, "moved", new={"name": "b"}, old={"name": "a"}),
        step(
            OpType.REPLACE, TOPIC, "moved", new={"name": "b"}, old={"name": "a"},
            differs={"name": "replace"},
        ),
        step(OpType.DELETE_REPLACED, TOPIC, "moved", old={"name": "a"}),
        step(OpType.DELETE, TOPIC, "gone", old={"name": "c"}),
        step(OpType.SAME, TOPIC, "kept", new={"name": "d"}, old={"name": "d"}),
    ]  # fmt: skip
    for each in events:
        log.hear(each)
    return log


REPORT: dict[str, Any] = {
    "exceptions": [],
    "cost": {
        "region": "eu-central-1",
        "budget": 100.0,
        "total": {"minimum": 1.0, "expected": 2.0, "worst": 3.0},
        "lines": [],
        "unpriced": ["x: has no price"],
        "undecided": [],
        "table": "total 1.00 2.00 3.00",
    },
}


def made(resources: PlanLog, **parts: Any) -> Plan:
    fields: dict[str, Any] = {
        "stack": "prod",
        "state": None,
        "log": RunLog(packs={"pack|file|path": "1.0"}),
        "resources": resources,
        "policy_report": REPORT,
        "assumed": [("zones", Fact(["a", "b"], "2026-11-24", "a table"))],
        **parts,
    }
    return Plan(**fields)


VALID = Verdict(objects=2, unknown_values=3, sources=["Kubernetes v1"])
INVALID = Verdict(
    objects=3,
    invalid=1,
    problems=[ManifestProblem("Pod (v1)", "web", "spec.x", "is no field of this kind", "urn:x")],
    not_validated=[NotValidated("Widget (x/v1)", 1, "no pinned chart brings this kind")],
)


def test_counts_are_of_what_providers_make(resources: PlanLog) -> None:
    assert resources.counts() == {
        "create": 1, "delete": 1, "replace": 1, "same": 1, "update": 1,
    }  # fmt: skip


def test_differences_have_old_and_new(resources: PlanLog) -> None:
    found = differences(resources.resources[urn(TOPIC, "changed")])
    assert [(each.path, each.kind, each.old, each.new) for each in found] == [
        ("policy", "add", None, UNKNOWN),
        ("tags.owner", "update", "a", "b"),
    ]
    assert differences(resources.resources[urn(TOPIC, "new")]) == []


def test_values_as_people_read_them() -> None:
    assert shown(UNKNOWN) == "(known once it is made)"
    assert shown({"a": [UNKNOWN, 1]}) == '{"a": ["(known once it is made)", 1]}'
    inputs: dict[str, Any] = {"b": {"c": 1, "d": {}}, "a": UNKNOWN, "__own": 1, "n": None}
    assert list(input_lines(inputs)) == ["a: (known once it is made)", "b:", "  c: 1", "  d: {}"]


def test_document_of_a_plan_that_passes(resources: PlanLog) -> None:
    against = ExportedState(3, {}, resources=4, masked=2, pending=1, account=None)
    found = document.document(made(resources, state=against), VALID)
    assert json.loads(json.dumps(found)) == found
    assert (found["format"], found["stack"], found["passed"]) == (1, "prod", True)
    assert found["state"] == {"resources": 4, "maskedSecrets": 2, "pendingOperations": 1}
    assert found["assumed"] == [
        {"what": "zones", "value": ["a", "b"], "date": "2026-11-24", "source": "a table"}
    ]
    assert found["cost"]["total"]["worst"] == 3.0
    assert "table" not in found["cost"]
    assert found["policies"] == {
        "packs": {"pack": "1.0"}, "complete": True, "findings": [], "exceptions": [],
    }  # fmt: skip
    operations = {each["name"]: each["operation"] for each in found["resources"]}
    assert operations == {
        "room": "create", "new": "create", "changed": "update", "moved": "replace",
        "gone": "delete", "kept": "same",
    }  # fmt: skip
    assert [each["name"] for each in found["resources"] if each["component"]] == ["room"]
    assert found["manifests"]["valid"] == 2


def test_reasons_why_a_plan_does_not_pass(resources: PlanLog) -> None:
    log = RunLog(findings=[Finding("p", "mandatory", "no", ""), Finding("q", "advisory", "x", "")])
    denied = made(resources, log=log, failure="stopped")
    assert document.verdicts(denied, VALID) == ["1 mandatory policy findings"]
    assert document.verdicts(made(resources), INVALID) == ["1 problems in manifests"]
    broken = made(resources, failure="boom", policy_report=None)
    assert document.verdicts(broken, VALID) == ["the engine stopped with an error"]
    found = document.document(broken, VALID)
    assert (found["errors"], found["cost"]) == (["boom"], None)
    assert not found["policies"]["complete"]


def text_of(plan: Plan, verdict: Verdict, *, diff: bool = False) -> str:
    written = io.StringIO()
    console = Console(file=written, width=160, highlight=False, soft_wrap=True)
    view.print_plan(console, plan, verdict, diff=diff)
    return written.getvalue()


def test_text_of_a_plan(resources: PlanLog) -> None:
    text = text_of(made(resources), VALID)
    for words in (
        "Planned for an empty environment.",
        "prod  +1 create  ~1 update  ±1 replace  -1 delete  1 same",
        "Room room  +1 create  ~1 update",
        "tags.owner (update)",
        "name (update-replace)",
        "a table",
        "total 1.00 2.00 3.00",
        "not in the estimate: x: has no price",
        "policies: nothing found by pack 1.0",
        "manifests: 2 of 2 objects valid; 3 values are not known yet",
        "✓ prod: +1 create",
    ):
        assert words in text, words
    assert " → " not in text


def test_text_with_differences(resources: PlanLog) -> None:
    text = text_of(made(resources), VALID, diff=True)
    assert 'tags.owner (update): "a" → "b"' in text
    assert "policy (add): null → (known once it is made)" in text
    assert "arn: (known once it is made)" in text
    assert "__defaults" not in text


def test_text_of_a_plan_that_does_not_pass(resources: PlanLog) -> None:
    against = ExportedState(3, {}, resources=4, masked=2, pending=1, account=None)
    plan = made(resources, state=against, failure="boom", policy_report=None, assumed=[])
    text = text_of(plan, INVALID)
    for words in (
        "against an exported state of 4 resources; 2 secrets in it are masked",
        "1 operations that were under way are left out",
        "nothing is assumed",
        "cost: not estimated",
        "the run ended before all had judged",
        "manifests: 1 of 3 objects valid",
        "not validated: Widget (x/v1) (1): no pinned chart brings this kind",
        "Pod (v1) web  spec.x: is no field of this kind",
        "✗ boom",
        "✗ prod cannot be deployed like this: 1 problems in manifests; the engine stopped",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prod", "--json"], "need --offline"),
        (["prod", "--diff"], "need --offline"),
        (["prod", "--state", __file__], "need --offline"),
        (["prod", "--offline", "--providers", "official"], "providers of its own"),
        (["prod", "--offline", "--state", "/nowhere"], "does not exist"),
        (["prod", "--offline", "--state", str(Path(__file__))], "is no JSON"),
        (["nowhere", "--offline"], "no such stack file"),
    ],
)
def test_wrong_input_ends_with_two(arguments: list[str], told: str) -> None:
    ended = CliRunner().invoke(main, ["preview", *arguments])
    assert ended.exit_code == 2
    assert told in ended.output
