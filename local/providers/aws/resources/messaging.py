"""SQS queues, SNS topics and subscriptions."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_json, same_number, same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

_FIFO = ".fifo"


def _fifo_name(name: str, inputs: Mapping[str, Any]) -> str:
    is_fifo = inputs.get("fifoQueue") is True or inputs.get("fifoTopic") is True
    return name + _FIFO if is_fifo else name


# Input → (attribute of SQS, field). Attributes travel as text.
_QUEUE: dict[str, tuple[str, Field]] = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", Field(default=False)),
    "deduplicationScope": ("DeduplicationScope", Field(computed=True)),
    "delaySeconds": ("DelaySeconds", Field(default=0)),
    "fifoThroughputLimit": ("FifoThroughputLimit", Field(computed=True)),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", Field(computed=True)),
    "kmsMasterKeyId": ("KmsMasterKeyId", Field()),
    "maxMessageSize": ("MaximumMessageSize", Field(computed=True)),
    "messageRetentionSeconds": ("MessageRetentionPeriod", Field(default=345600)),
    "policy": ("Policy", Field(computed=True, same=same_policy)),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", Field(default=0)),
    "redriveAllowPolicy": ("RedriveAllowPolicy", Field(computed=True, same=same_json)),
    "redrivePolicy": ("RedrivePolicy", Field(computed=True, same=same_json)),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", Field(computed=True)),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", Field(default=30)),
}
_FIFO_ONLY = {"contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit"}


def _to_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_text(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isdigit() else text


class _Queue(Handler):
    """aws:sqs/queue:Queue; the id is the URL."""

    urn_type = "aws:sqs/queue:Queue"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "fifoQueue": Field(default=False, replace=True),
            **{name: field for name, (_, field) in _QUEUE.items()},
        },
        name=AutoName(longest=80, finish=_fifo_name),
        computed=("arn", "url"),
    )

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        sqs, name = cloud.client("sqs"), inputs["name"]
        found = missing_as_none(lambda: sqs.get_queue_url(QueueName=name))
        return frozenset([found["QueueUrl"]] if found else [])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        sqs, name = cloud.client("sqs"), inputs["name"]
        if missing_as_none(lambda: sqs.get_queue_url(QueueName=name)) is not None:
            raise ProviderError(f"CreateQueue: QueueAlreadyExists: {name}")
        attributes = _attributes(inputs, set(_QUEUE) if inputs["fifoQueue"] else _STANDARD)
        if inputs["fifoQueue"]:
            attributes["FifoQueue"] = "true"
        answer = sqs.create_queue(
            QueueName=name, Attributes=attributes, tags=block(inputs, "tagsAll")
        )
        return answer["QueueUrl"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        sqs = cloud.client("sqs")
        answer = missing_as_none(
            lambda: sqs.get_queue_attributes(QueueUrl=rid, AttributeNames=["All"])
        )
        if answer is None:
            return None
        seen = block(answer, "Attributes")
        properties: Properties = {
            name: _from_text(seen[key]) for name, (key, _) in _QUEUE.items() if seen.get(key)
        }
        listed = sqs.list_queue_tags(QueueUrl=rid)
        return {
            **properties,
            "arn": seen["QueueArn"],
            "url": rid,
            "name": seen["QueueArn"].rpartition(":")[2],
            "fifoQueue": seen.get("FifoQueue") == "true",
            "contentBasedDeduplication": properties.get("contentBasedDeduplication", False),
            "tagsAll": tags.from_map(listed.get("Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        attributes = _attributes(change.new, set(change.changed))
        for name in change.changed & set(_QUEUE):
            attributes.setdefault(_QUEUE[name][0], "")
        cloud.client("sqs").set_queue_attributes(QueueUrl=change.id, Attributes=attributes)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        sqs = cloud.client("sqs")
        if removed:
            sqs.untag_queue(QueueUrl=change.id, TagKeys=removed)
        if added:
            sqs.tag_queue(QueueUrl=change.id, Tags=added)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("sqs").delete_queue(QueueUrl=rid)
        cloud.wait(f"queue {rid} deleted", lambda: self.read(cloud, rid, state) is None)


_STANDARD = set(_QUEUE) - _FIFO_ONLY


def _attributes(inputs: Mapping[str, Any], names: set[str]) -> dict[str, str]:
    return {
        key: _to_text(inputs[name])
        for name, (key, _) in _QUEUE.items()
        if name in names and inputs.get(name) is not None
    }


class _QueuePolicy(Handler):
    """aws:sqs/queuePolicy:QueuePolicy; the id is the queue's URL."""

    urn_type = "aws:sqs/queuePolicy:QueuePolicy"
    schema = Schema(
        fields={
            "queueUrl": Field(required=True, replace=True),
            "policy": Field(required=True, same=same_policy),
        },
        tags=False,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["queueUrl"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        self._put(cloud, inputs["queueUrl"], inputs["policy"])
        return inputs["queueUrl"]

    def _put(self, cloud: Cloud, url: str, policy: str) -> None:
        cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        sqs = cloud.client("sqs")
        answer = missing_as_none(
            lambda: sqs.get_queue_attributes(QueueUrl=rid, AttributeNames=["Policy"])
        )
        policy = (block(answer, "Attributes")).get("Policy")
        return {"queueUrl": rid, "policy": policy} if policy else None

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.id, change.new["policy"])

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        self._put(cloud, rid, "")


_TOPIC: dict[str, tuple[str, Field]] = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", Field(default=False)),
    "deliveryPolicy": ("DeliveryPolicy", Field(same=same_json)),
    "displayName": ("DisplayName", Field()),
    "kmsMasterKeyId": ("KmsMasterKeyId", Field()),
    "policy": ("Policy", Field(computed=True, same=same_policy)),
    "signatureVersion": ("SignatureVersion", Field(computed=True)),
    "tracingConfig": ("TracingConfig", Field(computed=True)),
}


class _Topic(Handler):
    """aws:sns/topic:Topic; the id is the ARN."""

    looks_first = True
    urn_type = "aws:sns/topic:Topic"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "fifoTopic": Field(default=False, replace=True),
            **{name: field for name, (_, field) in _TOPIC.items()},
        },
        name=AutoName(longest=256, finish=_fifo_name),
        computed=("arn", "owner"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return cloud.arn("sns", inputs["name"])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        sns, name = cloud.client("sns"), inputs["name"]
        # CreateTopic answers with an existing topic of the same name.
        if self.read(cloud, cloud.arn("sns", name), {}) is not None:
            raise ProviderError(f"CreateTopic: a topic {name} exists already")
        attributes = {"FifoTopic": "true"} if inputs["fifoTopic"] else {}
        answer = sns.create_topic(
            Name=name, Attributes=attributes, Tags=tags.to_list(block(inputs, "tagsAll"))
        )
        return answer["TopicArn"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        wanted = {n for n in _TOPIC if inputs.get(n) not in (None, False)}
        self._set(cloud, rid, inputs, wanted)

    def _set(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any], names: set[str]) -> None:
        for name in sorted(names):
            value = "" if inputs.get(name) is None else _to_text(inputs[name])
            cloud.client("sns").set_topic_attributes(
                TopicArn=rid, AttributeName=_TOPIC[name][0], AttributeValue=value
            )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        sns = cloud.client("sns")
        answer = missing_as_none(lambda: sns.get_topic_attributes(TopicArn=rid))
        if answer is None:
            return None
        seen = answer["Attributes"]
        properties: Properties = {
            name: _from_text(seen[key]) for name, (key, _) in _TOPIC.items() if seen.get(key)
        }
        listed = sns.list_tags_for_resource(ResourceArn=rid)
        return {
            **properties,
            "arn": rid,
            "name": rid.rpartition(":")[2],
            "owner": seen.get("Owner"),
            "fifoTopic": seen.get("FifoTopic") == "true",
            "contentBasedDeduplication": properties.get("contentBasedDeduplication", False),
            "tagsAll": tags.from_list(many(listed, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._set(cloud, change.id, change.new, set(change.changed) & set(_TOPIC))

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        sns = cloud.client("sns")
        if removed:
            sns.untag_resource(ResourceArn=change.id, TagKeys=removed)
        if added:
            sns.tag_resource(ResourceArn=change.id, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("sns").delete_topic(TopicArn=rid)


_SUBSCRIPTION: dict[str, tuple[str, Field]] = {
    "deliveryPolicy": ("DeliveryPolicy", Field(same=same_json)),
    "filterPolicy": ("FilterPolicy", Field(same=same_json)),
    "filterPolicyScope": ("FilterPolicyScope", Field(computed=True)),
    "rawMessageDelivery": ("RawMessageDelivery", Field(default=False)),
    "redrivePolicy": ("RedrivePolicy", Field(same=same_json)),
    "subscriptionRoleArn": ("SubscriptionRoleArn", Field()),
}


class _TopicSubscription(Handler):
    """aws:sns/topicSubscription:TopicSubscription; the id is the ARN."""

    urn_type = "aws:sns/topicSubscription:TopicSubscription"
    schema = Schema(
        fields={
            "topic": Field(required=True, replace=True),
            "protocol": Field(required=True, replace=True),
            "endpoint": Field(required=True, replace=True),
            "confirmationTimeoutInMinutes": Field(kept=True, default=1, same=same_number),
            "endpointAutoConfirms": Field(kept=True, default=False),
            **{name: field for name, (_, field) in _SUBSCRIPTION.items()},
        },
        tags=False,
        computed=("arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        attributes = {
            key: _to_text(inputs[name])
            for name, (key, _) in _SUBSCRIPTION.items()
            if inputs.get(name) not in (None, False)
        }
        answer = cloud.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return answer["SubscriptionArn"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        sns = cloud.client("sns")
        answer = missing_as_none(lambda: sns.get_subscription_attributes(SubscriptionArn=rid))
        if answer is None:
            return None
        seen = answer["Attributes"]
        properties: Properties = {
            name: seen[key] for name, (key, _) in _SUBSCRIPTION.items() if seen.get(key)
        }
        return {
            **properties,
            "arn": rid,
            "topic": seen["TopicArn"],
            "protocol": seen["Protocol"],
            "endpoint": seen["Endpoint"],
            "rawMessageDelivery": seen.get("RawMessageDelivery") == "true",
            "ownerId": seen.get("Owner"),
            "pendingConfirmation": seen.get("PendingConfirmation") == "true",
            "confirmationWasAuthenticated": seen.get("ConfirmationWasAuthenticated") == "true",
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        for name in sorted(change.changed & set(_SUBSCRIPTION)):
            value = change.new.get(name)
            cloud.client("sns").set_subscription_attributes(
                SubscriptionArn=change.id,
                AttributeName=_SUBSCRIPTION[name][0],
                AttributeValue="{}" if value is None else _to_text(value),
            )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("sns").unsubscribe(SubscriptionArn=rid)


HANDLERS = (_Queue(), _QueuePolicy(), _Topic(), _TopicSubscription())
