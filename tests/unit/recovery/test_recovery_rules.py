"""Every type that the platform makes can be found, or stops by name."""

from typing import Any

import pytest

from infra.recovery import kubernetes
from infra.recovery.access import Access
from infra.recovery.aws.table import RULES
from infra.recovery.looking import decisions, find
from infra.recovery.model import Action, Operation, Origin, Unfinished, Wish
from infra.recovery.search import CannotTellError, Search, from_list
from llm_platform.tags import RESOURCE_TAG, STACK_TAG
from local.providers.aws.registry import HANDLERS

WITHOUT_RULE = {
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queuePolicy:QueuePolicy",
}
"""Types that the stand-in makes and no part of the platform uses."""

MINE = {STACK_TAG: "p/dev", RESOURCE_TAG: "a"}


def unfinished(kind: str, inputs: dict[str, Any] | None = None, **resource: Any) -> Unfinished:
    given = {"urn": f"urn:pulumi:dev::p::{kind}::a", "type": kind, "custom": True, **resource}
    return Unfinished(Operation.CREATING, Origin.STATE, given, inputs or {})


def no_client(service: str) -> Any:
    raise AssertionError(service)


def test_every_type_of_the_stand_in_has_a_rule_but_those_that_nobody_uses() -> None:
    assert set(HANDLERS) - set(RULES) == WITHOUT_RULE
    assert set(RULES) <= set(HANDLERS)


def test_a_type_without_rule_stops_with_its_name() -> None:
    one = unfinished("aws:rds/instance:Instance")

    (made,) = decisions([one], [], Access([]), Wish(), print, wait=False)

    assert made.action is Action.STOP
    assert "there is no rule for aws:rds/instance:Instance" in made.why


def test_a_person_may_decide() -> None:
    one, two = unfinished("aws:rds/instance:Instance"), unfinished("random:index:Id")
    wish = Wish({one.urn: "db-1"}, frozenset({two.urn}))

    made = decisions([one, two], [], Access([]), wish, print, wait=False)

    assert [each.action for each in made] == [Action.ADOPT, Action.DROP]
    assert made[0].found is not None
    assert made[0].found.adopted_as == "db-1"


def test_a_resource_whose_provider_is_unknown_stops() -> None:
    for kind in ("aws:ec2/vpc:Vpc", "kubernetes:core/v1:ConfigMap"):
        with pytest.raises(CannotTellError, match="provider is not in the state"):
            find(unfinished(kind, provider="urn:x::1"), Access([]))


def test_a_resource_in_another_region_than_its_provider_stops() -> None:
    urn = "urn:pulumi:dev::p::pulumi:providers:aws::default"
    provider = {"urn": urn, "id": "1", "type": "x", "inputs": {"region": "eu-central-1"}}
    one = unfinished("aws:ec2/vpc:Vpc", {"region": "us-east-1"}, provider=f"{urn}::1")

    with pytest.raises(CannotTellError, match="us-east-1"):
        find(one, Access([provider]))


def test_what_has_no_identity_tags_cannot_be_told_apart() -> None:
    search = Search(unfinished("aws:ec2/vpc:Vpc", {"tags": {"team": "ml"}}), no_client)

    with pytest.raises(CannotTellError, match="no tags llm-platform:stack"):
        RULES["aws:ec2/vpc:Vpc"].find(search)


@pytest.mark.parametrize(
    ("asked", "seen", "ours"),
    [
        (MINE, {**MINE, "more": "x"}, True),
        (MINE, {**MINE, RESOURCE_TAG: "b"}, False),
        (MINE, {"team": "ml"}, False),
        (MINE, {}, None),
        ({"team": "ml"}, {"team": "ml", "a": "b"}, True),
        ({"team": "ml"}, {"team": "x"}, False),
        ({}, {"team": "x"}, None),
    ],
)
def test_whose_it_is(asked: dict[str, str], seen: dict[str, str], ours: bool | None) -> None:
    assert Search(unfinished("t", {"tagsAll": asked}), no_client).ours(seen) is ours


def test_tags_in_any_spelling() -> None:
    assert from_list([{"Key": "a", "Value": "b"}, {"key": "c", "value": "d"}]) == {
        "a": "b",
        "c": "d",
    }


def test_kubernetes_names() -> None:
    assert kubernetes.natural("kubernetes:helm.sh/v3:Release") == ("namespace", "name")
    assert kubernetes.is_patch("kubernetes:core/v1:ServiceAccountPatch")
    assert not kubernetes.is_patch("kubernetes:core/v1:ServiceAccount")
