"""Faults of the emulated AWS as boto3 sees them, and which calls are made again."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from local.aws import retries
from local.aws.retries import is_repeatable, watching
from local.faults.plan import Effect, Kind
from local.limits import Limits
from tests.unit.faults.conftest import Faulty

ONCE = Limits(attempts=1)
ROLE = {"RoleName": "recorded", "AssumeRolePolicyDocument": "{}"}
CALLS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "ec2": ("describe_vpcs", {}, "RequestLimitExceeded", "InternalError"),
    "iam": ("list_roles", {}, "Throttling", "InternalFailure"),
    "sts": ("get_caller_identity", {}, "Throttling", "InternalFailure"),
    "eks": ("list_clusters", {}, "ThrottlingException", "ServerException"),
    "s3": ("list_buckets", {}, "SlowDown", "InternalError"),
    "kms": ("list_keys", {}, "ThrottlingException", "KMSInternalException"),
    "logs": ("describe_log_groups", {}, "ThrottlingException", "InternalServerError"),
    "sqs": ("list_queues", {}, "ThrottlingException", "InternalServerError"),
}


@pytest.mark.parametrize("service", CALLS)
def test_errors_are_those_of_the_service(
    service: str, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "limits", lambda: ONCE)
    operation, arguments, throttled, failed = CALLS[service]
    call: Callable[..., Any] = getattr(faulty.client(service), operation)
    for kind, code in ((Kind.THROTTLE, throttled), (Kind.ERROR, failed)):
        faulty.spoil(kind)
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        error: Any = caught.value
        assert error.response["Error"]["Code"] == code
        assert "fault plan" in error.response["Error"]["Message"]
    faulty.spoil(Kind.CUT)
    with pytest.raises(ConnectionClosedError):
        call(**arguments)
    faulty.spoil(Kind.SLOW, seconds=0.01)
    call(**arguments)
    faulty.heal()
    call(**arguments)


def test_an_answer_that_never_comes(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.aws import client as clients  # noqa: PLC0415 its settings are kept per process

    monkeypatch.setattr(clients, "limits", lambda: Limits(answer_seconds=0.2))
    monkeypatch.setattr(retries, "limits", lambda: ONCE)
    clients._config.cache_clear()  # pyright: ignore[reportPrivateUsage]
    impatient = faulty.client("ec2")
    clients._config.cache_clear()  # pyright: ignore[reportPrivateUsage]
    faulty.spoil(Kind.TIMEOUT, Effect.BEFORE, seconds=30.0)
    with pytest.raises(ReadTimeoutError):
        impatient.describe_vpcs()


def test_a_wrong_plan_is_an_error_that_nobody_repeats(faulty: Faulty) -> None:
    (faulty.folder / "faults.json").write_text('{"rules": [{"kind": "throtle"}]}')
    with pytest.raises(ClientError, match=r"rules\[0\]\.kind"):
        faulty.client("ec2").describe_vpcs()


def calls_of(faulty: Faulty, action: str) -> list[dict[str, Any]]:
    lines = (faulty.folder / "aws" / "calls.jsonl").read_text().splitlines()
    return [call for call in map(json.loads, lines) if call["action"] == action]


def test_the_record_says_how_a_call_was_spoiled(faulty: Faulty) -> None:
    faulty.spoil(Kind.CUT, Effect.AFTER, call="iam:CreateRole")
    with pytest.raises(ConnectionClosedError):
        faulty.client("iam").create_role(**ROLE)
    faulty.heal()
    (call,) = [each for each in calls_of(faulty, "CreateRole") if each["target"] == "recorded"]
    assert (call["status"], call["fault"]) == (0, "cut after")
    assert faulty.client("iam").get_role(RoleName="recorded")


@pytest.mark.parametrize(
    ("kind", "effect", "attempts"),
    [
        (Kind.THROTTLE, Effect.BEFORE, 4),
        (Kind.ERROR, Effect.AFTER, 1),
        (Kind.ERROR, Effect.BEFORE, 1),
        (Kind.CUT, Effect.AFTER, 1),
    ],
)
def test_a_creation_whose_outcome_is_unknown_is_not_repeated(
    kind: Kind, effect: Effect, attempts: int, faulty: Faulty
) -> None:
    ec2 = faulty.client("ec2")
    before, made = len(calls_of(faulty, "CreateVpc")), len(ec2.describe_vpcs()["Vpcs"])
    faulty.spoil(kind, effect, call="ec2:CreateVpc")
    with watching() as watch, pytest.raises((ClientError, ConnectionClosedError)):
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
    faulty.heal()
    assert len(calls_of(faulty, "CreateVpc")) - before == attempts
    assert watch.lost == ([] if kind is Kind.THROTTLE else ["CreateVpc"])
    after = effect is Effect.AFTER
    assert len(ec2.describe_vpcs()["Vpcs"]) - made == (1 if after else 0)


def test_a_creation_with_a_token_is_repeated_and_made_once(faulty: Faulty) -> None:
    ec2 = faulty.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    where = [{"Name": "vpc-id", "Values": [vpc]}]
    before = len(ec2.describe_route_tables(Filters=where)["RouteTables"])
    faulty.spoil(Kind.ERROR, Effect.AFTER, call="ec2:CreateRouteTable", times=2)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    faulty.heal()
    found = ec2.describe_route_tables(Filters=where)["RouteTables"]
    assert len(found) == before + 1
    assert table in {each["RouteTableId"] for each in found}
    assert ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] != table


@pytest.mark.parametrize(
    ("operation", "members", "body", "repeatable"),
    [
        ("DescribeVpcs", [], {}, True),
        ("DeleteVpc", [], {}, True),
        ("ModifyVpcAttribute", [], {}, True),
        ("AttachRolePolicy", [], {}, True),
        ("CreateVpc", [], {"CidrBlock": "x"}, False),
        ("AllocateAddress", [], {}, False),
        ("AuthorizeSecurityGroupIngress", [], {}, False),
        ("CreateKey", [], b"{}", False),
        ("CreateNatGateway", ["ClientToken"], {}, True),
        ("CreateVpcEndpoint", [], {"ClientToken": "t"}, True),
        ("CreateVpcEndpoint", [], {"ClientToken": ""}, False),
    ],
)
def test_which_calls_are_repeatable(
    operation: str, members: list[str], body: Any, repeatable: bool
) -> None:
    assert is_repeatable(operation, members, body) is repeatable


def test_attempts_are_bounded_in_number_and_time() -> None:
    limits = Limits(answer_seconds=10, attempts=3, total_seconds=20, first_pause=1, longest_pause=3)
    assert [limits.pause(attempt) for attempt in (1, 2, 3, 4)] == [1, 2, 3, 3]
    assert limits.allow(2, 19.9)
    assert not limits.allow(3, 0)
    assert not limits.allow(1, 20)
    patient = Limits(answer_seconds=60, total_seconds=20)
    assert patient.allow(1, 61)
    assert not patient.allow(2, 121)
