"""What is done about a pending create, for everything that can be found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.recovery.decide import decide, decide_without_looking
from infra.recovery.model import Action, Condition, Found, Operation, Origin, Unfinished

VPC = "aws:ec2/vpc:Vpc"
URN = "urn:pulumi:prod::llm-platform::llm-platform:index:Network$aws:ec2/vpc:Vpc::net-vpc"
BEGAN = datetime(2026, 11, 24, 12, tzinfo=UTC)


def unfinished(
    operation: Operation = Operation.CREATING, kind: str = VPC, **inputs: Any
) -> Unfinished:
    resource = {"urn": URN, "type": kind, "custom": True}
    return Unfinished(operation, Origin.STATE, resource, inputs, BEGAN)


def state(identifier: str, **more: Any) -> dict[str, Any]:
    return {"urn": URN, "type": VPC, "custom": True, "id": identifier, **more}


def test_names_of_an_operation() -> None:
    one = unfinished()

    assert (one.name, one.stack, one.type) == ("net-vpc", "llm-platform/prod", VPC)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        (Operation.UPDATING, Action.REFRESH),
        (Operation.DELETING, Action.REFRESH),
        (Operation.READING, Action.DROP),
        (Operation.IMPORTING, Action.DROP),
    ],
)
def test_operations_that_need_no_looking(operation: Operation, action: Action) -> None:
    decision = decide_without_looking(unfinished(operation))

    assert decision is not None
    assert decision.action is action


@pytest.mark.parametrize(
    "resource",
    [{"custom": False, "type": "llm-platform:index:Network"}, {"type": "pulumi:providers:aws"}],
)
def test_components_and_providers_stand_in_no_cloud(resource: dict[str, Any]) -> None:
    given = {"urn": URN, "custom": True, **resource}
    decision = decide_without_looking(Unfinished(Operation.CREATING, Origin.STATE, given, {}))

    assert decision is not None
    assert decision.action is Action.DROP
    assert decide_without_looking(unfinished()) is None


@pytest.mark.parametrize(
    ("found", "resources", "action"),
    [
        ([], [], Action.DROP),
        ([Found("vpc-1")], [], Action.ADOPT),
        ([Found("vpc-1", condition=Condition.ENDING)], [], Action.DROP),
        ([Found("vpc-1", condition=Condition.FAILED)], [], Action.REPLACE),
        ([Found("vpc-1", condition=Condition.MAKING)], [], Action.STOP),
        ([Found("vpc-1"), Found("vpc-2")], [], Action.STOP),
        ([Found("vpc-1"), Found("vpc-2", condition=Condition.ENDING)], [], Action.ADOPT),
        ([Found("vpc-1", ours=False)], [], Action.DROP),
        ([Found("vpc-1")], [state("vpc-1")], Action.DROP),
        ([Found("rtb-1", "subnet/rtb")], [state("subnet/rtb")], Action.DROP),
        ([Found("vpc-1"), Found("vpc-2")], [state("vpc-1")], Action.DELETE),
        ([Found("vpc-2")], [state("vpc-1", delete=True)], Action.ADOPT),
        ([Found("vpc-1")], [state("vpc-1", pendingReplacement=True)], Action.ADOPT),
        ([Found("vpc-1"), Found("vpc-2"), Found("vpc-3")], [state("vpc-1")], Action.STOP),
    ],
)
def test_decision(found: list[Found], resources: list[dict[str, Any]], action: Action) -> None:
    assert decide(unfinished(), found, resources).action is action


def test_ids_of_another_type_are_no_obstacle() -> None:
    bucket = state("name", type="aws:s3/bucket:Bucket", urn="urn:other")
    policy = unfinished(kind="aws:s3/bucketPolicy:BucketPolicy")

    assert decide(policy, [Found("name")], [bucket]).action is Action.ADOPT


def test_two_candidates_are_both_named() -> None:
    decision = decide(unfinished(), [Found("vpc-1"), Found("vpc-2")], [])

    assert "vpc-1" in decision.why
    assert "vpc-2" in decision.why
    assert [each.id for each in decision.candidates] == ["vpc-1", "vpc-2"]


def test_an_object_in_the_state_under_another_id_is_known_by_its_name() -> None:
    """The official provider gives attachments random ids."""
    names: dict[str, Any] = {"role": "r", "policyArn": "p"}
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    here = state("r-20261124120000", type=kind, inputs=names)
    again = unfinished(kind=kind, **names)

    known = decide(again, [Found("r/p")], [here], ("role", "policyArn"))
    replaced = {**here, "pendingReplacement": True}
    gone = decide(again, [Found("r/p")], [replaced], ("role", "policyArn"))

    assert (known.action, gone.action) == (Action.DROP, Action.ADOPT)


@pytest.mark.parametrize(
    ("made", "action"),
    [
        (BEGAN + timedelta(seconds=1), Action.ADOPT),
        (BEGAN - timedelta(minutes=1), Action.ADOPT),
        (BEGAN - timedelta(hours=1), Action.DROP),
        (None, Action.STOP),
    ],
)
def test_without_marks_the_time_decides(made: datetime | None, action: Action) -> None:
    assert decide(unfinished(), [Found("name", ours=None, made=made)], []).action is action
