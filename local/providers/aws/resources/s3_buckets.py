"""S3 buckets and their settings; the id of each is the bucket's name."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

_CONFLICT = frozenset({"OperationAborted"})
_FIRST_REGION = "us-east-1"


class _Bucket(Handler):
    """aws:s3/bucket:Bucket. What has a resource of its own is not taken inline."""

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


class _Setting(Handler):
    """One setting of a bucket: it is put, read and removed as a whole."""

    put: ClassVar[str]
    get: ClassVar[str]
    drop: ClassVar[str] = ""

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        """Arguments of the put call, without the bucket."""
        raise NotImplementedError

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        """Properties for the answer of the get call; None when there is no such setting."""
        raise NotImplementedError

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        self._put(cloud, inputs)
        return inputs["bucket"]

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        call: Callable[..., Any] = getattr(cloud.client("s3"), self.put)
        call(Bucket=inputs["bucket"], **self.request(inputs))

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        call: Callable[..., Any] = getattr(cloud.client("s3"), self.get)
        answer = missing_as_none(lambda: call(Bucket=rid))
        seen = None if answer is None else self.response(answer)
        return None if seen is None else {"bucket": rid, **seen}

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if self.drop:
            getattr(cloud.client("s3"), self.drop)(Bucket=rid)


_BUCKET = Field(required=True, replace=True)


class _Versioning(_Setting):
    """aws:s3/bucketVersioning:BucketVersioning."""

    urn_type = "aws:s3/bucketVersioning:BucketVersioning"
    put, get = "put_bucket_versioning", "get_bucket_versioning"
    schema = Schema(
        fields={
            "bucket": _BUCKET,
            "versioningConfiguration": Field(
                required=True,
                fields={
                    "status": Field(required=True, choices=("Enabled", "Suspended", "Disabled")),
                    "mfaDelete": Field(computed=True),
                },
            ),
        },
        tags=False,
    )

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        # A bucket that was never versioned cannot be told to be what it is.
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            super()._put(cloud, inputs)

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        wanted = inputs["versioningConfiguration"]
        settings = {"Status": wanted["status"]}
        if wanted.get("mfaDelete"):
            settings["MFADelete"] = wanted["mfaDelete"]
        return {"VersioningConfiguration": settings}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        settings = {"status": answer.get("Status") or "Disabled"}
        if answer.get("MFADelete"):
            settings["mfaDelete"] = answer["MFADelete"]
        return {"versioningConfiguration": settings}

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        seen = super().read(cloud, rid, known)
        # Deleted means suspended again; a bucket that nobody versioned has no such setting.
        asked = block(known, "versioningConfiguration").get("status")
        if seen and seen["versioningConfiguration"]["status"] == "Disabled":
            return seen if asked == "Disabled" else None
        return seen

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if state["versioningConfiguration"]["status"] == "Enabled":
            cloud.client("s3").put_bucket_versioning(
                Bucket=rid, VersioningConfiguration={"Status": "Suspended"}
            )


class _Encryption(_Setting):
    """aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration."""

    urn_type = (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    put, get, drop = "put_bucket_encryption", "get_bucket_encryption", "delete_bucket_encryption"
    schema = Schema(
        fields={
            "bucket": _BUCKET,
            "rules": Field(
                required=True,
                unordered=True,
                fields={
                    "applyServerSideEncryptionByDefault": Field(
                        fields={
                            "sseAlgorithm": Field(
                                required=True, choices=("AES256", "aws:kms", "aws:kms:dsse")
                            ),
                            "kmsMasterKeyId": Field(),
                        }
                    ),
                    "bucketKeyEnabled": Field(),
                },
            ),
        },
        tags=False,
    )

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        rules: list[Properties] = []
        for rule in inputs["rules"]:
            wanted: Properties = {}
            default = rule.get("applyServerSideEncryptionByDefault")
            if default:
                wanted["ApplyServerSideEncryptionByDefault"] = {
                    "SSEAlgorithm": default["sseAlgorithm"],
                    **(
                        {"KMSMasterKeyID": default["kmsMasterKeyId"]}
                        if default.get("kmsMasterKeyId")
                        else {}
                    ),
                }
            if rule.get("bucketKeyEnabled") is not None:
                wanted["BucketKeyEnabled"] = rule["bucketKeyEnabled"]
            rules.append(wanted)
        return {"ServerSideEncryptionConfiguration": {"Rules": rules}}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        rules: list[Properties] = []
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            seen: Properties = {"bucketKeyEnabled": rule.get("BucketKeyEnabled", False)}
            default = rule.get("ApplyServerSideEncryptionByDefault")
            if default:
                seen["applyServerSideEncryptionByDefault"] = {
                    "sseAlgorithm": default["SSEAlgorithm"],
                    "kmsMasterKeyId": default.get("KMSMasterKeyID"),
                }
            rules.append(seen)
        return {"rules": rules}


_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


class _PublicAccessBlock(_Setting):
    """aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock."""

    urn_type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    put, get, drop = (
        "put_public_access_block",
        "get_public_access_block",
        "delete_public_access_block",
    )
    schema = Schema(
        fields={
            "bucket": _BUCKET,
            "skipDestroy": Field(kept=True),
            **dict.fromkeys(_BLOCKS, Field(default=False)),
        },
        tags=False,
    )

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        wanted = {argument: inputs[name] for name, argument in _BLOCKS.items()}
        return {"PublicAccessBlockConfiguration": wanted}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        seen = answer["PublicAccessBlockConfiguration"]
        return {name: seen.get(key, False) for name, key in _BLOCKS.items()}

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if not state.get("skipDestroy"):
            super().delete(cloud, rid, state)


class _OwnershipControls(_Setting):
    """aws:s3/bucketOwnershipControls:BucketOwnershipControls."""

    urn_type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    put = "put_bucket_ownership_controls"
    get = "get_bucket_ownership_controls"
    drop = "delete_bucket_ownership_controls"
    schema = Schema(
        fields={
            "bucket": _BUCKET,
            "rule": Field(
                required=True,
                fields={
                    "objectOwnership": Field(
                        required=True,
                        choices=(
                            "BucketOwnerPreferred",
                            "ObjectWriter",
                            "BucketOwnerEnforced",
                        ),
                    )
                },
            ),
        },
        tags=False,
    )

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        rule = {"ObjectOwnership": inputs["rule"]["objectOwnership"]}
        return {"OwnershipControls": {"Rules": [rule]}}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        rules = many(answer["OwnershipControls"], "Rules")
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}} if rules else None


class _BucketPolicy(_Setting):
    """aws:s3/bucketPolicy:BucketPolicy."""

    urn_type = "aws:s3/bucketPolicy:BucketPolicy"
    put, get, drop = "put_bucket_policy", "get_bucket_policy", "delete_bucket_policy"
    schema = Schema(
        fields={"bucket": _BUCKET, "policy": Field(required=True, same=same_policy)},
        tags=False,
    )

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        return {"Policy": inputs["policy"]}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        return {"policy": answer["Policy"]} if answer.get("Policy") else None


class _Logging(_Setting):
    """aws:s3/bucketLogging:BucketLogging."""

    urn_type = "aws:s3/bucketLogging:BucketLogging"
    put, get = "put_bucket_logging", "get_bucket_logging"
    schema = Schema(
        fields={
            "bucket": _BUCKET,
            "targetBucket": Field(required=True),
            "targetPrefix": Field(required=True),
        },
        tags=False,
    )

    def request(self, inputs: Mapping[str, Any]) -> Properties:
        wanted = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
        return {"BucketLoggingStatus": {"LoggingEnabled": wanted}}

    def response(self, answer: Mapping[str, Any]) -> Properties | None:
        seen = answer.get("LoggingEnabled")
        if not seen:
            return None
        return {
            "targetBucket": seen["TargetBucket"],
            "targetPrefix": seen.get("TargetPrefix") or "",
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("s3").put_bucket_logging(Bucket=rid, BucketLoggingStatus={})


HANDLERS = (
    _Bucket(),
    _Versioning(),
    _Encryption(),
    _PublicAccessBlock(),
    _OwnershipControls(),
    _BucketPolicy(),
    _Logging(),
)
