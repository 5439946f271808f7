"""Creations whose answer was lost and that cannot be told apart, or not looked for."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.faults.plan import Effect, FaultPlan, Kind, Rule, Side
from local.providers.aws.creation import create
from local.providers.aws.handler import Handler
from local.providers.aws.registry import HANDLERS
from local.providers.aws.session import AwsSession
from local.providers.model import CreateRequest, PartialError, ProviderError
from tests.unit.faults.conftest import QUICK, Faulty

VPC = "aws:ec2/vpc:Vpc"
TRUST = '{"Version": "2012-10-17", "Statement": []}'


def made(aws: AwsSession, token: str, **inputs: Any) -> str:
    return aws.create(CreateRequest("u", token, "n", inputs)).id


def vpc(aws: AwsSession, **tags: str) -> str:
    return made(aws, VPC, cidrBlock="10.3.0.0/16", instanceTenancy="default", tagsAll=tags)


def role(aws: AwsSession, **inputs: Any) -> str:
    given = {"assumeRolePolicy": TRUST, "path": "/", "maxSessionDuration": 3600, **inputs}
    return made(aws, "aws:iam/role:Role", **given)


def vpcs(faulty: Faulty, resource: str) -> set[str]:
    where = [{"Name": "tag:llm-platform:resource", "Values": [resource]}]
    return {each["VpcId"] for each in faulty.client("ec2").describe_vpcs(Filters=where)["Vpcs"]}


def test_a_replacement_is_not_taken_for_what_it_replaces(faulty: Faulty, aws: AwsSession) -> None:
    """Both have the same tags while they stand side by side."""
    tags = {"llm-platform:resource": "replaced"}
    old = vpc(aws, **tags)
    for effect in Effect:
        faulty.spoil(Kind.CUT, effect, call="ec2:CreateVpc", times=1)
        assert vpc(aws, **tags) != old
    assert len(vpcs(faulty, "replaced")) == 3


def test_what_has_no_tags_cannot_be_told(faulty: Faulty, aws: AwsSession) -> None:
    faulty.spoil(Kind.CUT, Effect.AFTER, call="ec2:CreateVpc")
    with pytest.raises(ProviderError, match=r"may have been made\. It has no tags") as caught:
        vpc(aws)
    assert str(caught.value).startswith("CreateVpc: ConnectionClosedError: ")


def test_what_cannot_be_looked_for_is_told_with_its_tags(faulty: Faulty, aws: AwsSession) -> None:
    tags = {"llm-platform:resource": "unseen"}
    rules = (
        Rule(Side.AWS, "ec2:CreateVpc", 1.0, Kind.CUT, Effect.AFTER, times=1),
        Rule(Side.AWS, "iam:CreateRole", 1.0, Kind.CUT, Effect.AFTER, times=1),
        Rule(Side.AWS, "iam:GetRole", 1.0, Kind.THROTTLE),
    )
    FaultPlan(1, rules).write(faulty.folder)
    with pytest.raises(PartialError, match="looking for it failed") as caught:
        role(aws, name="unseen", tagsAll=tags)
    assert caught.value.state.id == "unseen", "the engine keeps it by its name"
    faulty.heal()
    assert faulty.client("iam").get_role(RoleName="unseen")


def test_somebody_elses_role_of_that_name_is_not_taken(faulty: Faulty, aws: AwsSession) -> None:
    role(aws, name="theirs", tagsAll={"owner": "them"})
    faulty.spoil(Kind.ERROR, Effect.BEFORE, call="iam:CreateRole", times=1)
    with pytest.raises(ProviderError, match="EntityAlreadyExists"):
        role(aws, name="theirs", tagsAll={"owner": "us"})


@pytest.mark.parametrize("kind", ["aws:ec2/vpc:Vpc", "aws:ec2/routeTable:RouteTable"])
def test_attempts_are_bounded_with_a_token_and_without(
    kind: str, faulty: Faulty, aws: AwsSession
) -> None:
    parent = vpc(aws, **{"llm-platform:resource": "parent"})
    tags = {"llm-platform:resource": "never"}
    inputs = {"vpcId": parent, "cidrBlock": "10.5.0.0/16", "instanceTenancy": "default"}
    calls, operation = faulty.folder / "aws" / "calls.jsonl", f"Create{kind.rpartition(':')[2]}"
    before = calls.read_text().count(operation)
    faulty.spoil(Kind.ERROR, Effect.BEFORE, call=f"ec2:{operation}")
    with pytest.raises(ProviderError) as caught:
        made(aws, kind, **inputs, tagsAll=tags)
    faulty.heal()
    assert str(caught.value).startswith(f"{operation}: InternalError: ")
    assert "(4 attempts; run the same command again to go on)" in str(caught.value)
    assert calls.read_text().count(operation) - before == QUICK.attempts == 4
    assert vpcs(faulty, "never") == set()


class Ambiguous(Handler):
    """Two have appeared, and nobody can say which is ours."""

    urn_type = "x:y/z:Z"
    schema = HANDLERS[VPC].schema

    def __init__(self, inner: Handler) -> None:
        self._inner = inner
        self._seen = 0

    def create(self, cloud: Any, inputs: Mapping[str, Any]) -> str:
        return self._inner.create(cloud, inputs)

    def read(self, cloud: Any, rid: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
        return self._inner.read(cloud, rid, known)

    def delete(self, cloud: Any, rid: str, state: Mapping[str, Any]) -> None:
        self._inner.delete(cloud, rid, state)

    def alike(self, cloud: Any, inputs: Mapping[str, Any]) -> frozenset[str]:
        del cloud, inputs
        self._seen += 1
        return frozenset() if self._seen == 1 else frozenset({"vpc-1", "vpc-2"})


def test_two_that_could_be_it_are_named(faulty: Faulty, aws: AwsSession) -> None:
    faulty.spoil(Kind.CUT, Effect.AFTER, call="ec2:CreateVpc", times=1)
    inputs = {"cidrBlock": "10.4.0.0/16", "instanceTenancy": "default"}
    cloud = aws._cloud  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ProviderError, match=r"several have appeared .* vpc-1, vpc-2"):
        create(Ambiguous(HANDLERS[VPC]), cloud, inputs)
