"""Cost Explorer: anomaly monitors and subscriptions, which moto lacks."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import moto.ce.urls
from moto.ce.models import CostExplorerBackend
from moto.ce.responses import CostExplorerResponse

from local.aws import backends
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, Operation, TableResponse


class CostBackend(CostExplorerBackend):
    """Cost Explorer of the account."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.monitors: dict[str, Document] = {}
        self.subscriptions: dict[str, Document] = {}

    @property
    def _url_module(self) -> Any:
        return moto.ce.urls


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def create_monitor(call: Call) -> Document:
    """CreateAnomalyMonitor."""
    arn = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/{uuid.uuid4()}"
    days = {"CreationDate": _today(), "LastUpdatedDate": _today(), "DimensionalValueCount": 0}
    monitor: Document = {**call.document("AnomalyMonitor"), "MonitorArn": arn, **days}
    backends.cost_explorer().monitors[arn] = monitor
    _tag(arn, call)
    return {"MonitorArn": arn}


def _tag(arn: str, call: Call) -> None:
    if call.items("ResourceTags"):
        backends.cost_explorer().tag_resource(arn, call.items("ResourceTags"))


def get_monitors(call: Call) -> Document:
    """GetAnomalyMonitors, all or those of ``MonitorArnList``."""
    return {"AnomalyMonitors": _wanted("monitors", call.items("MonitorArnList"))}


def _wanted(kind: str, arns: list[str]) -> list[Document]:
    known: dict[str, Document] = getattr(backends.cost_explorer(), kind)
    return [known[arn] for arn in (arns or known) if arn in known]


def _find(kind: str, call: Call) -> Document:
    parameter, code = _NAMES[kind]
    known: dict[str, Document] = getattr(backends.cost_explorer(), kind)
    found = known.get(call.text(parameter))
    if found is None:
        message = f"{call.text(parameter)} does not exist"
        raise AwsError(code, message)
    return found


_NAMES = {
    "monitors": ("MonitorArn", "UnknownMonitorException"),
    "subscriptions": ("SubscriptionArn", "UnknownSubscriptionException"),
}


def update_monitor(call: Call) -> Document:
    """UpdateAnomalyMonitor: its name."""
    monitor = _find("monitors", call)
    if call.get("MonitorName"):
        monitor["MonitorName"] = call.text("MonitorName")
    monitor["LastUpdatedDate"] = _today()
    return {"MonitorArn": monitor["MonitorArn"]}


def delete_monitor(call: Call) -> Document:
    """DeleteAnomalyMonitor."""
    del backends.cost_explorer().monitors[_find("monitors", call)["MonitorArn"]]
    return {}


def create_subscription(call: Call) -> Document:
    """CreateAnomalySubscription to monitors that exist."""
    arn = f"arn:aws:ce::{ACCOUNT}:anomalysubscription/{uuid.uuid4()}"
    wanted = call.document("AnomalySubscription")
    _check_monitors(wanted)
    subscription: Document = {**wanted, "SubscriptionArn": arn, "AccountId": ACCOUNT}
    backends.cost_explorer().subscriptions[arn] = subscription
    _tag(arn, call)
    return {"SubscriptionArn": arn}


def _check_monitors(subscription: Document) -> None:
    for monitor in subscription.get("MonitorArnList", []):
        if monitor not in backends.cost_explorer().monitors:
            message = f"{monitor} does not exist"
            raise AwsError("UnknownMonitorException", message)


def get_subscriptions(call: Call) -> Document:
    """GetAnomalySubscriptions, all or those of ``SubscriptionArnList`` or ``MonitorArn``."""
    found = _wanted("subscriptions", call.items("SubscriptionArnList"))
    monitor = call.get("MonitorArn")
    if monitor:
        found = [each for each in found if monitor in each["MonitorArnList"]]
    return {"AnomalySubscriptions": found}


def update_subscription(call: Call) -> Document:
    """UpdateAnomalySubscription: what the call names."""
    subscription = _find("subscriptions", call)
    changed = {
        name: call.get(name)
        for name in (
            "Frequency",
            "MonitorArnList",
            "Subscribers",
            "SubscriptionName",
            "Threshold",
            "ThresholdExpression",
        )
        if call.get(name) is not None
    }
    _check_monitors(changed)
    subscription.update(changed)
    return {"SubscriptionArn": subscription["SubscriptionArn"]}


def delete_subscription(call: Call) -> Document:
    """DeleteAnomalySubscription."""
    arn = _find("subscriptions", call)["SubscriptionArn"]
    del backends.cost_explorer().subscriptions[arn]
    return {}


class CostResponse(TableResponse, CostExplorerResponse):
    """Ours first, then moto's (cost categories)."""

    operations: Mapping[str, Operation] = {
        "CreateAnomalyMonitor": create_monitor,
        "GetAnomalyMonitors": get_monitors,
        "UpdateAnomalyMonitor": update_monitor,
        "DeleteAnomalyMonitor": delete_monitor,
        "CreateAnomalySubscription": create_subscription,
        "GetAnomalySubscriptions": get_subscriptions,
        "UpdateAnomalySubscription": update_subscription,
        "DeleteAnomalySubscription": delete_subscription,
    }
