"""aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration; the id is the bucket."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.handler import Change, Handler, Properties, block, given, renamed
from local.providers.aws.schema import Field, Schema

_SIZES = {
    "objectSizeGreaterThan": "ObjectSizeGreaterThan",
    "objectSizeLessThan": "ObjectSizeLessThan",
}
_NONCURRENT = {
    "noncurrentDays": "NoncurrentDays",
    "newerNoncurrentVersions": "NewerNoncurrentVersions",
}
_BLOCKS: dict[str, tuple[str, dict[str, str]]] = {
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
    "expiration": (
        "Expiration",
        {
            "date": "Date",
            "days": "Days",
            "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
        },
    ),
    "noncurrentVersionExpiration": ("NoncurrentVersionExpiration", _NONCURRENT),
}
_LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "transitions": (
        "Transitions",
        {"date": "Date", "days": "Days", "storageClass": "StorageClass"},
    ),
    "noncurrentVersionTransitions": (
        "NoncurrentVersionTransitions",
        {**_NONCURRENT, "storageClass": "StorageClass"},
    ),
}
_FILTER = Field(
    fields={
        "prefix": Field(),
        "tag": Field(fields={"key": Field(required=True), "value": Field(required=True)}),
        "and": Field(fields={"prefix": Field(), "tags": Field(), **dict.fromkeys(_SIZES, Field())}),
        **dict.fromkeys(_SIZES, Field()),
    },
)
_RULE = {
    "id": Field(required=True),
    "status": Field(required=True, choices=("Enabled", "Disabled")),
    "prefix": Field(),
    "filter": _FILTER,
    **{n: Field(fields=dict.fromkeys(keys, Field())) for n, (_, keys) in _BLOCKS.items()},
    **{
        n: Field(unordered=True, fields=dict.fromkeys(keys, Field()))
        for n, (_, keys) in _LISTS.items()
    },
}


class _Lifecycle(Handler):
    urn_type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    schema = Schema(
        fields={
            "bucket": Field(required=True, replace=True),
            "rules": Field(required=True, unordered=True, fields=_RULE),
            "transitionDefaultMinimumObjectSize": Field(computed=True),
        },
        tags=False,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["bucket"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        self._put(cloud, inputs)
        return inputs["bucket"]

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        size = given(
            inputs, {"transitionDefaultMinimumObjectSize": "TransitionDefaultMinimumObjectSize"}
        )
        cloud.client("s3").put_bucket_lifecycle_configuration(
            Bucket=inputs["bucket"],
            LifecycleConfiguration={"Rules": [_to_rule(rule) for rule in inputs["rules"]]},
            **size,
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        s3 = cloud.client("s3")
        answer = missing_as_none(lambda: s3.get_bucket_lifecycle_configuration(Bucket=rid))
        if answer is None or not answer.get("Rules"):
            return None
        return {
            "bucket": rid,
            "rules": [_from_rule(rule) for rule in answer["Rules"]],
            "transitionDefaultMinimumObjectSize": answer.get("TransitionDefaultMinimumObjectSize"),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("s3").delete_bucket_lifecycle(Bucket=rid)


def _to_rule(rule: Mapping[str, Any]) -> Properties:
    request: Properties = {"ID": rule["id"], "Status": rule["status"]}
    if rule.get("prefix"):
        request["Prefix"] = rule["prefix"]
    else:
        request["Filter"] = _to_filter(block(rule, "filter"))
    for name, (key, keys) in _BLOCKS.items():
        if rule.get(name) is not None:
            request[key] = given(rule[name], keys)
    for name, (key, keys) in _LISTS.items():
        if rule.get(name):
            request[key] = [given(item, keys) for item in rule[name]]
    return request


def _to_filter(wanted: Mapping[str, Any]) -> Properties:
    if wanted.get("and"):
        both = wanted["and"]
        request = given(both, {"prefix": "Prefix", **_SIZES})
        if both.get("tags"):
            request["Tags"] = tags.to_list(both["tags"])
        return {"And": request}
    if wanted.get("tag"):
        return {"Tag": {"Key": wanted["tag"]["key"], "Value": wanted["tag"]["value"]}}
    sizes = given(wanted, _SIZES)
    return sizes or {"Prefix": wanted.get("prefix") or ""}


def _from_rule(rule: Mapping[str, Any]) -> Properties:
    seen: Properties = renamed(rule, {"id": "ID", "status": "Status", "prefix": "Prefix"})
    seen["filter"] = _from_filter(block(rule, "Filter"))
    for name, (key, keys) in _BLOCKS.items():
        if rule.get(key):
            seen[name] = _plain(renamed(rule[key], keys))
    for name, (key, keys) in _LISTS.items():
        if rule.get(key):
            seen[name] = [_plain(renamed(item, keys)) for item in rule[key]]
    return seen


def _from_filter(seen: Mapping[str, Any]) -> Properties:
    if seen.get("And"):
        both = renamed(seen["And"], {"prefix": "Prefix", **_SIZES})
        if seen["And"].get("Tags"):
            both["tags"] = tags.from_list(seen["And"]["Tags"])
        return {"and": both}
    if seen.get("Tag"):
        return {"tag": {"key": seen["Tag"]["Key"], "value": seen["Tag"]["Value"]}}
    return renamed(seen, {"prefix": "Prefix", **_SIZES})


def _plain(block: Properties) -> Properties:
    """Dates as text."""
    if hasattr(block.get("date"), "strftime"):
        block["date"] = block["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return block


HANDLERS = (_Lifecycle(),)
