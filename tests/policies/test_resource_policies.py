"""Every policy about single resources: passes, and is broken by one field at a time."""

import pytest
from case_parts import Break, Case
from cases import CASES
from changes import changed
from helpers import check, evaluation, subject

from llm_platform_policies import catalogue
from llm_platform_policies.model import Policy


def policies_of_one_resource() -> list[Policy]:
    return [policy for policy in catalogue.POLICIES if policy.check is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy}-{case.type}")
def test_a_good_resource_passes(case: Case) -> None:
    assert check(catalogue.BY_ID[case.policy], case.type, case.passes) == []


@pytest.mark.parametrize(
    ("case", "broken"),
    [(case, broken) for case in CASES for broken in case.breaks],
    ids=lambda value: value.says if isinstance(value, Break) else value.policy,
)
def test_one_bad_field_gives_one_message(case: Case, broken: Break) -> None:
    properties = changed(case.passes, broken.path, broken.value)

    found = check(catalogue.BY_ID[case.policy], case.type, properties)

    assert len(found) == 1, found
    assert broken.says in found[0].message
    assert found[0].policy == case.policy


def test_every_policy_is_broken_by_a_case() -> None:
    broken = {case.policy for case in CASES if case.breaks}

    assert {policy.id for policy in policies_of_one_resource()} == broken


def test_every_case_is_of_a_type_that_the_policy_looks_at() -> None:
    for case in CASES:
        assert catalogue.BY_ID[case.policy].applies_to(case.type), case


@pytest.mark.parametrize("policy", policies_of_one_resource(), ids=lambda policy: policy.id)
def test_other_types_are_left_alone(policy: Policy) -> None:
    other = subject("random:index/randomId:RandomId", {"byteLength": 4})

    assert evaluation().check_resource(policy, other) == []


def test_a_public_endpoint_without_networks_is_refused_even_when_nothing_is_said() -> None:
    found = check(
        catalogue.BY_ID["network-public-endpoint"], "aws:eks/cluster:Cluster", {"version": "1.35"}
    )

    assert [each.message.split()[0] for each in found] == [
        "vpcConfig.endpointPrivateAccess",
        "vpcConfig.endpointPublicAccess",
    ]


def test_a_private_endpoint_needs_no_networks() -> None:
    properties = {"vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True}}

    policy = catalogue.BY_ID["network-public-endpoint"]

    assert check(policy, "aws:eks/cluster:Cluster", properties) == []
