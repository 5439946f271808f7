"""WorkloadIdentity: who can take the role, what it may do, and what is refused as too wide."""

import json
from typing import Any

import pytest
from aws_recording import ACCOUNT, Recording, children_outside, record, untagged

from llm_platform.aws.kinds import IdentityMode
from llm_platform.aws.workload_identity import WorkloadIdentity, WorkloadIdentityArgs
from llm_platform.aws.workload_identity_check import is_wide_resource
from llm_platform.problems import InvalidInputsError

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
READ = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::models/*"]}


def args(**more: Any) -> WorkloadIdentityArgs:
    base: WorkloadIdentityArgs = {
        "cluster_name": "llm",
        "namespace": "serving",
        "service_account": "llama",
        "statements": [
            {
                "sid": "Read",
                "actions": ["s3:GetObject"],
                "resources": ["arn:aws:s3:::models/*"],
                "conditions": {"StringEquals": {"aws:ResourceAccount": [ACCOUNT]}},
            }
        ],
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def identity(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = WorkloadIdentity("llama", args(**more))
        return {"namespace": made.namespace, "account": made.service_account, "arn": made.role_arn}

    return record(program)


def statement_problems(**fields: Any) -> set[str]:
    with pytest.raises(InvalidInputsError) as caught:
        WorkloadIdentity("llama", args(statements=[{**READ, **fields}]))
    return {problem.path.removeprefix("statements[0].") for problem in caught.value.problems}


def test_tags_and_parents() -> None:
    recording = identity()
    assert untagged(recording, {ROLE, ASSOCIATION}) == []
    assert children_outside(recording, "llm-platform:index:WorkloadIdentity") == []


def test_only_one_service_account_of_one_cluster_can_take_the_role() -> None:
    (trust,) = json.loads(identity().one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/llm",
        "aws:RequestTag/kubernetes-namespace": "serving",
        "aws:RequestTag/kubernetes-service-account": "llama",
    }


def test_policy_says_what_was_asked_and_stands_before_the_association() -> None:
    recording = identity(managed_policies=["service-role/AmazonEBSCSIDriverPolicy"])
    (statement,) = json.loads(recording.one(POLICY).inputs["policy"])["Statement"]
    assert statement == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::models/*"],
        "Condition": {"StringEquals": {"aws:ResourceAccount": [ACCOUNT]}},
    }
    attached = recording.one(ATTACHMENT)
    expected = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
    assert attached.inputs["policyArn"] == expected
    association = recording.one(ASSOCIATION)
    assert recording.waits_for(association, recording.one(POLICY))
    assert recording.waits_for(association, attached)


def test_irsa_needs_no_association_and_bounds_subject_and_audience() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example/id"
    recording = identity(
        mode=IdentityMode.IRSA,
        oidc_provider_arn=provider,
        oidc_issuer="https://oidc.example/id",
    )
    assert recording.of(ASSOCIATION) == []
    (trust,) = json.loads(recording.one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Federated": provider}
    assert trust["Condition"] == {
        "StringEquals": {
            "oidc.example/id:aud": "sts.amazonaws.com",
            "oidc.example/id:sub": "system:serviceaccount:serving:llama",
        }
    }


def test_irsa_without_its_provider_is_refused() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        WorkloadIdentity("llama", args(mode=IdentityMode.IRSA))
    assert {one.path for one in caught.value.problems} == {"oidc_issuer", "oidc_provider_arn"}


def test_outputs() -> None:
    outputs = identity().outputs
    assert (outputs["namespace"], outputs["account"]) == ("serving", "llama")


@pytest.mark.parametrize("action", ["*", "s3:*", "*:GetObject", "iam:*"])
def test_every_action_of_a_service_is_always_refused(action: str) -> None:
    reason = "the driver needs all of this, says its manual"
    assert statement_problems(actions=[action], wildcard_reason=reason) == {"actions[0]"}


def test_wildcards_need_a_reason() -> None:
    assert statement_problems(actions=["s3:Get*"], resources=["*"]) == {
        "actions[0]",
        "resources[0]",
    }
    recording = identity(
        statements=[
            {
                **READ,
                "actions": ["ec2:Describe*"],
                "resources": ["*"],
                "wildcard_reason": "EC2 has no resource-level permission for reading",
            }
        ]
    )
    assert recording.of(POLICY)


def test_statements_must_say_something() -> None:
    found = statement_problems(sid="a b", actions=[], resources=[], wildcard_reason="because")
    assert found == {"sid", "actions", "resources", "wildcard_reason"}


def test_action_must_look_like_one() -> None:
    assert statement_problems(actions=["GetObject"]) == {"actions[0]"}


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        ("AdministratorAccess", True),
        ("AmazonS3FullAccess", True),
        ("IAMFullAccess", True),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
        ("AmazonEKS_CNI_Policy", False),
        ("service-role/AmazonEBSCSIDriverPolicy", False),
    ],
)
def test_managed_policies(policy: str, refused: bool) -> None:
    if refused:
        with pytest.raises(InvalidInputsError, match=r"managed_policies\[0\]"):
            WorkloadIdentity("llama", args(managed_policies=[policy]))
    else:
        assert identity(managed_policies=[policy]).of(ATTACHMENT)


@pytest.mark.parametrize(
    ("resource", "wide"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:s3:::*/x", True),
        ("arn:aws:kms:eu-central-1:123456789012:key/*", True),
        ("arn:aws:sqs:eu-central-1:123456789012:*", True),
        ("arn:aws:s3:::models/*", False),
        ("arn:aws:s3:::models", False),
        ("arn:aws:kms:eu-central-1:123456789012:key/1234", False),
        ("arn:aws:logs:eu-central-1:123456789012:log-group:/x:*", False),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/locks", False),
    ],
)
def test_wide_resources(resource: str, wide: bool) -> None:
    assert is_wide_resource(resource) is wide
