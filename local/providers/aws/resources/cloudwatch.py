"""CloudWatch log groups, EventBridge rules and targets."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_json
from local.providers.aws.handler import Change, Handler, Properties, block, given, many, renamed
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError


class _LogGroup(Handler):
    """aws:cloudwatch/logGroup:LogGroup; the id is the name."""

    urn_type = "aws:cloudwatch/logGroup:LogGroup"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "kmsKeyId": Field(),
            "logGroupClass": Field(computed=True, replace=True),
            "retentionInDays": Field(default=0),
            "skipDestroy": Field(kept=True, default=False),
        },
        name=AutoName(longest=512),
        computed=("arn",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        wanted = inputs.get("tagsAll")
        cloud.client("logs").create_log_group(
            logGroupName=inputs["name"],
            **given(inputs, {"kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"}),
            **({"tags": wanted} if wanted else {}),
        )
        return inputs["name"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs["retentionInDays"]:
            self._retain(cloud, rid, inputs["retentionInDays"])

    def _retain(self, cloud: Cloud, rid: str, days: int) -> None:
        logs = cloud.client("logs")
        if days:
            logs.put_retention_policy(logGroupName=rid, retentionInDays=days)
        else:
            logs.delete_retention_policy(logGroupName=rid)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        logs = cloud.client("logs")
        answers = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=rid)
        groups = [g for page in answers for g in page["logGroups"]]
        group = next((g for g in groups if g["logGroupName"] == rid), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "arn": arn,
            "name": rid,
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass"),
            "retentionInDays": group.get("retentionInDays", 0),
            "tagsAll": tags.from_map(logs.list_tags_for_resource(resourceArn=arn)["tags"]),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        logs = cloud.client("logs")
        if "retentionInDays" in change.changed:
            self._retain(cloud, change.id, change.new["retentionInDays"])
        if "kmsKeyId" in change.changed:
            if change.new.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=change.id, kmsKeyId=change.new["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=change.id)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        logs, arn = cloud.client("logs"), change.state["arn"]
        if removed:
            logs.untag_resource(resourceArn=arn, tagKeys=removed)
        if added:
            logs.tag_resource(resourceArn=arn, tags=added)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if not state.get("skipDestroy"):
            cloud.client("logs").delete_log_group(logGroupName=rid)


_BUS = "default"


class _EventRule(Handler):
    """aws:cloudwatch/eventRule:EventRule; the id is the name, or BUS/NAME."""

    looks_first = True
    urn_type = "aws:cloudwatch/eventRule:EventRule"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "description": Field(),
            "eventBusName": Field(default=_BUS, replace=True),
            "eventPattern": Field(same=same_json),
            "scheduleExpression": Field(),
            "roleArn": Field(),
            "state": Field(default="ENABLED", choices=("ENABLED", "DISABLED")),
            "forceDestroy": Field(kept=True, default=False),
        },
        name=AutoName(longest=64),
        computed=("arn",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return _rule_id(inputs)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        bus, name, rid = inputs["eventBusName"], inputs["name"], _rule_id(inputs)
        if self.read(cloud, rid, {}) is not None:
            raise ProviderError(f"PutRule: a rule {name} is on the event bus {bus} already")
        self._put(cloud, inputs, Tags=tags.to_list(block(inputs, "tagsAll")))
        return rid

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any], **more: Any) -> None:
        arguments = given(
            inputs,
            {
                "name": "Name",
                "description": "Description",
                "eventBusName": "EventBusName",
                "eventPattern": "EventPattern",
                "scheduleExpression": "ScheduleExpression",
                "roleArn": "RoleArn",
                "state": "State",
            },
        )
        cloud.client("events").put_rule(**arguments, **more)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        bus, name = _bus_and_name(rid)
        events = cloud.client("events")
        rule = missing_as_none(lambda: events.describe_rule(Name=name, EventBusName=bus))
        if rule is None:
            return None
        listed = many(events.list_tags_for_resource(ResourceARN=rule["Arn"]), "Tags")
        return {
            "arn": rule["Arn"],
            "name": name,
            "eventBusName": bus,
            **renamed(
                rule,
                {
                    "description": "Description",
                    "eventPattern": "EventPattern",
                    "scheduleExpression": "ScheduleExpression",
                    "roleArn": "RoleArn",
                    "state": "State",
                },
            ),
            "tagsAll": tags.from_list(listed),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        events, arn = cloud.client("events"), change.state["arn"]
        if removed:
            events.untag_resource(ResourceARN=arn, TagKeys=removed)
        if added:
            events.tag_resource(ResourceARN=arn, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        bus, name = _bus_and_name(rid)
        events = cloud.client("events")
        if state.get("forceDestroy"):
            listed = missing_as_none(
                lambda: events.list_targets_by_rule(Rule=name, EventBusName=bus)
            )
            ids = [target["Id"] for target in many(listed, "Targets")]
            if ids:
                events.remove_targets(Rule=name, EventBusName=bus, Ids=ids, Force=True)
        events.delete_rule(Name=name, EventBusName=bus)


def _rule_id(inputs: Mapping[str, Any]) -> str:
    bus, name = inputs["eventBusName"], inputs["name"]
    return name if bus == _BUS else f"{bus}/{name}"


def _bus_and_name(rid: str) -> tuple[str, str]:
    bus, _, name = rid.rpartition("/")
    return bus or _BUS, name


_TARGET_NAMES = {
    "arn": "Arn",
    "roleArn": "RoleArn",
    "input": "Input",
    "inputPath": "InputPath",
}
_BLOCKS = {
    "deadLetterConfig": ("DeadLetterConfig", {"arn": "Arn"}),
    "retryPolicy": (
        "RetryPolicy",
        {
            "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
            "maximumRetryAttempts": "MaximumRetryAttempts",
        },
    ),
    "inputTransformer": (
        "InputTransformer",
        {"inputPaths": "InputPathsMap", "inputTemplate": "InputTemplate"},
    ),
    "sqsTarget": ("SqsParameters", {"messageGroupId": "MessageGroupId"}),
}


class _EventTarget(Handler):
    """aws:cloudwatch/eventTarget:EventTarget; the id is RULE-TARGET, or BUS-RULE-TARGET."""

    looks_first = True
    urn_type = "aws:cloudwatch/eventTarget:EventTarget"
    schema = Schema(
        fields={
            "rule": Field(required=True, replace=True),
            "eventBusName": Field(default=_BUS, replace=True),
            "targetId": Field(replace=True),
            "forceDestroy": Field(kept=True, default=False),
            "arn": Field(required=True),
            "roleArn": Field(),
            "input": Field(same=same_json),
            "inputPath": Field(),
            **{
                name: Field(fields=dict.fromkeys(keys, Field()))
                for name, (_, keys) in _BLOCKS.items()
            },
        },
        name=AutoName("targetId", longest=64),
        tags=False,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return _target_id(inputs)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        if self._find(cloud, inputs) is not None:
            raise ProviderError(
                f"PutTargets: rule {inputs['rule']} has a target {inputs['targetId']} already"
            )
        self._put(cloud, inputs)
        return _target_id(inputs)

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        target = {"Id": inputs["targetId"], **given(inputs, _TARGET_NAMES)}
        for name, (argument, keys) in _BLOCKS.items():
            if inputs.get(name):
                target[argument] = given(inputs[name], keys)
        answer = cloud.client("events").put_targets(
            Rule=inputs["rule"], EventBusName=_bus_of(inputs), Targets=[target]
        )
        for failed in many(answer, "FailedEntries"):
            raise ProviderError(f"PutTargets: {failed['ErrorCode']}: {failed['ErrorMessage']}")

    def _find(self, cloud: Cloud, known: Mapping[str, Any]) -> Any:
        events = cloud.client("events")
        answer = missing_as_none(
            lambda: events.list_targets_by_rule(Rule=known["rule"], EventBusName=_bus_of(known))
        )
        targets = many(answer, "Targets")
        return next((t for t in targets if t["Id"] == known["targetId"]), None)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        where = known if known.get("rule") else _imported_target(rid)
        target = self._find(cloud, where)
        if target is None:
            return None
        seen = renamed(target, _TARGET_NAMES)
        for name, (argument, keys) in _BLOCKS.items():
            if target.get(argument):
                seen[name] = renamed(target[argument], keys)
        bus = _bus_of(where)
        here = {"rule": where["rule"], "eventBusName": bus, "targetId": target["Id"]}
        return {**seen, **here, "id": _target_id(here)}

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("events").remove_targets(
            Rule=state["rule"], EventBusName=_bus_of(state), Ids=[state["targetId"]]
        )


def _target_id(inputs: Mapping[str, Any]) -> str:
    bus, parts = _bus_of(inputs), [inputs["rule"], inputs["targetId"]]
    return "-".join(parts if bus == _BUS else [bus, *parts])


def _bus_of(inputs: Mapping[str, Any]) -> str:
    return inputs.get("eventBusName") or _BUS


def _imported_target(rid: str) -> dict[str, str]:
    parts = rid.split("/")
    if len(parts) == 2:
        parts.insert(0, _BUS)
    if len(parts) != 3:
        raise ProviderError(f"{rid!r} has to be RULE/TARGET or BUS/RULE/TARGET")
    return dict(zip(("eventBusName", "rule", "targetId"), parts, strict=True))


HANDLERS = (_LogGroup(), _EventRule(), _EventTarget())
