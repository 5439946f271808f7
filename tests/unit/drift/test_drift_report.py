"""What is read from the engine's events and the state, and how drift is shown."""

import json
from typing import Any

import pytest
from pulumi.automation import EngineEvent
from rich.console import Console

from infra.drift import render
from infra.drift.events import Comparison
from infra.drift.live import kubeconfigs_of
from infra.drift.model import (
    CONSISTENT,
    DRIFTED,
    SECRET,
    Drift,
    Kind,
    Owner,
    OwnerKind,
    Remedy,
    Report,
)
from infra.drift.run import forcing_providers, rules_of
from infra.drift.values import SECRET_MARK, places, plain, shown, shown_at, without_secrets
from llm_platform.ownership import DECLARED
from local.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "drift.md").read_text(encoding="utf-8")
URN = "urn:pulumi:prod::p::aws:ec2/vpc:Vpc::net"
MARKED = {SECRET_MARK: "1b47", "plaintext": '"open"'}


def drift(remedy: Remedy, kind: Kind = Kind.CHANGED, path: str = "tags.a") -> Drift:
    return Drift(
        urn=URN,
        type="aws:ec2/vpc:Vpc",
        id="vpc-1",
        path=path,
        kind=kind,
        recorded="one",
        current="two",
        owner=Owner(OwnerKind.UNKNOWN, "", "AWS does not record it; see CloudTrail for vpc-1."),
        remedy=remedy,
        why="Because.",
    )


@pytest.mark.parametrize(
    ("remedies", "code"),
    [
        ((), CONSISTENT),
        ((Remedy.LEFT_ALONE,), CONSISTENT),
        ((Remedy.LEFT_ALONE, Remedy.REPAIRED), DRIFTED),
        ((Remedy.REFUSED,), DRIFTED),
    ],
)
def test_exit_codes(remedies: tuple[Remedy, ...], code: int) -> None:
    assert Report("prod", 3, tuple(map(drift, remedies))).exit_code == code


def test_the_document_is_what_the_documentation_says() -> None:
    report = Report("prod", 3, (drift(Remedy.REPAIRED),), ("a warning",))
    assert render.document(report) == {
        "version": 1,
        "stack": "prod",
        "checked": 3,
        "exitCode": 3,
        "summary": {"repaired": 1, "left-alone": 0, "refused": 0},
        "drift": [
            {
                "urn": URN,
                "type": "aws:ec2/vpc:Vpc",
                "name": "net",
                "id": "vpc-1",
                "path": "tags.a",
                "kind": "changed",
                "recorded": "one",
                "current": "two",
                "owner": {
                    "kind": "unknown",
                    "name": "",
                    "detail": "AWS does not record it; see CloudTrail for vpc-1.",
                },
                "remedy": "repaired",
                "why": "Because.",
            }
        ],
        "warnings": ["a warning"],
    }


def test_the_table_has_what_needs_hands_first_and_the_notes_say_why() -> None:
    report = Report(
        "prod",
        9,
        (
            drift(Remedy.LEFT_ALONE),
            drift(Remedy.REPAIRED, Kind.ADDED, "tags.b"),
            drift(Remedy.REFUSED, Kind.DELETED, ""),
        ),
    )
    console = Console(width=120, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as printed:
        console.print(render.table(report))
    rows = [" ".join(line.split()) for line in printed.get().splitlines()]
    assert rows[1:] == [
        "Vpc net (the object) deleted not known stops at it",
        "Vpc net tags.b added two not known repairs it",
        "Vpc net tags.a one → two not known leaves it",
    ]
    assert render.notes(report) == [
        "Vpc net: AWS does not record it; see CloudTrail for vpc-1.",
        "Vpc net tags.a: Because.",
        "Vpc net : Because.",
    ]
    assert render.verdict(report).plain == (
        "1 that up stops at, 1 repaired by up, 1 left alone; 9 resources compared"
    )
    assert render.verdict(Report("prod", 9, ())).plain == "✓ no drift in 9 resources"


class TestPage:
    """docs/drift.md says what the code has."""

    def test_every_declared_field_with_its_owner(self) -> None:
        rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
        missing = [
            each
            for each in DECLARED
            if not any(
                f"`{each.type}`" in row and f"`{each.path}`" in row and each.owner.value in row
                for row in rows
            )
        ]
        assert missing == []

    def test_the_example_has_the_fields_of_the_document(self) -> None:
        example = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
        made = render.document(Report("prod", 3, (drift(Remedy.REPAIRED),)))
        assert list(example) == list(made)
        assert list(example["drift"][0]) == list(made["drift"][0])
        assert list(example["summary"]) == list(made["summary"])

    def test_every_word_of_the_document(self) -> None:
        words = {each.value for kind in (Kind, OwnerKind, Remedy) for each in kind}
        assert [word for word in words if f"`{word}`" not in PAGE] == []


def event(op: str, *, old: Any = None, new: Any = None, diff: Any = None) -> EngineEvent:
    kind = (old or new)["type"]
    metadata = {
        "op": op, "urn": URN, "type": kind, "provider": "", "old": old, "new": new,
        "detailedDiff": diff,
    }  # fmt: skip
    events: Any = EngineEvent
    return events.from_json(
        {"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}}
    )


def state(**inputs: Any) -> dict[str, Any]:
    return {"type": "aws:ec2/vpc:Vpc", "urn": URN, "id": "vpc-1", "custom": True, "inputs": inputs}


class TestEvents:
    def test_a_difference(self) -> None:
        compared = Comparison()
        diff = {"tags.a": {"diffKind": "update", "inputDiff": True}}
        compared.hear(event("update", old=state(a=1), new=state(a=2), diff=diff))
        found = compared.refreshed[URN]
        assert (found.recorded, found.current, found.is_gone) == ({"a": 1}, {"a": 2}, False)
        assert found.differing == {"tags.a": "update"}

    def test_what_is_gone(self) -> None:
        compared = Comparison()
        compared.hear(event("delete", old=state(a=1)))
        assert compared.refreshed[URN].is_gone

    def test_components_and_providers_are_no_resources(self) -> None:
        compared = Comparison()
        component = {**state(), "custom": False}
        provider = {**state(), "type": "pulumi:providers:aws"}
        compared.hear(event("same", old=component, new=component))
        compared.hear(event("same", old=provider, new=provider))
        assert compared.refreshed == {}


PROVIDER: Any = {
    "urn": "urn:k",
    "id": "1",
    "type": "pulumi:providers:kubernetes",
    "inputs": {"kubeconfig": MARKED, "enablePatchForce": "true"},
}


class TestState:
    def test_force_comes_from_the_provider_or_the_object(self) -> None:
        forcing = forcing_providers([PROVIDER, {"type": "pulumi:providers:aws"}])
        assert forcing == {"urn:k::1"}
        assert rules_of({"provider": "urn:k::1"}, forcing=forcing).forced
        assert not rules_of({"provider": "urn:k::2"}, forcing=forcing).forced
        annotated = {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}
        assert rules_of({"inputs": annotated}, forcing=forcing).forced

    def test_the_rest_of_the_rules(self) -> None:
        resource = {
            "ignoreChanges": ["spec.replicas"],
            "inputs": {"data": MARKED},
            "outputs": {"__fieldManager": "us"},
        }
        found = rules_of(resource, forcing=frozenset())
        assert (found.ignored, found.manager) == (("spec.replicas",), "us")
        assert found.known == {"data": "open"}
        assert "open" not in repr(found)

    def test_kubeconfigs_are_read_secret_or_not(self) -> None:
        other: Any = {**PROVIDER, "id": "2", "inputs": {"kubeconfig": "plain"}}
        none: Any = {**PROVIDER, "id": "3", "inputs": {}}
        found = kubeconfigs_of([PROVIDER, other, none, state()])
        assert found == {"urn:k::1": "open", "urn:k::2": "plain"}


class TestValues:
    def test_secrets_are_words(self) -> None:
        assert without_secrets({"a": MARKED, "b": [MARKED, 1]}) == {"a": SECRET, "b": [SECRET, 1]}
        assert shown_at({"data": MARKED}, ("data", "key")) == SECRET
        assert shown_at({"data": SECRET}, ("data", "key")) == SECRET
        assert shown_at({"data": {"key": "a"}}, ("data", "key")) == "a"
        assert plain({"a": MARKED, "b": [MARKED]}) == {"a": "open", "b": ["open"]}

    def test_patterns_name_places(self) -> None:
        tree = {"rules": [{"w": 1}, {"w": 2}], "x": {"w": 3}}
        assert list(places(tree, ("rules", "*", "w"))) == [("rules", 0, "w"), ("rules", 1, "w")]
        assert list(places(tree, ("*", "w"))) == [("x", "w")]
        assert list(places(tree, ("nowhere", "w"))) == []

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "-"),
            ("two\nlines", "two lines"),
            ({"b": 1, "a": [True]}, json.dumps({"a": [True], "b": 1})),
            ("x" * 61, "x" * 59 + "…"),
        ],
    )
    def test_one_line(self, value: Any, text: str) -> None:
        assert shown(value) == text
