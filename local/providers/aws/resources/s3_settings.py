"""Settings of S3 buckets; the id of each is the bucket's name."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, many
from local.providers.aws.schema import Field, Schema


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

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["bucket"]

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
    _Versioning(),
    _Encryption(),
    _PublicAccessBlock(),
    _OwnershipControls(),
    _BucketPolicy(),
    _Logging(),
)
