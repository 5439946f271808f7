"""aws:budgets/budget:Budget; the id is ACCOUNT:NAME."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_number
from local.providers.aws.handler import Change, Handler, Properties, block, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

_TIME = "%Y-%m-%d_%H:%M"
_COST_TYPES = (
    "includeCredit",
    "includeDiscount",
    "includeOtherSubscription",
    "includeRecurring",
    "includeRefund",
    "includeSubscription",
    "includeSupport",
    "includeTax",
    "includeUpfront",
    "useAmortized",
    "useBlended",
)
_NOTIFICATION = {
    "comparisonOperator": Field(required=True, choices=("GREATER_THAN", "LESS_THAN", "EQUAL_TO")),
    "notificationType": Field(required=True, choices=("ACTUAL", "FORECASTED")),
    "threshold": Field(required=True, same=same_number),
    "thresholdType": Field(required=True, choices=("PERCENTAGE", "ABSOLUTE_VALUE")),
    "subscriberEmailAddresses": Field(unordered=True),
    "subscriberSnsTopicArns": Field(unordered=True),
}
_SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


class _Budget(Handler):
    urn_type = "aws:budgets/budget:Budget"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "accountId": Field(computed=True, replace=True),
            "budgetType": Field(required=True, replace=True),
            "limitAmount": Field(computed=True, same=same_number),
            "limitUnit": Field(computed=True),
            "timeUnit": Field(
                required=True,
                replace=True,
                choices=("DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"),
            ),
            "timePeriodStart": Field(computed=True),
            "timePeriodEnd": Field(computed=True),
            "costFilters": Field(
                computed=True,
                unordered=True,
                fields={"name": Field(required=True), "values": Field(unordered=True)},
            ),
            "costTypes": Field(computed=True, fields=dict.fromkeys(_COST_TYPES, Field())),
            "notifications": Field(unordered=True, fields=_NOTIFICATION),
        },
        name=AutoName(longest=100),
        regional=False,
        computed=("arn",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs.get('accountId') or cloud.account}:{inputs['name']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        account = inputs.get("accountId") or cloud.account
        notifications = [
            {"Notification": _to_notification(n), "Subscribers": _subscribers(n)}
            for n in many(inputs, "notifications")
        ]
        wanted = inputs.get("tagsAll")
        cloud.client("budgets").create_budget(
            AccountId=account,
            Budget=_to_budget(inputs),
            NotificationsWithSubscribers=notifications,
            **({"ResourceTags": tags.to_list(wanted)} if wanted else {}),
        )
        return f"{account}:{inputs['name']}"

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        where, budgets = _where(rid), cloud.client("budgets")
        answer = missing_as_none(lambda: budgets.describe_budget(**where))
        if answer is None:
            return None
        arn = f"arn:aws:budgets::{where['AccountId']}:budget/{where['BudgetName']}"
        listed = many(budgets.list_tags_for_resource(ResourceARN=arn), "ResourceTags")
        return {
            **_from_budget(answer["Budget"]),
            "arn": arn,
            "accountId": where["AccountId"],
            "notifications": self._notifications(cloud, where),
            "tagsAll": tags.from_list(listed),
        }

    def _notifications(self, cloud: Cloud, where: dict[str, str]) -> list[Properties]:
        budgets = cloud.client("budgets")
        found: list[Properties] = []
        listed = budgets.describe_notifications_for_budget(**where)
        for item in many(listed, "Notifications"):
            key = {k: v for k, v in item.items() if k != "NotificationState"}
            answer = budgets.describe_subscribers_for_notification(**where, Notification=key)
            seen: Properties = {
                "comparisonOperator": item["ComparisonOperator"],
                "notificationType": item["NotificationType"],
                "threshold": item["Threshold"],
                "thresholdType": item.get("ThresholdType") or "PERCENTAGE",
            }
            for name, kind in _SUBSCRIBERS.items():
                addresses = [
                    s["Address"]
                    for s in many(answer, "Subscribers")
                    if s["SubscriptionType"] == kind
                ]
                if addresses:
                    seen[name] = addresses
            found.append(seen)
        return found

    def update(self, cloud: Cloud, change: Change) -> None:
        where, budgets = _where(change.id), cloud.client("budgets")
        if change.changed - {"notifications"}:
            budgets.update_budget(AccountId=where["AccountId"], NewBudget=_to_budget(change.new))
        if "notifications" in change.changed:
            for old in many(change.old, "notifications"):
                key = _to_notification(old)
                missing_as_none(lambda k=key: budgets.delete_notification(**where, Notification=k))
            for new in many(change.new, "notifications"):
                budgets.create_notification(
                    **where, Notification=_to_notification(new), Subscribers=_subscribers(new)
                )

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        budgets, arn = cloud.client("budgets"), change.state["arn"]
        if removed:
            budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=removed)
        if added:
            budgets.tag_resource(ResourceARN=arn, ResourceTags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("budgets").delete_budget(**_where(rid))


def _where(rid: str) -> dict[str, str]:
    account, _, name = rid.partition(":")
    if not name:
        raise ProviderError(f"{rid!r} has to be ACCOUNT:NAME")
    return {"AccountId": account, "BudgetName": name}


def _to_budget(inputs: Mapping[str, Any]) -> Properties:
    budget: Properties = {
        "BudgetName": inputs["name"],
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
    }
    if inputs.get("limitAmount") is not None:
        budget["BudgetLimit"] = {
            "Amount": str(inputs["limitAmount"]),
            "Unit": inputs.get("limitUnit") or "USD",
        }
    period = {
        key: datetime.strptime(inputs[name], _TIME).replace(tzinfo=UTC)
        for name, key in (("timePeriodStart", "Start"), ("timePeriodEnd", "End"))
        if inputs.get(name)
    }
    if period:
        budget["TimePeriod"] = period
    if inputs.get("costFilters"):
        budget["CostFilters"] = {f["name"]: f["values"] for f in inputs["costFilters"]}
    if inputs.get("costTypes"):
        budget["CostTypes"] = {n[0].upper() + n[1:]: v for n, v in inputs["costTypes"].items()}
    return budget


def _from_budget(budget: Mapping[str, Any]) -> Properties:
    limit = block(budget, "BudgetLimit")
    period = block(budget, "TimePeriod")
    kinds = block(budget, "CostTypes")
    filters = cast("Mapping[str, list[str]]", block(budget, "CostFilters"))
    seen: Properties = {
        "name": budget["BudgetName"],
        "budgetType": budget["BudgetType"],
        "timeUnit": budget["TimeUnit"],
        "limitAmount": limit.get("Amount"),
        "limitUnit": limit.get("Unit"),
        "costFilters": [{"name": k, "values": v} for k, v in filters.items()],
        "costTypes": {n: kinds[n[0].upper() + n[1:]] for n in _COST_TYPES if kinds},
    }
    for name, key in (("timePeriodStart", "Start"), ("timePeriodEnd", "End")):
        if period.get(key):
            seen[name] = period[key].astimezone(UTC).strftime(_TIME)
    return seen


def _to_notification(given: Mapping[str, Any]) -> Properties:
    return {
        "NotificationType": given["notificationType"],
        "ComparisonOperator": given["comparisonOperator"],
        "Threshold": float(given["threshold"]),
        "ThresholdType": given["thresholdType"],
    }


def _subscribers(given: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"SubscriptionType": kind, "Address": address}
        for name, kind in _SUBSCRIBERS.items()
        for address in many(given, name)
    ]


HANDLERS = (_Budget(),)
