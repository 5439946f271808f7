"""S3 objects; the id is BUCKET/KEY, as of the official provider's version 7."""

import base64
import hashlib
import urllib.parse
from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.handler import Change, Handler, Properties, block, given, many, renamed
from local.providers.aws.schema import Field, Schema
from local.providers.model import CheckFailure, ProviderError
from local.providers.values import UNKNOWN, Asset

_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "metadata": "Metadata",
    "websiteRedirect": "WebsiteRedirectLocation",
}
_ENCRYPTION = {
    "bucketKeyEnabled": "BucketKeyEnabled",
    "kmsKeyId": "SSEKMSKeyId",
    "serverSideEncryption": "ServerSideEncryption",
}
_SOURCES = ("content", "contentBase64", "source")


def _same_asset(one: Any, other: Any) -> bool:
    return isinstance(one, Asset) and isinstance(other, Asset) and one.hash == other.hash


_SCHEMA = Schema(
    fields={
        "bucket": Field(required=True, replace=True),
        "key": Field(replace=True),
        "content": Field(),
        "contentBase64": Field(),
        "source": Field(same=_same_asset),
        "sourceHash": Field(kept=True),
        "acl": Field(kept=True),
        "storageClass": Field(computed=True),
        "etag": Field(computed=True),
        "forceDestroy": Field(kept=True, default=False),
        **dict.fromkeys(_HEADERS, Field()),
        "contentType": Field(computed=True),
        **dict.fromkeys(_ENCRYPTION, Field(computed=True)),
    },
    computed=("arn", "versionId"),
    volatile=("etag", "versionId"),
)


class _Object(Handler):
    looks_first = True
    schema = _SCHEMA

    def complete(self, inputs: Properties, logical: str) -> None:
        inputs.setdefault("key", logical)

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        given_sources = [name for name in _SOURCES if inputs.get(name) is not None]
        if len(given_sources) > 1:
            reason = f"an object has one of {', '.join(_SOURCES)}, not {len(given_sources)}"
            return [CheckFailure(given_sources[1], reason)]
        source = inputs.get("source")
        if source is not None and source is not UNKNOWN and not isinstance(source, Asset):
            return [CheckFailure("source", "`source` has to be a file or text asset")]
        return []

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['bucket']}/{inputs['key']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        rid = f"{inputs['bucket']}/{inputs['key']}"
        if self.read(cloud, rid, {}) is not None:
            raise ProviderError(f"PutObject: there is an object {rid} already")
        self._put(cloud, inputs)
        return rid

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        arguments = given(
            inputs, {**_HEADERS, **_ENCRYPTION, "acl": "ACL", "storageClass": "StorageClass"}
        )
        if inputs.get("tagsAll"):
            arguments["Tagging"] = urllib.parse.urlencode(inputs["tagsAll"])
        cloud.client("s3").put_object(
            Bucket=inputs["bucket"], Key=inputs["key"], Body=_body(inputs), **arguments
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        bucket, _, key = rid.removeprefix("s3://").partition("/")
        s3 = cloud.client("s3")
        listed = missing_as_none(lambda: s3.get_object_tagging(Bucket=bucket, Key=key))
        if listed is None:
            return None
        head = s3.head_object(Bucket=bucket, Key=key)
        etag = head["ETag"].strip('"')
        content = {name: known[name] for name in _SOURCES if known.get(name) is not None}
        if content and known.get("etag", etag) != etag:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            content = {name: _seen_content(name, body) for name in content}
        return {
            **content,
            **renamed(head, {**_HEADERS, **_ENCRYPTION}),
            "arn": f"arn:aws:s3:::{bucket}/{key}",
            "bucket": bucket,
            "key": key,
            "etag": etag,
            "versionId": head.get("VersionId") or "",
            "storageClass": head.get("StorageClass") or "STANDARD",
            "tagsAll": tags.from_list(many(listed, "TagSet")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        if change.changed - {"tags", "tagsAll"}:
            return  # the new version carries its tags
        cloud.client("s3").put_object_tagging(
            Bucket=change.new["bucket"],
            Key=change.new["key"],
            Tagging={"TagSet": tags.to_list(block(change.new, "tagsAll"))},
        )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        bucket, _, key = rid.partition("/")
        s3 = cloud.client("s3")
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for item in [*many(page, "Versions"), *many(page, "DeleteMarkers")]:
                if item["Key"] == key:
                    s3.delete_object(Bucket=bucket, Key=key, VersionId=item["VersionId"])


def _seen_content(name: str, body: bytes) -> Any:
    """An input for content that somebody else put into the object."""
    if name == "contentBase64":
        return base64.b64encode(body).decode()
    text = body.decode(errors="replace")
    return text if name == "content" else Asset(hashlib.sha256(body).hexdigest(), text)


def _body(inputs: Mapping[str, Any]) -> bytes:
    if inputs.get("contentBase64") is not None:
        return base64.b64decode(inputs["contentBase64"])
    source = inputs.get("source")
    if isinstance(source, Asset):
        try:
            return source.content()
        except OSError as error:
            raise ProviderError(f"`source` cannot be read: {error}") from error
    return str(inputs.get("content") or "").encode()


class _BucketObjectv2(_Object):
    urn_type = "aws:s3/bucketObjectv2:BucketObjectv2"


class _BucketObject(_Object):
    urn_type = "aws:s3/bucketObject:BucketObject"


HANDLERS = (_BucketObjectv2(), _BucketObject())
