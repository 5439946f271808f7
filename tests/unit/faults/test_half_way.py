"""What a run that failed says of what stands and of how to go on."""

from infra.cli.events import RunLog
from infra.cli.halfway import half_way
from infra.cli.report import without_echoes

VPC = "urn:pulumi:s::p::a:b:C$aws:ec2/vpc:Vpc::net"
AGAIN = "llmp up local"


def test_what_stands_what_failed_and_how_to_go_on() -> None:
    log = RunLog()
    log.ended.update({"create": 3, "update": 1})
    log.failed += [VPC, VPC]
    assert half_way(log, AGAIN) == [
        "Stopped half-way. What was done stands and is in the state: 3 made, 1 changed.",
        "Not done: Vpc net, and what depends on it.",
        "llmp up local goes on from there; what is done is not done again.",
    ]


def test_many_failures_are_counted() -> None:
    log = RunLog(failed=[f"{VPC}{number}" for number in range(9)])
    told = half_way(log, AGAIN)
    assert told[0] == "Stopped before anything was changed."
    assert told[1].startswith("Not done: Vpc net0, Vpc net1, ")
    assert told[1].endswith("Vpc net5 and 3 more, and what depends on it.")


def test_a_run_that_never_began_says_nothing() -> None:
    assert half_way(RunLog(), AGAIN) == []


def test_echoes_of_an_error_are_left_out_unless_they_are_all_there_is() -> None:
    echo = "resource net [aws:ec2/vpc:Vpc] failed to register"
    assert without_echoes(["Vpc net: create: no", echo]) == ["Vpc net: create: no"]
    assert without_echoes([echo]) == [echo]
