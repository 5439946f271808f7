"""AWS Budgets: updates, subscribers and tags, which moto lacks."""

from collections.abc import Mapping
from typing import Any

from moto.budgets.responses import BudgetsResponse

from local.aws import backends
from local.aws.operations import AwsError, Call, Document, Operation, TableResponse, as_document

_TAGS = "llmp_tags"


def _budget(call: Call, name: str) -> Any:
    budget = backends.budgets().budgets[call.text("AccountId")].get(name)
    if budget is None:
        message = f"Unable to get budget: {name} - the budget doesn't exist."
        raise AwsError("NotFoundException", message)
    return budget


def create(call: Call) -> Document:
    """CreateBudget, with tags."""
    account, budget = call.text("AccountId"), as_document(_stamps(call.parameters["Budget"]))
    notifications = call.items("NotificationsWithSubscribers")
    backends.budgets().create_budget(account, budget, notifications)
    made = backends.budgets().budgets[account][budget["BudgetName"]]
    setattr(made, _TAGS, {tag["Key"]: tag["Value"] for tag in call.items("ResourceTags")})
    return {}


def update(call: Call) -> Document:
    """UpdateBudget: the new budget takes the place of the old, its notifications stay."""
    wanted = as_document(_stamps(call.parameters["NewBudget"]))
    budget = _budget(call, str(wanted["BudgetName"]))
    if wanted.get("BudgetType") != budget.budget["BudgetType"]:
        message = "The type of a budget cannot be changed."
        raise AwsError("InvalidParameterException", message)
    wanted.setdefault("TimePeriod", budget.budget["TimePeriod"])
    wanted["LastUpdatedTime"] = budget.budget["LastUpdatedTime"]
    budget.budget = wanted
    return {}


def _stamps(value: Any) -> Any:
    """Timestamps as numbers, in which form moto keeps them."""
    if isinstance(value, dict):
        return {key: _stamps(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value.timestamp() if hasattr(value, "timestamp") else value


def _notification(call: Call) -> Any:
    budget = _budget(call, call.text("BudgetName"))
    for notification in budget.notifications:
        if _same(notification.details, call.parameters["Notification"]):
            return notification
    message = "Unable to get notification - the notification doesn't exist."
    raise AwsError("NotFoundException", message)


def _same(one: Document, other: Document) -> bool:
    return {**_DEFAULTS, **one} == {**_DEFAULTS, **other}


_DEFAULTS: Document = {"ThresholdType": "PERCENTAGE", "NotificationState": "OK"}


def subscribers(call: Call) -> Document:
    """DescribeSubscribersForNotification."""
    return {"Subscribers": _notification(call).subscribers}


def update_notification(call: Call) -> Document:
    """UpdateNotification."""
    renamed = {**call.parameters, "Notification": call.parameters["OldNotification"]}
    found = _notification(Call(call.region, call.access_key, renamed))
    found.details = dict(call.parameters["NewNotification"])
    return {}


def create_subscriber(call: Call) -> Document:
    """CreateSubscriber."""
    found = _notification(call)
    if call.parameters["Subscriber"] in found.subscribers:
        message = "The subscriber exists already."
        raise AwsError("DuplicateRecordException", message)
    found.subscribers = [*found.subscribers, dict(call.parameters["Subscriber"])]
    return {}


def delete_subscriber(call: Call) -> Document:
    """DeleteSubscriber."""
    found = _notification(call)
    wanted = call.parameters["Subscriber"]
    if wanted not in found.subscribers:
        message = "Unable to delete subscriber - it doesn't exist."
        raise AwsError("NotFoundException", message)
    found.subscribers = [each for each in found.subscribers if each != wanted]
    return {}


def _tags(call: Call) -> dict[str, str]:
    arn = call.text("ResourceARN")
    account, _, name = arn.partition("::")[2].partition(":budget/")
    budget = backends.budgets().budgets[account].get(name)
    if budget is None:
        message = f"Unable to find the resource {arn}"
        raise AwsError("NotFoundException", message)
    if not hasattr(budget, _TAGS):
        setattr(budget, _TAGS, {})
    tags: dict[str, str] = getattr(budget, _TAGS)
    return tags


def tag(call: Call) -> Document:
    """TagResource."""
    _tags(call).update({each["Key"]: each["Value"] for each in call.items("ResourceTags")})
    return {}


def untag(call: Call) -> Document:
    """UntagResource."""
    tags = _tags(call)
    for key in call.items("ResourceTagKeys"):
        tags.pop(key, None)
    return {}


def list_tags(call: Call) -> Document:
    """ListTagsForResource."""
    pairs = [{"Key": key, "Value": value} for key, value in _tags(call).items()]
    return {"ResourceTags": pairs}


class BudgetsResponseWithTags(TableResponse, BudgetsResponse):
    """Ours first, then moto's."""

    operations: Mapping[str, Operation] = {
        "CreateBudget": create,
        "UpdateBudget": update,
        "DescribeSubscribersForNotification": subscribers,
        "UpdateNotification": update_notification,
        "CreateSubscriber": create_subscriber,
        "DeleteSubscriber": delete_subscriber,
        "TagResource": tag,
        "UntagResource": untag,
        "ListTagsForResource": list_tags,
    }
