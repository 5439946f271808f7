"""S3: a bucket by its name and tags, its settings and objects by theirs.

A bucket gets its tags in a second call. One that has none is ours when it was made after the
create began.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.recovery.model import Found
from infra.recovery.search import Rule, Search, from_list, items, or_none, part


def _bucket(search: Search) -> Sequence[Found]:
    s3, name = search.client("s3"), search.text("bucket")
    try:
        if or_none(s3.head_bucket, Bucket=name) is None:
            return []
    except ClientError as error:
        untyped: Any = error
        if untyped.response["Error"]["Code"] != "403":
            raise
        return [Found(name, ours=False, status="another account's")]
    listed = or_none(s3.get_bucket_tagging, Bucket=name)
    made = next(
        (each.get("CreationDate") for each in s3.list_buckets()["Buckets"] if each["Name"] == name),
        None,
    )
    return [Found(name, ours=search.ours(from_list(items(listed, "TagSet"))), made=made)]


def _setting(operation: str, key: str = "") -> Rule:
    def find(search: Search) -> Sequence[Found]:
        bucket = search.text("bucket")
        answer = or_none(getattr(search.client("s3"), operation), Bucket=bucket)
        there = answer is not None and (not key or bool(answer.get(key)))
        return [Found(bucket)] if there else []

    return Rule(find, ("bucket",))


def _encryption(search: Search) -> Sequence[Found]:
    """Every bucket is encrypted somehow; only what was asked for counts."""
    bucket = search.text("bucket")
    answer = or_none(search.client("s3").get_bucket_encryption, Bucket=bucket)
    seen = {
        part(rule, "ApplyServerSideEncryptionByDefault").get("SSEAlgorithm")
        for rule in items(part(answer, "ServerSideEncryptionConfiguration"), "Rules")
    }
    asked = {
        part(rule, "applyServerSideEncryptionByDefault").get("sseAlgorithm")
        for rule in items(search.unfinished.inputs, "rules")
    }
    return [Found(bucket)] if asked & seen else []


def _object(search: Search) -> Sequence[Found]:
    bucket, key = search.text("bucket"), search.text("key")
    answer = or_none(search.client("s3").head_object, Bucket=bucket, Key=key)
    if answer is None:
        return []
    listed = or_none(search.client("s3").get_object_tagging, Bucket=bucket, Key=key)
    # a bucket's objects are its stack's: without tags the name is enough
    ours = search.ours(from_list(items(listed, "TagSet")))
    return [Found(f"{bucket}/{key}", ours=ours is not False, made=answer.get("LastModified"))]


RULES: Mapping[str, Rule] = {
    "aws:s3/bucket:Bucket": Rule(_bucket, ("bucket",)),
    "aws:s3/bucketVersioning:BucketVersioning": _setting("get_bucket_versioning", "Status"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _setting("get_public_access_block"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _setting(
        "get_bucket_ownership_controls"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _setting("get_bucket_policy"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _setting(
        "get_bucket_lifecycle_configuration"
    ),
    "aws:s3/bucketLogging:BucketLogging": _setting("get_bucket_logging", "LoggingEnabled"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Rule(
        _encryption, ("bucket",)
    ),
    "aws:s3/bucketObject:BucketObject": Rule(_object, ("bucket", "key")),
    "aws:s3/bucketObjectv2:BucketObjectv2": Rule(_object, ("bucket", "key")),
}
"""Type token to rule."""
