"""ModelStore: the bucket that models are served from."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform.aws.account import current_account
from llm_platform.aws.iam import Account, bucket_policy
from llm_platform.aws.keys import key_arn
from llm_platform.aws.model_files import file_digest, repository_digest
from llm_platform.aws.model_store_check import check_model_store
from llm_platform.aws.workload_identity import PolicyStatement
from llm_platform.component import PlatformComponent, after, stack_id
from llm_platform.naming import bucket_name
from llm_platform.problems import raise_if_any

DEFAULT_PREFIX = "model_repo/"
ABORT_UPLOAD_DAYS = 7


class ModelStoreArgs(TypedDict):
    """Inputs of a `ModelStore`."""

    files: NotRequired[dict[str, str]]
    """Text files of the model repository by relative path, as `read_model_repository` gives
    them. Default: none; models then come from a pipeline alone."""
    prefix: NotRequired[str]
    """Folder of the bucket that holds the files, ending with ``/``. Default: ``model_repo/``."""
    bucket_name: NotRequired[str]
    """Name of the bucket. Default: made of stack, name, account and region."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts every object. Default: a key of its own."""
    noncurrent_days: NotRequired[int]
    """Days after which replaced and deleted versions go. Default: 90."""
    log_bucket: NotRequired[pulumi.Input[str]]
    """Bucket that gets the access logs. Default: no access logs."""
    log_prefix: NotRequired[str]
    """Folder of the log bucket. Default: ``s3/NAME/``."""
    delete_with_contents: NotRequired[bool]
    """Whether destroying the store deletes models that are in it. Default: no; a store with
    anything in it then cannot be destroyed."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class ModelStore(PlatformComponent):
    """A private, versioned bucket, encrypted with a customer key and reachable over TLS only.

    Objects carry no tags: they are found by bucket and key.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket; known once it is encrypted, versioned and closed to the public."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket; known at preview, so that policies can be read there."""
    key_arn: pulumi.Output[str]
    """ARN of the KMS key."""
    uri: pulumi.Output[str]
    """Where the model repository lies: ``s3://BUCKET/PREFIX``; known once its files are there."""
    repository_digest: pulumi.Output[str]
    """SHA-256 over the repository's paths and contents; changes when any file does."""

    def __init__(
        self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_any(f"ModelStore '{name}'", check_model_store(args))
        super().__init__("ModelStore", name, _recorded(args), args.get("tags", {}), opts)
        self._label = name
        account = current_account(self)
        own_name = args.get("bucket_name")

        def named(where: Account) -> str:
            return own_name or bucket_name(stack_id(), name, where.account_id, where.region)

        def arn(where: Account) -> str:
            return where.bucket(named(where))

        self.bucket_arn = account.apply(arn)
        self.key_arn = pulumi.Output.from_input(
            args.get("kms_key_arn") or key_arn(self, f"{name}-key", account, "Models at rest")
        )
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=account.apply(named),
            force_destroy=args.get("delete_with_contents", False),
            tags=self.tagged(f"{name}-bucket"),
            opts=self.child(),
        )
        guards = self._guards(bucket, args)
        self.bucket_name = after(bucket.bucket, guards)
        prefix = args.get("prefix", DEFAULT_PREFIX)
        objects = self._objects(bucket, prefix, args.get("files", {}), guards)
        stored = after(bucket.bucket, [*guards, *objects])
        self.uri = pulumi.Output.concat("s3://", stored, "/", prefix)
        self.repository_digest = pulumi.Output.from_input(repository_digest(args.get("files", {})))
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "key_arn": self.key_arn,
                "uri": self.uri,
                "repository_digest": self.repository_digest,
            }
        )

    def read_statements(self, prefix: str = "") -> list[PolicyStatement]:
        """What a `WorkloadIdentity` needs to read the models below `prefix`."""
        listing: PolicyStatement = {
            "sid": "ListModels",
            "actions": ["s3:ListBucket"],
            "resources": [self.bucket_arn],
        }
        if prefix:
            listing["conditions"] = {"StringLike": {"s3:prefix": [f"{prefix}*"]}}
        return [
            {
                "sid": "ReadModels",
                "actions": ["s3:GetObject"],
                "resources": [pulumi.Output.concat(self.bucket_arn, f"/{prefix}*")],
            },
            listing,
            {"sid": "DecryptModels", "actions": ["kms:Decrypt"], "resources": [self.key_arn]},
        ]

    def _guards(self, bucket: aws.s3.Bucket, args: ModelStoreArgs) -> list[pulumi.Resource]:
        """What must stand before the first object is written."""
        name = self._label
        closed = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        owned = aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.child(),
        )
        versioned = aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self.child(),
        )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self.child(),
        )
        tls_only = aws.s3.BucketPolicy(
            f"{name}-tls-only",
            bucket=bucket.bucket,
            policy=self.bucket_arn.apply(bucket_policy),
            opts=self.child(depends_on=[closed]),
        )
        self._lifecycle(bucket, args.get("noncurrent_days", 90), versioned)
        self._access_logs(bucket, args)
        return [closed, owned, versioned, encrypted, tls_only]

    def _lifecycle(
        self, bucket: aws.s3.Bucket, noncurrent_days: int, versioned: pulumi.Resource
    ) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._label}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
                    "expiration": {"expired_object_delete_marker": True},
                },
                {
                    "id": "unfinished-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {
                        "days_after_initiation": ABORT_UPLOAD_DAYS
                    },
                },
            ],
            opts=self.child(depends_on=[versioned]),
        )

    def _access_logs(self, bucket: aws.s3.Bucket, args: ModelStoreArgs) -> None:
        if target := args.get("log_bucket"):
            aws.s3.BucketLogging(
                f"{self._label}-access-logs",
                bucket=bucket.bucket,
                target_bucket=target,
                target_prefix=args.get("log_prefix", f"s3/{self._label}/"),
                opts=self.child(),
            )

    def _objects(
        self,
        bucket: aws.s3.Bucket,
        prefix: str,
        files: dict[str, str],
        guards: list[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        """One object a file. The text itself, not its path: a state holds no machine's paths."""
        return [
            aws.s3.BucketObjectv2(
                f"{self._label}-{key}",
                bucket=bucket.bucket,
                key=f"{prefix}{key}",
                content=files[key],
                content_type="text/plain; charset=utf-8",
                opts=self.child(depends_on=guards),
            )
            for key in sorted(files)
        ]


def _recorded(args: ModelStoreArgs) -> dict[str, Any]:
    """The inputs as the state shall keep them: files by digest, since objects hold the text."""
    digests = {key: file_digest(text) for key, text in args.get("files", {}).items()}
    return {**args, "files": digests}
