"""The catalogue is complete and agrees with the table of levels."""

import re

from llm_platform_policies import catalogue
from llm_platform_policies.levels import LEVELS, level_of
from llm_platform_policies.model import Level, Severity
from llm_platform_policies.settings import EnvironmentName
from llm_platform_policies.unknowns import Decision

EQUIVALENT = re.compile(
    r"^(CKV2?_(AWS|K8S)_\d+|AWS-\d{4}|KSV-\d{4}|C-\d{4}|CIS EKS 1\.8: \d\.\d\.\d|NSA: [a-z ]+)$"
)
DOMAINS = {"cost", "network", "storage", "iam", "compute", "eks", "pods", "images"}
OWN_DOMAINS = {"unverifiable", "exceptions"}


def test_every_policy_has_a_level_in_every_environment() -> None:
    assert set(LEVELS) == set(catalogue.BY_ID)
    for policy, levels in LEVELS.items():
        assert set(levels) == set(EnvironmentName), policy


def test_identifiers_are_unique() -> None:
    assert len(catalogue.BY_ID) == len(catalogue.POLICIES)


def test_production_is_never_laxer_than_development() -> None:
    order = [Level.DISABLED, Level.ADVISORY, Level.MANDATORY]
    for policy in catalogue.BY_ID:
        levels = [
            order.index(level_of(policy, environment))
            for environment in (
                EnvironmentName.LOCAL,
                EnvironmentName.LIVE,
                EnvironmentName.DEV,
                EnvironmentName.STAGING,
                EnvironmentName.PROD,
            )
        ]
        assert levels == sorted(levels), policy


def test_grave_policies_are_mandatory_everywhere() -> None:
    for policy in catalogue.POLICIES:
        if policy.severity in (Severity.CRITICAL, Severity.HIGH):
            levels = set(LEVELS[policy.id].values())
            assert levels == {Level.MANDATORY}, policy.id


def test_descriptions_are_sentences_that_demand() -> None:
    for policy in catalogue.POLICIES:
        assert policy.description.endswith("."), policy.id
        assert re.search(r"\b(must|should)\b", policy.description), policy.id
        assert policy.remediation.endswith("."), policy.id
        assert not policy.title.endswith("."), policy.id
        assert policy.domain in DOMAINS | OWN_DOMAINS, policy.id


def test_equivalents_are_ids_of_their_tools() -> None:
    for policy in catalogue.POLICIES:
        for equivalent in policy.equivalents:
            assert EQUIVALENT.match(equivalent), (policy.id, equivalent)


def test_fields_are_declared_once() -> None:
    for policy in catalogue.POLICIES:
        names = [field.path for field in policy.fields]
        assert len(names) == len(set(names)), policy.id


def test_what_a_critical_policy_cannot_see_is_never_allowed() -> None:
    for policy in catalogue.POLICIES:
        if policy.severity is Severity.CRITICAL:
            allowed = [each.path for each in policy.fields if each.unknown is Decision.ALLOW]
            assert allowed == [], policy.id
