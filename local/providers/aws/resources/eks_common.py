"""What resources of EKS have in common: tags by ARN, updates that are awaited."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.handler import Change, Handler, block, many
from local.providers.model import ProviderError

PENDING = frozenset({"CREATING", "UPDATING", "PENDING"})


class EksHandler(Handler):
    """Tags go by ARN.

    Attributes:
        arn: The output that holds the ARN.
    """

    arn: str = "arn"

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        """Set and remove tags."""
        eks, arn = cloud.client("eks"), change.state[self.arn]
        if removed:
            eks.untag_resource(resourceArn=arn, tagKeys=removed)
        if added:
            eks.tag_resource(resourceArn=arn, tags=added)


def tags_argument(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Argument of a create call that sets the tags."""
    return {"tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}


def await_update(cloud: Cloud, answer: Any, cluster: str, **owner: str) -> None:
    """Wait until the update in `answer` was successful.

    Raises:
        ProviderError: It failed or was cancelled; names EKS's reasons.
    """
    update = answer["update"]

    def done() -> Any:
        found = cloud.client("eks").describe_update(name=cluster, updateId=update["id"], **owner)
        return found["update"] if found["update"]["status"] != "InProgress" else None

    ended = cloud.wait(f"update {update['type']} of cluster {cluster}", done)
    if ended["status"] != "Successful":
        errors = "; ".join(
            f"{e.get('errorCode')}: {e.get('errorMessage')}" for e in many(ended, "errors")
        )
        raise ProviderError(f"update {update['type']}: {ended['status']}: {errors}")


def await_status(
    cloud: Cloud,
    what: str,
    operation: str,
    key: str,
    names: Mapping[str, str],
    pending: frozenset[str] = PENDING,
) -> Any:
    """Wait until the described thing has left the `pending` states and is ACTIVE.

    Raises:
        ProviderError: It ended in a failed state; names EKS's issues.
    """
    call = getattr(cloud.client("eks"), operation)

    def done() -> Any:
        found = call(**names)[key]
        return None if found["status"] in pending else found

    found = cloud.wait(f"{what} active", done)
    if found["status"] != "ACTIVE":
        issues = many(block(found, "health"), "issues")
        told = "; ".join(f"{i.get('code')}: {i.get('message')}" for i in issues)
        raise ProviderError(f"{what} is {found['status']}: {told or 'no reason given'}")
    return found


def await_gone(cloud: Cloud, what: str, operation: str, **names: str) -> None:
    """Wait until the described thing is not there any more."""
    call = getattr(cloud.client("eks"), operation)
    cloud.wait(f"{what} deleted", lambda: missing_as_none(lambda: call(**names)) is None)
