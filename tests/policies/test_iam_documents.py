"""IAM documents: every way of saying "everything", and near misses that are fine."""

import json
from typing import Any

import pytest

from llm_platform_policies.iam_documents import (
    overreach_of_identity_policy,
    overreach_of_resource_policy,
    overreach_of_trust_policy,
)

WEB = "sts:AssumeRoleWithWebIdentity"


def document(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", **statement}]}


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "*", "Resource": "*"},
        {"Action": ["s3:GetObject", "*"], "Resource": "arn:aws:s3:::b/*"},
        {"Action": "*:*", "Resource": "arn:aws:s3:::b"},
        {"Action": "S3:*", "Resource": "*"},
        {"Action": ["iam:*"], "Resource": ["arn:aws:iam::1:role/x", "*"]},
        {"Action": "s3:*", "Resource": "arn:aws:*:*:*:*"},
        {"Action": "s3:*", "NotResource": "arn:aws:s3:::secret"},
        {"NotAction": "iam:*", "Resource": "*"},
        {"Effect": "ALLOW", "Action": "ec2:*", "Resource": "*"},
    ],
)
def test_too_wide(statement: dict[str, Any]) -> None:
    for text in (document(**statement), json.dumps(document(**statement))):
        assert len(list(overreach_of_identity_policy(text))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:GetObject", "Resource": "*"},
        {"Action": "ec2:Describe*", "Resource": "*"},
        {"Action": "s3:*", "Resource": "arn:aws:s3:::models/*"},
        {"NotAction": "iam:*", "Resource": "arn:aws:s3:::models/*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {},
    ],
)
def test_narrow_enough(statement: dict[str, Any]) -> None:
    assert list(overreach_of_identity_policy(document(**statement))) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"Statement": ["x"]}'])
def test_what_cannot_be_read_is_said(text: str) -> None:
    assert len(list(overreach_of_identity_policy(text))) == 1


def test_a_single_statement_need_not_be_a_list() -> None:
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})

    (sentence,) = overreach_of_identity_policy(text)

    assert sentence == "Statement[0] allows every action (*)."


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ({"Principal": "*", "Action": "sts:AssumeRole"}, 1),
        ({"Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}, "Action": "sts:AssumeRole"}, 1),
        ({"NotPrincipal": {"AWS": "x"}, "Action": "sts:AssumeRole"}, 1),
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, 0),
        ({"Principal": {"Federated": "p"}, "Action": WEB}, 1),
        (
            {
                "Principal": {"Federated": "p"},
                "Action": WEB,
                "Condition": {"StringLike": {"issuer:sub": "system:serviceaccount:*:*"}},
            },
            1,
        ),
        (
            {
                "Principal": {"Federated": "p"},
                "Action": WEB,
                "Condition": {"StringEquals": {"issuer:sub": "system:serviceaccount:a:b"}},
            },
            0,
        ),
    ],
)
def test_who_may_assume_a_role(statement: dict[str, Any], count: int) -> None:
    assert len(list(overreach_of_trust_policy(document(**statement)))) == count


def test_a_condition_narrows_a_resource_policy() -> None:
    statement = {"Principal": "*", "Action": "s3:GetObject"}
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}

    assert len(list(overreach_of_resource_policy(document(**statement)))) == 1
    assert list(overreach_of_resource_policy(document(**statement, Condition=condition))) == []
