"""Launch templates, placement groups."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.aws.handler import Change, Properties, block, given
from local.providers.aws.resources import template_data
from local.providers.aws.resources.ec2 import Ec2Handler, filters, find, first, remove, seen_tags
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import CheckFailure

_META = frozenset({"defaultVersion", "updateDefaultVersion"})


class _LaunchTemplate(Ec2Handler):
    """aws:ec2/launchTemplate:LaunchTemplate: what it describes is its newest version."""

    urn_type = "aws:ec2/launchTemplate:LaunchTemplate"
    kind = "launch-template"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "description": Field(),
            "defaultVersion": Field(computed=True),
            "updateDefaultVersion": Field(kept=True),
            **template_data.fields(),
        },
        name=AutoName(longest=125),
        computed=("arn", "latestVersion"),
        volatile=("latestVersion", "defaultVersion"),
    )

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        if inputs.get("defaultVersion") is None or inputs.get("updateDefaultVersion") is None:
            return []
        reason = "`defaultVersion` and `updateDefaultVersion` exclude each other"
        return [CheckFailure("defaultVersion", reason)]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("ec2").create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=template_data.to_request(inputs),
            **given(inputs, {"description": "VersionDescription"}),
            **self.tagged(inputs),
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        template = find(
            cloud, "describe_launch_templates", "LaunchTemplates", LaunchTemplateIds=[rid]
        )
        if template is None:
            return None
        latest = template["LatestVersionNumber"]
        answer = cloud.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=rid, Versions=[str(latest)]
        )
        version: Properties = first(answer, "LaunchTemplateVersions") or {}
        listed = cloud.client("ec2").describe_tags(Filters=filters(resource_id=rid))
        return {
            **template_data.from_response(block(version, "LaunchTemplateData")),
            "arn": cloud.arn("ec2", f"launch-template/{rid}"),
            "name": template["LaunchTemplateName"],
            "description": version.get("VersionDescription") or None,
            "defaultVersion": template["DefaultVersionNumber"],
            "latestVersion": latest,
            "tagsAll": seen_tags(listed),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        ec2, new = cloud.client("ec2"), change.new
        latest = change.state.get("latestVersion")
        if change.changed - _META - {"tags", "tagsAll"}:
            answer = ec2.create_launch_template_version(
                LaunchTemplateId=change.id,
                LaunchTemplateData=template_data.to_request(new),
                **given(new, {"description": "VersionDescription"}),
            )
            latest = answer["LaunchTemplateVersion"]["VersionNumber"]
        default = latest if new.get("updateDefaultVersion") else new.get("defaultVersion")
        if default and default != change.state.get("defaultVersion"):
            ec2.modify_launch_template(LaunchTemplateId=change.id, DefaultVersion=str(default))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "delete_launch_template", LaunchTemplateId=rid)


class _PlacementGroup(Ec2Handler):
    """aws:ec2/placementGroup:PlacementGroup; the id is the name."""

    urn_type = "aws:ec2/placementGroup:PlacementGroup"
    kind = "placement-group"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "strategy": Field(
                required=True, replace=True, choices=("cluster", "partition", "spread")
            ),
            "partitionCount": Field(computed=True, replace=True),
            "spreadLevel": Field(computed=True, replace=True),
        },
        name=AutoName(),
        computed=("arn", "placementGroupId"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs, {"partitionCount": "PartitionCount", "spreadLevel": "SpreadLevel"}
        )
        cloud.client("ec2").create_placement_group(
            GroupName=inputs["name"],
            Strategy=inputs["strategy"],
            **arguments,
            **self.tagged(inputs),
        )
        return inputs["name"]

    def tag_target(self, change: Change) -> str:
        return change.state["placementGroupId"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        group = find(cloud, "describe_placement_groups", "PlacementGroups", GroupNames=[rid])
        if group is None:
            return None
        return {
            "arn": group.get("GroupArn") or cloud.arn("ec2", f"placement-group/{rid}"),
            "name": group["GroupName"],
            "strategy": group["Strategy"],
            "partitionCount": group.get("PartitionCount"),
            "spreadLevel": group.get("SpreadLevel"),
            "placementGroupId": group["GroupId"],
            "tagsAll": seen_tags(group),
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        remove(cloud, "delete_placement_group", GroupName=rid)


HANDLERS = (_LaunchTemplate(), _PlacementGroup())
