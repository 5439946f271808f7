"""What resources of EC2 have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.handler import Change, Handler, many, pages

DEPENDENCY = frozenset({"DependencyViolation", "ResourceInUse", "InvalidIPAddress.InUse"})
GONE_STATES = frozenset({"deleted", "deleting", "terminated"})

_PREFIXES = {
    "elastic-ip": "eipalloc",
    "internet-gateway": "igw",
    "launch-template": "lt",
    "natgateway": "nat",
    "placement-group": "pg",
    "route-table": "rtb",
    "security-group": "sg",
    "security-group-rule": "sgr",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpc-endpoint": "vpce",
    "vpc-flow-log": "fl",
}
"""Beginning of the ids of each kind."""


class Ec2Handler(Handler):
    """Tags go by id, and with the call that makes the resource, so that none is ever untagged.

    Attributes:
        kind: Resource type in tag specifications, such as ``vpc``.
    """

    kind: ClassVar[str]

    def tagged(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Argument of a create call that sets the tags."""
        wanted = inputs.get("tagsAll")
        if not wanted:
            return {}
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags.to_list(wanted)}]}

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        """Ids of what has all its tags; None when it has none."""
        wanted: Mapping[str, str] = inputs.get("tagsAll") or {}
        if not wanted:
            return None
        listed = pages(
            cloud.client("ec2").describe_tags,
            "Tags",
            Filters=filters(key=sorted(wanted), value=sorted(set(wanted.values()))),
        )
        found: dict[str, dict[str, str]] = {}
        for tag in listed:
            found.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag["Value"]
        prefix = f"{_PREFIXES[self.kind]}-"
        return frozenset(
            rid
            for rid, has in found.items()
            if rid.startswith(prefix) and wanted.items() <= has.items()
        )

    def tag_target(self, change: Change) -> str:
        """Id that tags are set on."""
        return change.id

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        """Set and remove tags."""
        ec2, target = cloud.client("ec2"), self.tag_target(change)
        if added:
            ec2.create_tags(Resources=[target], Tags=tags.to_list(added))
        if removed:
            ec2.delete_tags(Resources=[target], Tags=[{"Key": key} for key in removed])


def first(answer: Any, key: str) -> Any:
    """The one item of a describe answer, None when there is none or it is gone for good."""
    for item in many(answer, key):
        if str(item.get("State", "")) not in GONE_STATES:
            return item
    return None


def find(cloud: Cloud, operation: str, key: str, **arguments: Any) -> Any:
    """The one thing that `operation` describes, or None."""
    call = getattr(cloud.client("ec2"), operation)
    answer = missing_as_none(lambda: call(**arguments))
    return None if answer is None else first(answer, key)


def remove(cloud: Cloud, operation: str, **arguments: Any) -> None:
    """Call a delete operation, waiting a while for dependants to go."""
    call = getattr(cloud.client("ec2"), operation)
    retry_on(DEPENDENCY, lambda: call(**arguments))


def seen_tags(item: Mapping[str, Any]) -> dict[str, str]:
    """Tags of a described item."""
    return tags.from_list(many(item, "Tags"))


def filters(**values: Any) -> list[dict[str, Any]]:
    """Filters of a describe call: ``vpc_id="x"`` becomes name ``vpc-id``, values ``[x]``."""
    return [
        {"Name": name.replace("_", "-"), "Values": value if isinstance(value, list) else [value]}
        for name, value in values.items()
    ]
