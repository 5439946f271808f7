"""aws:eks/nodeGroup:NodeGroup."""

from collections.abc import Mapping
from typing import Any, cast

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.handler import Change, Properties, block, given, many, renamed
from local.providers.aws.resources.eks_common import (
    EksHandler,
    await_gone,
    await_status,
    await_update,
    tags_argument,
)
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import CheckFailure

_IN_USE = frozenset({"ResourceInUseException"})
_SAME_NAMES = (
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "launchTemplate",
    "releaseVersion",
    "remoteAccess",
    "scalingConfig",
    "taints",
    "updateConfig",
    "version",
    "nodeRepairConfig",
)
_EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")


class _NodeGroup(EksHandler):
    """The id is CLUSTER:NAME."""

    urn_type = "aws:eks/nodeGroup:NodeGroup"
    schema = Schema(
        fields={
            "clusterName": Field(required=True, replace=True),
            "nodeGroupName": Field(replace=True),
            "nodeRoleArn": Field(required=True, replace=True),
            "subnetIds": Field(required=True, replace=True, unordered=True),
            "scalingConfig": Field(
                required=True,
                fields={
                    "desiredSize": Field(required=True),
                    "maxSize": Field(required=True),
                    "minSize": Field(required=True),
                },
            ),
            "amiType": Field(computed=True, replace=True),
            "capacityType": Field(
                computed=True, replace=True, choices=("ON_DEMAND", "SPOT", "CAPACITY_BLOCK")
            ),
            "diskSize": Field(computed=True, replace=True),
            "instanceTypes": Field(computed=True, replace=True),
            "labels": Field(),
            "launchTemplate": Field(
                fields={
                    "id": Field(computed=True, replace=True),
                    "name": Field(computed=True, replace=True),
                    "version": Field(required=True),
                }
            ),
            "releaseVersion": Field(computed=True),
            "version": Field(computed=True),
            "remoteAccess": Field(
                replace=True,
                fields={
                    "ec2SshKey": Field(),
                    "sourceSecurityGroupIds": Field(unordered=True),
                },
            ),
            "taints": Field(
                unordered=True,
                fields={
                    "key": Field(required=True),
                    "value": Field(),
                    "effect": Field(required=True, choices=_EFFECTS),
                },
            ),
            "updateConfig": Field(
                computed=True,
                fields={"maxUnavailable": Field(), "maxUnavailablePercentage": Field()},
            ),
            "nodeRepairConfig": Field(computed=True, fields={"enabled": Field()}),
            "forceUpdateVersion": Field(kept=True),
        },
        name=AutoName("nodeGroupName", longest=63),
        computed=("arn", "resources", "status"),
    )

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        template = inputs.get("launchTemplate")
        if isinstance(template, dict):
            named = cast("Properties", template)
            if bool(named.get("id")) == bool(named.get("name")):
                reason = "a launch template is named by exactly one of `id` and `name`"
                return [CheckFailure("launchTemplate", reason)]
        return []

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(inputs, {name: name for name in _SAME_NAMES})
        cloud.client("eks").create_nodegroup(
            clusterName=inputs["clusterName"],
            nodegroupName=inputs["nodeGroupName"],
            nodeRole=inputs["nodeRoleArn"],
            subnets=inputs["subnetIds"],
            **arguments,
            **tags_argument(inputs),
        )
        return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        await_status(cloud, f"node group {rid}", "describe_nodegroup", "nodegroup", _names(rid))

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        eks = cloud.client("eks")
        answer = missing_as_none(lambda: eks.describe_nodegroup(**_names(rid)))
        if answer is None:
            return None
        group = answer["nodegroup"]
        resources = block(group, "resources")
        return {
            **renamed(group, {name: name for name in _SAME_NAMES}),
            "arn": group["nodegroupArn"],
            "clusterName": group["clusterName"],
            "nodeGroupName": group["nodegroupName"],
            "nodeRoleArn": group["nodeRole"],
            "subnetIds": many(group, "subnets"),
            "status": group["status"],
            "resources": [
                {
                    "autoscalingGroups": many(resources, "autoScalingGroups"),
                    "remoteAccessSecurityGroupId": resources.get("remoteAccessSecurityGroup") or "",
                }
            ],
            "tagsAll": tags.from_map(group.get("tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        names = _names(change.id)
        owner = {"nodegroupName": names["nodegroupName"]}
        eks, cluster = cloud.client("eks"), names["clusterName"]
        if change.changed & {"version", "releaseVersion", "launchTemplate"}:
            arguments = _version_update(change)
            answer = eks.update_nodegroup_version(**names, **arguments)
            await_update(cloud, answer, cluster, **owner)
        arguments = _config_update(change)
        if arguments:
            answer = eks.update_nodegroup_config(**names, **arguments)
            await_update(cloud, answer, cluster, **owner)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        names = _names(rid)
        retry_on(_IN_USE, lambda: cloud.client("eks").delete_nodegroup(**names))
        await_gone(cloud, f"node group {rid}", "describe_nodegroup", **names)


def _names(rid: str) -> dict[str, str]:
    cluster, _, group = rid.partition(":")
    return {"clusterName": cluster, "nodegroupName": group}


def _version_update(change: Change) -> Properties:
    arguments = given(change.new, {"forceUpdateVersion": "force"})
    for name in ("version", "releaseVersion"):
        if name in change.changed and change.new.get(name):
            arguments[name] = change.new[name]
    template = change.new.get("launchTemplate")
    if "launchTemplate" in change.changed and template:
        arguments["launchTemplate"] = template
    return arguments


def _config_update(change: Change) -> Properties:
    """Only what differs: what an autoscaler set meanwhile is not put back by the way."""
    old, new = change.old, change.new
    arguments: Properties = {}
    if "labels" in change.changed:
        before, after = block(old, "labels"), block(new, "labels")
        changed = {k: v for k, v in after.items() if before.get(k) != v}
        arguments["labels"] = {
            "addOrUpdateLabels": changed,
            "removeLabels": sorted(set(before) - set(after)),
        }
    if "taints" in change.changed:
        before, after = _by_key(old.get("taints")), _by_key(new.get("taints"))
        arguments["taints"] = {
            "addOrUpdateTaints": [t for k, t in after.items() if before.get(k) != t],
            "removeTaints": [t for k, t in before.items() if k not in after],
        }
    if "scalingConfig" in change.changed:
        before = block(old, "scalingConfig")
        arguments["scalingConfig"] = {
            k: v for k, v in new["scalingConfig"].items() if before.get(k) != v
        }
    for name in ("updateConfig", "nodeRepairConfig"):
        if name in change.changed and new.get(name):
            arguments[name] = new[name]
    return arguments


def _by_key(taints: Any) -> dict[tuple[str, str], Properties]:
    return {(t["key"], t["effect"]): t for t in cast("list[Properties]", taints or [])}


HANDLERS = (_NodeGroup(),)
