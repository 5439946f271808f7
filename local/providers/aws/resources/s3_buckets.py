"""aws:s3/bucket:Bucket; the id is the name."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.handler import Change, Handler, Properties, block, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

_CONFLICT = frozenset({"OperationAborted"})
_FIRST_REGION = "us-east-1"


class _Bucket(Handler):
    """aws:s3/bucket:Bucket. What has a resource of its own is not taken inline."""

    looks_first = True
    urn_type = "aws:s3/bucket:Bucket"
    schema = Schema(
        fields={
            "bucket": Field(replace=True),
            "forceDestroy": Field(kept=True, default=False),
            "objectLockEnabled": Field(computed=True, replace=True),
        },
        name=AutoName("bucket", longest=63, transform=str.lower),
        computed=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["bucket"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        s3, name = cloud.client("s3"), inputs["bucket"]
        # us-east-1 answers success to the owner of a bucket of that name.
        if self._exists(cloud, name):
            raise ProviderError(f"CreateBucket: BucketAlreadyOwnedByYou: {name} exists already")
        arguments: Properties = {}
        if cloud.region != _FIRST_REGION:
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": cloud.region}
        if inputs.get("objectLockEnabled"):
            arguments["ObjectLockEnabledForBucket"] = True
        s3.create_bucket(Bucket=name, **arguments)
        return name

    def _exists(self, cloud: Cloud, name: str) -> bool:
        return missing_as_none(lambda: self._location(cloud, name)) is not None

    def _location(self, cloud: Cloud, name: str) -> str:
        answer = cloud.client("s3").get_bucket_location(Bucket=name)
        return answer["LocationConstraint"] or _FIRST_REGION

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs.get("tagsAll"):
            self._put_tags(cloud, rid, inputs["tagsAll"])

    def _put_tags(self, cloud: Cloud, rid: str, wanted: Mapping[str, str]) -> None:
        cloud.client("s3").put_bucket_tagging(Bucket=rid, Tagging={"TagSet": tags.to_list(wanted)})

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        s3 = cloud.client("s3")
        location = missing_as_none(lambda: self._location(cloud, rid))
        if location is None:
            return None
        listed = missing_as_none(lambda: s3.get_bucket_tagging(Bucket=rid))
        lock = missing_as_none(lambda: s3.get_object_lock_configuration(Bucket=rid))
        locked = block(lock, "ObjectLockConfiguration").get("ObjectLockEnabled")
        return {
            "arn": f"arn:aws:s3:::{rid}",
            "bucket": rid,
            "bucketRegion": location,
            "region": location,
            "bucketDomainName": f"{rid}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{rid}.s3.{location}.amazonaws.com",
            "objectLockEnabled": locked == "Enabled",
            "tagsAll": tags.from_list(many(listed, "TagSet")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        """Nothing in the cloud: ``forceDestroy`` is known to us only."""

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        wanted = change.new.get("tagsAll")
        if wanted:
            self._put_tags(cloud, change.id, wanted)
        else:
            cloud.client("s3").delete_bucket_tagging(Bucket=change.id)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if not self._exists(cloud, rid):
            return
        if state.get("forceDestroy"):
            _empty(cloud.client("s3"), rid)
        retry_on(_CONFLICT, lambda: cloud.client("s3").delete_bucket(Bucket=rid))


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        items = [*many(page, "Versions"), *many(page, "DeleteMarkers")]
        objects = [{"Key": i["Key"], "VersionId": i["VersionId"]} for i in items]
        if not objects:
            continue
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for failed in many(answer, "Errors"):
            raise ProviderError(
                f"DeleteObjects: {failed['Code']}: {failed['Key']}: {failed['Message']}"
            )


HANDLERS = (_Bucket(),)
