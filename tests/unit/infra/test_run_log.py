"""What is gathered from the engine's events, and how it is shown."""

import io
from typing import Any

from pulumi.automation import EngineEvent
from rich.console import Console

from infra.cli import report
from infra.cli.events import RunLog, short_name
from infra.cli.view import change_counts

VPC = "urn:pulumi:local::llm-platform::llm-platform:index:Network$aws:ec2/vpc:Vpc::main-vpc"


def event(**body: Any) -> EngineEvent:
    engine_event: Any = EngineEvent
    return engine_event.from_json({"sequence": 1, "timestamp": 1, **body})


def step(op: str, urn: str = VPC, **more: Any) -> dict[str, Any]:
    return {"metadata": {"op": op, "urn": urn, "type": "aws:ec2/vpc:Vpc", "provider": "", **more}}


def violation(level: str) -> EngineEvent:
    return event(
        policyEvent={
            "message": "<{%reset%}>The VPC must have an owner.<{%reset%}>\n",
            "color": "never",
            "policyName": "cost-tags-required",
            "policyPackName": "llm-platform",
            "policyPackVersion": "1",
            "policyPackVersionTag": "1",
            "enforcementLevel": level,
            "resourceUrn": VPC,
        }
    )


def text(printed: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(printed)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_changes_are_counted_and_same_is_no_change() -> None:
    log = RunLog()
    for op in ("create", "create", "same", "update", "refresh"):
        log.hear(event(resourcePreEvent=step(op)))

    assert log.changes == {"create": 2, "update": 1}
    assert (log.changed, log.same) == (3, 1)
    assert change_counts(log).plain.split("  ") == ["+2 create", "~1 update", "1 unchanged"]


def test_an_operation_is_under_way_until_it_ends_or_fails() -> None:
    log = RunLog()
    log.hear(event(resourcePreEvent=step("create")))
    assert list(log.active) == [VPC]

    log.hear(event(resOpFailedEvent={**step("create"), "status": 1, "steps": 1}))

    assert log.active == {}
    assert log.done == 0


def test_a_refresh_that_finds_a_difference_is_drift() -> None:
    log = RunLog()
    diff = {"tags.owner": {"diffKind": "update", "inputDiff": False}}
    log.hear(event(resOutputsEvent=step("refresh", detailedDiff=diff)))
    log.hear(event(resOutputsEvent=step("refresh", urn=VPC + "2")))

    assert log.drifted == [VPC]


def test_deletions_are_kept_in_their_order() -> None:
    log = RunLog()
    for name in ("b", "a"):
        log.hear(event(resOutputsEvent=step("delete", urn=name)))

    assert log.deleted == ["b", "a"]


def test_a_mandatory_finding_blocks_and_is_told_once() -> None:
    log = RunLog()
    for level in ("mandatory", "mandatory", "advisory"):
        log.hear(violation(level))

    assert [finding.level for finding in log.findings] == ["mandatory", "advisory"]
    assert [finding.message.strip() for finding in log.blocking] == ["The VPC must have an owner."]


def test_an_error_is_told_once_and_without_the_traces_around_it() -> None:
    log = RunLog()
    stack = "urn:pulumi:local::p::pulumi:pulumi:Stack::p-local"
    trace = "\nTraceback (most recent call last):\n  File x"
    for message in (
        f"python inline source runtime error: no such key{trace}",
        "Exception calling application: no such key",
        f"python inline source runtime error: resource monitor shut down{trace}",
    ):
        said = {"message": message, "color": "never", "severity": "error", "urn": stack}
        log.hear(event(diagnosticEvent=said))
    log.hear(
        event(
            diagnosticEvent={
                "message": "subnet is full",
                "color": "never",
                "severity": "error",
                "urn": VPC,
            }
        )
    )

    assert log.errors == ["no such key", "Vpc main-vpc: subnet is full"]


def test_the_verdict_names_policy_resource_and_reason() -> None:
    log = RunLog()
    log.hear(violation("mandatory"))
    console = Console(file=io.StringIO(), width=200)

    report.print_verdict(console, log)

    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "1 mandatory, 0 advisory" in said
    assert "cost-tags-required  Vpc main-vpc" in said
    assert "The VPC must have an owner." in said


def test_short_names_are_what_people_say() -> None:
    assert short_name(VPC) == "Vpc main-vpc"
    assert short_name(None) == ""


def test_the_tree_counts_what_stands_below_a_component() -> None:
    stack = "urn:pulumi:local::p::pulumi:pulumi:Stack::p-local"
    network = "urn:pulumi:local::p::llm-platform:index:Network::main"
    resources: list[dict[str, Any]] = [
        {"urn": stack, "type": "pulumi:pulumi:Stack"},
        {"urn": "urn:p", "type": "pulumi:providers:aws", "custom": True, "parent": stack},
        {"urn": network, "type": "llm-platform:index:Network", "parent": stack},
        {"urn": VPC, "type": "aws:ec2/vpc:Vpc", "custom": True, "parent": network, "id": "vpc-1"},
    ]

    counted = text(report.resource_tree("local", resources))
    whole = text(report.resource_tree("local", resources, whole=True))

    assert "local  1 resources" in counted
    assert "Network main  1" in counted
    assert "Vpc main-vpc  vpc-1" in whole
