"""Inputs: what is refused, what is filled in."""

import re
from typing import Any

import pytest

from local.providers.aws.cloud import Cloud
from local.providers.aws.package import AwsPackage
from local.providers.aws.session import AwsSession
from local.providers.model import Checked, CheckRequest, ProviderError
from local.providers.values import UNKNOWN

# Nothing listens there: a check needs no cloud.
SESSION = AwsSession(Cloud.connect("http://127.0.0.1:9", "us-east-1", {}), {"team": "ml"})
VPC = "aws:ec2/vpc:Vpc"
ROLE = "aws:iam/role:Role"


def check(kind: str, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> Checked:
    return SESSION.check(
        CheckRequest("urn", kind, "Name", old_inputs=old or {}, inputs=inputs, random_seed=b"s")
    )


def reasons(kind: str, inputs: dict[str, Any]) -> list[str]:
    return [failure.reason for failure in check(kind, inputs).failures]


def test_an_input_that_is_not_handled_is_refused_by_name() -> None:
    assert reasons(VPC, {"cidrBlock": "10.0.0.0/16", "x": 1}) == [
        "aws:ec2/vpc:Vpc: input 'x' is not handled by the local stand-in"
    ]


def test_every_problem_is_told_with_its_path() -> None:
    kind = "aws:eks/nodeGroup:NodeGroup"
    inputs = {
        "clusterName": "c",
        "nodeRoleArn": "r",
        "subnetIds": ["s"],
        "scalingConfig": {"desiredSize": 1, "maxSize": 2, "odd": 3},
        "capacityType": "FREE",
        "taints": [{"key": "k", "effect": "NO_SCHEDULE"}, {"key": "k", "effect": "Never"}],
    }
    failures = check(kind, inputs).failures
    assert sorted(failure.property for failure in failures) == [
        "capacityType",
        "scalingConfig.minSize",
        "scalingConfig.odd",
        "taints[1].effect",
    ]


def test_unknown_values_pass() -> None:
    checked = check(VPC, {"cidrBlock": UNKNOWN, "instanceTenancy": UNKNOWN, "tags": UNKNOWN})
    assert not checked.failures
    assert checked.inputs["tagsAll"] is UNKNOWN


def test_defaults_region_and_default_tags_are_filled_in_and_listed() -> None:
    inputs = check(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}).inputs
    assert inputs["enableDnsSupport"] is True
    assert inputs["region"] == "us-east-1"
    assert inputs["tagsAll"] == {"team": "ml", "a": "b"}
    assert inputs["tags"] == {"a": "b"}
    assert inputs["__defaults"] == ["enableDnsSupport", "instanceTenancy", "region"]


def test_a_global_type_takes_no_region() -> None:
    inputs = {"assumeRolePolicy": "{}", "region": "us-east-1"}
    assert "input 'region' is not handled" in reasons(ROLE, inputs)[0]


def test_names_are_made_once() -> None:
    first = check(ROLE, {"assumeRolePolicy": "{}"}).inputs
    assert re.fullmatch(r"Name-[0-9a-f]{7}", first["name"])
    again = SESSION.check(
        CheckRequest("urn", ROLE, "Name", first, {"assumeRolePolicy": "{}"}, b"other seed")
    ).inputs
    assert again["name"] == first["name"]
    replaced = SESSION.check(
        CheckRequest("urn", ROLE, "Name", {}, {"assumeRolePolicy": "{}"}, b"other seed")
    ).inputs
    assert replaced["name"] != first["name"]


def test_a_dropped_name_of_the_user_is_not_kept() -> None:
    old = check(ROLE, {"assumeRolePolicy": "{}", "name": "mine"}).inputs
    assert check(ROLE, {"assumeRolePolicy": "{}"}, old).inputs["name"] != "mine"


@pytest.mark.parametrize(
    ("kind", "inputs", "name", "pattern"),
    [
        ("aws:s3/bucket:Bucket", {}, "bucket", r"name-[0-9a-f]{7}"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, "name", r"alias/Name-[0-9a-f]{7}"),
        ("aws:sqs/queue:Queue", {"fifoQueue": True}, "name", r"Name-[0-9a-f]{7}\.fifo"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "b"}, "key", r"Name"),
    ],
)
def test_names_fit_what_they_name(
    kind: str, inputs: dict[str, Any], name: str, pattern: str
) -> None:
    assert re.fullmatch(pattern, check(kind, inputs).inputs[name])


def test_a_name_that_is_too_long_is_told() -> None:
    request = CheckRequest("urn", ROLE, "n" * 60, {}, {"assumeRolePolicy": "{}"}, b"s")
    with pytest.raises(ProviderError, match="longer than the 64"):
        SESSION.check(request)


def test_inputs_that_exclude_each_other() -> None:
    route = {"routeTableId": "r", "destinationCidrBlock": "0.0.0.0/0"}
    assert "one target, not 0" in reasons("aws:ec2/route:Route", route)[0]
    parameter = {"type": "String", "value": "a", "insecureValue": "b"}
    assert "exactly one of" in reasons("aws:ssm/parameter:Parameter", parameter)[0]


def test_a_type_that_is_not_handled_is_refused_by_name() -> None:
    with pytest.raises(ProviderError, match="aws:rds/instance:Instance is not handled"):
        check("aws:rds/instance:Instance", {})


class TestProviderInputs:
    package = AwsPackage()

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
            monkeypatch.delenv(name, raising=False)

    def test_what_would_not_be_obeyed_is_refused(self) -> None:
        failures = self.package.check_config({"region": "r", "assumeRoles": "[]", "version": "7"})
        assert [failure.property for failure in failures] == ["assumeRoles"]

    def test_a_region_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert [f.property for f in self.package.check_config({})] == ["region"]
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        assert not self.package.check_config({})

    def test_another_region_replaces_the_provider(self) -> None:
        assert self.package.diff_config({"region": "a"}, {"region": "b"}).replaces == {"region"}
        tagged = {"region": "a", "defaultTags": '{"tags":{}}'}
        assert not self.package.diff_config({"region": "a"}, tagged).replaces

    def test_without_an_endpoint_nothing_is_called(self) -> None:
        session = self.package.configure({"region": "us-east-1"})
        with pytest.raises(ProviderError, match="talks to the local cloud only"):
            session.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})

    def test_bad_nested_input_is_named(self) -> None:
        with pytest.raises(ProviderError, match="'defaultTags' is not JSON"):
            self.package.configure({"region": "us-east-1", "defaultTags": "{"})

    def test_endpoints_and_accounts(self, endpoint: str) -> None:
        endpoints = f'[{{"sts": "{endpoint}"}}]'
        config = {"region": "us-east-1", "endpoints": endpoints}
        session = self.package.configure({**config, "allowedAccountIds": '["123456789012"]'})
        caller = session.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
        assert caller["accountId"] == "123456789012"
        with pytest.raises(ProviderError, match="not one that the provider may use"):
            self.package.configure({**config, "forbiddenAccountIds": '["123456789012"]'})
