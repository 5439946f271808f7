"""Exceptions: typed, narrow, dated; expired ones are told, unused ones too."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from helpers import TODAY, evaluation, subject

from llm_platform.problems import InvalidInputsError
from llm_platform_policies import catalogue
from llm_platform_policies.exceptions import Exceptions, PolicyException, load_exceptions
from llm_platform_policies.pack import EXCEPTIONS_FILE

POLICY = catalogue.BY_ID["cost-log-retention"]
KIND = "aws:cloudwatch/logGroup:LogGroup"


def exception(**changes: object) -> PolicyException:
    values: dict[str, object] = {
        "policy": POLICY.id,
        "urn": "urn:pulumi:prod::llm-platform::*LogGroup::audit*",
        "reason": "The auditors want the logs for ever.",
        "owner": "security",
        "expires": TODAY + timedelta(days=30),
    }
    return PolicyException.model_validate(values | changes)


def file_with(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "exceptions.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path) -> Exceptions:
    return load_exceptions(path, tuple(catalogue.BY_ID), TODAY)


def test_it_takes_the_finding_away_where_it_matches() -> None:
    run = evaluation()
    run.exceptions = Exceptions((exception(),))

    assert run.check_resource(POLICY, subject(KIND, {}, "audit-log")) == []
    assert len(run.check_resource(POLICY, subject(KIND, {}, "other"))) == 1
    assert run.check_stack(catalogue.EXCEPTIONS_UNUSED, []) == []


def test_it_is_about_one_policy_only() -> None:
    run = evaluation()
    run.exceptions = Exceptions((exception(),))
    encryption = catalogue.BY_ID["storage-encryption"]

    assert len(run.check_resource(encryption, subject(KIND, {}, "audit-log"))) == 1


def test_it_holds_on_its_last_day_and_no_longer() -> None:
    run = evaluation()
    run.exceptions = Exceptions((exception(expires=TODAY),))
    assert run.check_resource(POLICY, subject(KIND, {}, "audit-log")) == []
    assert run.check_stack(catalogue.EXCEPTIONS_EXPIRED, []) == []

    later = evaluation(today=TODAY + timedelta(days=1))
    later.exceptions = run.exceptions
    assert len(later.check_resource(POLICY, subject(KIND, {}, "audit-log"))) == 1
    (told,) = later.check_stack(catalogue.EXCEPTIONS_EXPIRED, [])
    assert f"expired on {TODAY}" in told.message
    assert "security" in told.message
    assert later.check_stack(catalogue.EXCEPTIONS_UNUSED, []) == []


def test_an_unused_one_is_told_in_the_stack_that_it_is_about() -> None:
    run = evaluation()
    run.exceptions = Exceptions((exception(), exception(urn="urn:pulumi:dev::p::t::name")))

    (told,) = run.check_stack(catalogue.EXCEPTIONS_UNUSED, [])

    assert "urn:pulumi:prod::llm-platform::*LogGroup::audit*" in told.message


def test_what_is_said_of_unverifiable_values_can_be_excepted_too() -> None:
    run = evaluation()
    run.exceptions = Exceptions(
        (exception(policy=catalogue.UNVERIFIABLE.id, urn="urn:pulumi:prod::*Policy::models"),)
    )
    unknown = {"policy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}

    found = run.check_resource(
        catalogue.UNVERIFIABLE, subject("aws:iam/policy:Policy", unknown, "models")
    )

    assert found == []


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        """
        - policy: cost-log-retention
          urn: "urn:pulumi:prod::llm-platform::*LogGroup::audit*"
          reason: The auditors want the logs for ever.
          owner: security
          expires: 2027-03-31
        """,
    )

    (entry,) = load(path).entries

    assert entry.expires == date(2027, 3, 31)


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        """
        - policy: no-such-policy
          urn: "urn:pulumi:prod::llm-platform::*LogGroup::*"
          reason: The auditors want the logs for ever.
          owner: security
          expires: 2029-01-01
        - policy: cost-log-retention
          urn: audit
          reason: because
          expires: soon
          approved: yes
        - text
        """,
    )

    with pytest.raises(InvalidInputsError) as raised:
        load(path)

    text = str(raised.value)
    assert "exceptions.yaml: 8 problems" in text
    for line in (
        "[0].policy: there is no policy 'no-such-policy'; allowed: cost-instance-type-allowed |",
        "[0].urn: names every resource of a kind ('*')",
        "[0].expires: is 2029-01-01; allowed: a date such as 2027-03-31, 366 days ahead at most",
        "[1].reason: is 'because'; allowed: a sentence of 15 characters or more",
        "[1].owner: is missing; allowed: a person or team",
        "[1].expires: is 'soon'",
        "[1].approved: is no known key; allowed: policy | urn | reason | owner | expires",
        "[2]: is 'text'",
    ):
        assert line in text


@pytest.mark.parametrize(("text", "says"), [("a: b", "is no list"), ("[", "is no YAML")])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInputsError, match=says):
        load(file_with(tmp_path, text))


def test_a_missing_or_empty_file_means_none(tmp_path: Path) -> None:
    assert load(tmp_path / "none.yaml").entries == ()
    assert load(file_with(tmp_path, "# nothing\n")).entries == ()


def test_the_file_of_the_pack_is_well_formed() -> None:
    load(EXCEPTIONS_FILE)
