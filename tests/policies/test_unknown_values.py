"""Every declared field of every policy, unknown: decided as declared, and never skipped."""

import pytest
from engine_resources import met
from helpers import evaluation, subject, unknown_at
from stack_cases import STACK_CASES

from llm_platform_policies import catalogue
from llm_platform_policies.model import Policy
from llm_platform_policies.unknowns import Decision, Field, Ledger, UndeclaredFieldError

RESOURCE_FIELDS = [
    (policy, field)
    for policy in catalogue.POLICIES
    if policy.check is not None
    for field in policy.fields
]
STACK_FIELDS = [
    (policy, field)
    for policy in catalogue.POLICIES
    if policy.check_stack is not None
    for field in policy.fields
]


def name(value: Policy | Field) -> str:
    return value.id if isinstance(value, Policy) else value.path


@pytest.mark.parametrize(("policy", "field"), RESOURCE_FIELDS, ids=name)
def test_a_field_of_a_resource(policy: Policy, field: Field) -> None:
    kind, properties = met(policy, field)
    run = evaluation()

    found = run.check_resource(policy, subject(kind, properties))
    told = run.check_resource(catalogue.UNVERIFIABLE, subject(kind, properties))

    if field.unknown is Decision.DENY:
        assert len(found) == 1, found
        assert "is not known at preview" in found[0].message
        assert field.why in found[0].message
    else:
        assert found == []
    mine = [each for each in told if policy.id in each.message]
    assert len(mine) == (1 if field.unknown is Decision.UNVERIFIABLE else 0), told
    assert all(field.why in each.message for each in mine)


@pytest.mark.parametrize(("policy", "field"), STACK_FIELDS, ids=name)
def test_a_field_in_a_stack(policy: Policy, field: Field) -> None:
    assert field.unknown is Decision.DENY
    for group in STACK_CASES[policy.id]:
        *others, (kind, properties, references) = group
        changed = unknown_at(kind, properties, field.path)
        resources = [subject(*each[:2], name="other", references=each[2]) for each in others]
        resources.append(subject(kind, changed, references=references))
        assert evaluation().check_stack(policy, resources[:-1]) == []
        found = evaluation().check_stack(policy, resources)
        if not found:
            continue
        assert all(field.why in each.message for each in found), found
        assert {each.urn for each in found} == {resources[-1].urn}
        return
    pytest.fail(f"no case of {policy.id} reads {field.path}")


def test_a_field_that_is_not_declared_cannot_be_read() -> None:
    ledger = Ledger.of("some-policy", [])
    reader = subject("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}).reader(ledger)

    with pytest.raises(UndeclaredFieldError, match="some-policy reads 'cidrBlock'"):
        reader.get("cidrBlock")
    with pytest.raises(UndeclaredFieldError, match=r"'tags\{\}'"):
        reader.keys("tags")
    with pytest.raises(UndeclaredFieldError, match=r"'ingress\[\]'"):
        list(reader.each("ingress"))


def test_every_field_says_why() -> None:
    for policy, field in RESOURCE_FIELDS + STACK_FIELDS:
        assert len(field.why.split()) >= 4, (policy.id, field)


def test_a_wholly_unknown_parent_is_decided_for_each_field_below_it() -> None:
    properties = unknown_at("aws:ec2/launchTemplate:LaunchTemplate", {}, "metadataOptions")
    policy = catalogue.BY_ID["compute-imdsv2"]

    found = evaluation().check_resource(
        policy, subject("aws:ec2/launchTemplate:LaunchTemplate", properties)
    )

    assert [each.message.split()[0] for each in found] == [
        "metadataOptions.httpTokens",
        "metadataOptions.httpEndpoint",
        "metadataOptions.httpPutResponseHopLimit",
    ]


def test_bad_fields_are_found_beside_unknown_ones() -> None:
    properties = unknown_at(
        "aws:iam/role:Role",
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        "assumeRolePolicy",
    )

    found = evaluation().check_resource(
        catalogue.BY_ID["iam-wildcard"], subject("aws:iam/role:Role", properties)
    )

    assert [each.message.split()[0] for each in found] == ["managedPolicyArns[0]"]
