"""What a person is told of a recovery, and asked when something is not clear."""

import io
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from infra.cli import recover as view
from infra.cli.recover import print_recovered
from infra.recovery.locks import Lock
from infra.recovery.model import Action, Decision, Found, Operation, Origin, Unfinished
from infra.recovery.run import Recovered, is_off

URN = "urn:pulumi:dev::p::aws:ec2/vpc:Vpc::{}"


def decision(name: str, action: Action, *ids: str, origin: Origin = Origin.STATE) -> Decision:
    given: dict[str, Any] = {"urn": URN.format(name), "type": "aws:ec2/vpc:Vpc", "custom": True}
    one = Unfinished(Operation.CREATING, origin, given, {})
    found = tuple(Found(each) for each in ids)
    stopped = action is Action.STOP
    chosen = found[0] if found and not stopped else None
    return Decision(one, action, f"why {name}", chosen, found if stopped else ())


def told(recovered: Recovered, width: int = 120) -> str:
    console = Console(record=True, width=width, file=io.StringIO())
    print_recovered(console, recovered)
    return console.export_text()


def test_nothing_is_said_when_nothing_died() -> None:
    assert told(Recovered()) == ""


def test_what_was_unfinished_found_and_done() -> None:
    lock = Lock(Path("x"), 7, "ann", "build-7", None)
    said = told(
        Recovered(
            [lock],
            [
                decision("a", Action.ADOPT, "vpc-1"),
                decision("b", Action.DROP, origin=Origin.JOURNAL),
            ],
            done=True,
        )
    )

    assert "left the stack locked: process 7 of ann on build-7" in said
    assert "Vpc a     creating  vpc-1  adopt          why a" in said
    assert "Vpc b     creating  -      nothing to do  why b (known from llmp's journal)" in said


def test_ids_are_whole_on_a_narrow_terminal() -> None:
    identifier = "vpc-0123456789abcdef0123456789"

    said = told(Recovered((), [decision("a", Action.ADOPT, identifier)]), width=60)

    assert "…" not in said
    assert "would be" in said


def test_both_candidates_and_the_commands_are_named() -> None:
    stopped = Recovered((), [decision("a", Action.STOP, "vpc-1", "vpc-2")])

    said = view.instruction("dev", stopped)

    urn = URN.format("a")
    assert f"llmp recover dev --adopt '{urn}=vpc-1'" in said
    assert f"llmp recover dev --adopt '{urn}=vpc-2'" in said
    assert f"llmp recover dev --drop '{urn}'" in said
    assert "vpc-1" in told(stopped)
    assert "vpc-2" in told(stopped)


def test_a_pair_is_a_urn_and_an_id() -> None:
    assert view.pair(f"{URN.format('a')}=sub/net=1") == (URN.format("a"), "sub/net=1")
    for wrong in ("vpc=1", "urn:pulumi:dev", f"{URN.format('a')}="):
        with pytest.raises(click.BadParameter, match="URN=ID"):
            view.pair(wrong)


def test_the_switch() -> None:
    assert is_off({"LLMP_RECOVERY": "off"})
    assert not is_off({"LLMP_RECOVERY": "no"})
    assert not is_off({})
