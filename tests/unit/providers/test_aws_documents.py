import json
from typing import Any

import pytest

from local.providers.aws.documents import same_json, same_number, same_policy


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (policy(Action="s3:Get"), policy(Action=["s3:Get"])),
        (policy(Action=["a:B", "c:D"]), policy(Action=["c:D", "a:B"])),
        (policy(Principal={"AWS": "*"}), policy(Principal="*")),
        (
            policy(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
            policy(Principal={"AWS": ["123456789012"]}),
        ),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": False}}),
            policy(Condition={"Bool": {"aws:SecureTransport": ["false"]}}),
        ),
    ],
)
def test_same_policies(one: str, other: str) -> None:
    assert same_policy(one, other)
    listed = json.loads(other)
    listed["Statement"] = [listed["Statement"]]
    assert same_policy(one, json.dumps(listed, indent=4))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (policy(Action="s3:Get"), policy(Action="s3:get")),
        (policy(Action="s3:Get"), policy(NotAction="s3:Get")),
        (policy(Effect="Allow"), policy(Effect="Deny")),
        (policy(Action=["a:B"]), policy(Action=["a:B", "c:D"])),
        (policy(Action="a:B"), "not json"),
        (policy(Principal={"AWS": "*"}), policy(Principal={"Service": "*"})),
    ],
)
def test_different_policies(one: str, other: str) -> None:
    assert not same_policy(one, other)


def test_json_and_numbers() -> None:
    assert same_json('{"a":[1,2]}', '{ "a" : [1, 2] }')
    assert not same_json('{"a":[1,2]}', '{"a":[2,1]}')
    assert not same_json("{", "{")
    assert same_number("1000", 1000.0)
    assert not same_number("1000", "1000.5")
    assert not same_number("x", "x")
