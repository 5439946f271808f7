"""CostBudget: what it counts and who is told."""

from typing import Any

import pytest
from aws_recording import Recording, record, untagged

from llm_platform.aws.budget import CostBudget, CostBudgetArgs
from llm_platform.problems import InvalidInputsError

BUDGET = "aws:budgets/budget:Budget"


def args(**more: Any) -> CostBudgetArgs:
    base: CostBudgetArgs = {
        "monthly_usd": 1234.5,
        "emails": ["ops@example.com"],
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def budget(**more: Any) -> Recording:
    return record(lambda: {"name": CostBudget("cost", args(**more)).budget_name})


def test_counts_what_carries_the_stack_tag_by_month() -> None:
    recording = budget()
    made = recording.one(BUDGET).inputs
    assert (made["limitAmount"], made["limitUnit"]) == ("1234.50", "USD")
    assert (made["budgetType"], made["timeUnit"]) == ("COST", "MONTHLY")
    (counted,) = made["costFilters"]
    assert counted == {
        "name": "TagKeyValue",
        "values": ["user:llm-platform:stack$llm-platform/test"],
    }
    assert untagged(recording, {BUDGET}) == []


def test_tells_before_and_after() -> None:
    told = budget(topic_arn="arn:aws:sns:eu-central-1:123456789012:cost").one(BUDGET).inputs
    kinds = [(one["notificationType"], one["threshold"]) for one in told["notifications"]]
    assert kinds == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    for one in told["notifications"]:
        assert one["subscriberEmailAddresses"] == ["ops@example.com"]
        assert len(one["subscriberSnsTopicArns"]) == 1


def test_every_problem_at_once() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        CostBudget("cost", args(monthly_usd=0, emails=["nobody"], tags={"a\n": "b"}))
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {"monthly_usd", "emails[0]", "tags.a\n"}


def test_somebody_must_be_told() -> None:
    with pytest.raises(InvalidInputsError, match="nobody would be told"):
        CostBudget("cost", args(emails=[]))
