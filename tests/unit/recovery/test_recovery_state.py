"""A deployment read, and written with what was decided."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.recovery.decide import decide
from infra.recovery.edit import REFRESH, carried_out
from infra.recovery.model import Action, Decision, Found, Operation, Origin, Unfinished
from infra.recovery.pending import (
    SECRET,
    SIGNATURE,
    known_ids,
    live,
    provider_of,
    revealed,
    unfinished_operations,
    written,
)
from infra.recovery.state import may_have_operations

STACK = "urn:pulumi:dev::p"
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"


def resource(kind: str, name: str, identifier: str = "", **more: Any) -> dict[str, Any]:
    own = {"urn": f"{STACK}::{kind}::{name}", "type": kind, "custom": True, **more}
    return {**own, "id": identifier} if identifier else own


def deployment(resources: list[Any], *operations: tuple[str, Any]) -> dict[str, Any]:
    return {
        "manifest": {"time": "2026-11-24T12:00:00.123456789Z"},
        "resources": resources,
        "pending_operations": [{"type": kind, "resource": each} for kind, each in operations],
    }


def hidden(text: str) -> dict[str, str]:
    return {SIGNATURE: SECRET, "ciphertext": text}


def test_operations_are_read_once_each_with_readable_inputs() -> None:
    made = resource(VPC, "a", inputs={"name": hidden("v1:x")})
    shown = {**made, "inputs": {"name": {SIGNATURE: SECRET, "plaintext": '"secret"'}}}
    doubled = (("creating", made), ("creating", made), ("updating", resource(VPC, "b", "vpc-b")))
    readable = (("creating", shown), ("creating", shown), ("updating", resource(VPC, "b", "vpc-b")))

    found = unfinished_operations(deployment([], *doubled), deployment([], *readable))

    assert [each.operation for each in found] == [Operation.CREATING, Operation.UPDATING]
    assert found[0].inputs == {"name": "secret"}
    assert found[0].resource is made
    assert found[0].since == datetime(2026, 11, 24, 11, 0, 0, 123456, tzinfo=UTC)


def test_time_of_a_deployment() -> None:
    assert written(deployment([])) == datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
    assert written({}) is None


def test_secrets_that_stay_hidden_are_nothing() -> None:
    assert revealed({"a": [hidden("v1:x")], "b": 1}) == {"a": [None], "b": 1}


def test_who_is_in_use() -> None:
    old = resource(VPC, "a", "vpc-old", delete=True)
    gone = resource(VPC, "a", "vpc-gone", pendingReplacement=True)
    new = resource(VPC, "a", "vpc-new")

    assert live([old, gone, new], new["urn"]) is new
    assert live([old, gone], new["urn"]) is None
    assert known_ids([old, gone, new], VPC) == {"vpc-old", "vpc-new"}
    provider = resource("pulumi:providers:aws", "default", "1")
    assert provider_of([provider], f"{provider['urn']}::1") is provider
    assert provider_of([provider], f"{provider['urn']}::2") is None


def creating(name: str, origin: Origin = Origin.STATE, **more: Any) -> Unfinished:
    given = resource(SUBNET, name, **more)
    return Unfinished(Operation.CREATING, origin, given, given.get("inputs", {}))


def test_adopted_without_outputs_and_read_before_anything_else() -> None:
    vpc = resource(VPC, "a", "vpc-1")
    needs: dict[str, Any] = {
        "dependencies": [vpc["urn"], "urn:gone"],
        "propertyDependencies": {"x": ["urn:gone"]},
    }
    one = creating("b", inputs={"vpcId": hidden("v1:x")}, outputs={"a": 1}, **needs)

    made = carried_out(
        deployment([vpc], ("creating", one.resource)),
        [Decision(one, Action.ADOPT, "", Found("x", "import-form"))],
    )

    assert made["pending_operations"] == []
    assert made["resources"] == [
        vpc,
        {
            **resource(SUBNET, "b", "import-form"),
            "inputs": {"vpcId": hidden("v1:x")},
            "dependencies": [vpc["urn"]],
            "propertyDependencies": {"x": []},
            REFRESH: True,
        },
    ]


def test_what_is_adopted_takes_the_place_of_what_was_deleted_for_it() -> None:
    one = creating("b")
    old = {**one.resource, "id": "old", "pendingReplacement": True}

    adopted = carried_out(deployment([old]), [Decision(one, Action.ADOPT, "", Found("new"))])
    dropped = carried_out(deployment([old]), [Decision(one, Action.DROP, "")])

    assert [each["id"] for each in adopted["resources"]] == ["new"]
    assert dropped["resources"] == [old]


def test_one_too_many_is_marked_for_deletion_beside_the_one_in_use() -> None:
    one = creating("b")
    used = {**one.resource, "id": "used"}
    decision = decide(one, [Found("used"), Found("other")], [used])

    made = carried_out(deployment([used]), [decision])

    assert [(each["id"], each.get("delete")) for each in made["resources"]] == [
        ("used", None),
        ("other", True),
    ]


def test_broken_is_marked_for_replacement_and_changed_for_reading() -> None:
    one = creating("b")
    vpc = resource(VPC, "a", "vpc-1")
    changed = Unfinished(Operation.UPDATING, Origin.STATE, vpc, {})
    decisions = [
        Decision(one, Action.REPLACE, "", Found("broken")),
        Decision(changed, Action.REFRESH, ""),
    ]

    made = carried_out(deployment([vpc]), decisions)["resources"]

    assert made[0] == {**vpc, REFRESH: True}
    assert (made[1]["id"], made[1]["taint"], made[1][REFRESH]) == ("broken", True, True)


def test_what_only_the_journal_knows_depends_on_whatever_its_inputs_name() -> None:
    vpc = resource(VPC, "a", "vpc-123456", outputs={"arn": "arn:aws:ec2:::vpc/vpc-123456"})
    other = resource(VPC, "c", "vpc-654321")
    one = creating("b", Origin.JOURNAL, inputs={"vpcId": "vpc-123456", "tags": {"a": "b"}})

    made = carried_out(
        deployment([vpc, other]), [Decision(one, Action.ADOPT, "", Found("subnet-1"))]
    )

    assert made["resources"][-1]["dependencies"] == [vpc["urn"]]


def test_a_checkpoint_without_operations_is_not_exported(tmp_path: Path) -> None:
    backend = tmp_path.as_uri()
    room = tmp_path / ".pulumi" / "stacks" / "p"
    room.mkdir(parents=True)
    assert not may_have_operations(backend, "p", "dev")
    (room / "dev.json").write_text('{"checkpoint": {"latest": {"resources": []}}}')
    assert not may_have_operations(backend, "p", "dev")
    (room / "dev.json").write_text('{"checkpoint": {"latest": {"pending_operations": [{}]}}}')
    assert may_have_operations(backend, "p", "dev")
    (room / "dev.json").rename(room / "dev.json.gz")
    assert may_have_operations(backend, "p", "dev")
    assert may_have_operations("s3://bucket", "p", "dev")
