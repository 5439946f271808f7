"""CostBudget: what a stack may cost a month, and who is told before it does."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform.aws.budget_check import check_cost_budget
from llm_platform.component import PlatformComponent, stack_id
from llm_platform.inputs import raise_if_wrong
from llm_platform.tags import STACK_TAG

ACTUAL_PERCENTS = (80.0, 100.0)
FORECAST_PERCENT = 100.0


class CostBudgetArgs(TypedDict):
    """Inputs of a `CostBudget`."""

    monthly_usd: float
    """What the stack may cost, in US dollars a month."""
    emails: NotRequired[Sequence[pulumi.Input[str]]]
    """Who is told by mail, at most ten. Default: nobody; then a topic is needed."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """SNS topic that is told; AWS Budgets must be allowed to publish to it. Default: none."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class CostBudget(PlatformComponent):
    """An AWS Budget for everything that carries the stack's identity tag.

    It tells at 80 and 100 per cent of actual cost and when 100 per cent are forecast. It counts
    nothing until the payer account has activated the tag ``llm-platform:stack`` for cost
    allocation, which takes about a day.
    """

    budget_name: pulumi.Output[str]
    """Name of the budget."""

    def __init__(
        self, name: str, args: CostBudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"CostBudget '{name}'", CostBudgetArgs, args, check_cost_budget)
        super().__init__("CostBudget", name, args, args.get("tags", {}), opts)
        kinds = [("ACTUAL", percent) for percent in ACTUAL_PERCENTS]
        budget = aws.budgets.Budget(
            f"{name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args['monthly_usd']:.2f}",
            limit_unit="USD",
            cost_filters=[
                {"name": "TagKeyValue", "values": [f"user:{STACK_TAG}${stack_id()}"]},
            ],
            notifications=[
                _notification(kind, percent, args)
                for kind, percent in [*kinds, ("FORECASTED", FORECAST_PERCENT)]
            ],
            tags=self.tagged(f"{name}-budget"),
            opts=self.child(),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})


def _notification(
    kind: str, percent: float, args: CostBudgetArgs
) -> aws.budgets.BudgetNotificationArgsDict:
    notification: aws.budgets.BudgetNotificationArgsDict = {
        "notification_type": kind,
        "comparison_operator": "GREATER_THAN",
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
    }
    if emails := args.get("emails"):
        notification["subscriber_email_addresses"] = emails
    if topic := args.get("topic_arn"):
        notification["subscriber_sns_topic_arns"] = [topic]
    return notification
