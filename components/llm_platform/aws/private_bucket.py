"""PrivateBucket: an S3 bucket that nobody outside can look into."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform.aws.account import current_account
from llm_platform.aws.bucket_data import check_private_bucket, lifecycle_rules
from llm_platform.aws.iam import Account, bucket_policy
from llm_platform.aws.keys import key_arn
from llm_platform.component import PlatformComponent, after, stack_id
from llm_platform.inputs import raise_if_wrong
from llm_platform.naming import bucket_name


class PrivateBucketArgs(TypedDict):
    """Inputs of a `PrivateBucket`."""

    purpose: NotRequired[str]
    """What it holds, in a few words; describes the key. Default: objects."""
    bucket_name: NotRequired[str]
    """Name of the bucket. Default: made of stack, name, account and region."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts every object. Default: a key of its own."""
    noncurrent_days: NotRequired[int]
    """Days after which replaced and deleted versions go. Default: 90."""
    expire_days: NotRequired[int]
    """Days after which objects go. Default: never."""
    log_bucket: NotRequired[pulumi.Input[str]]
    """Bucket that gets the access logs. Default: no access logs."""
    log_prefix: NotRequired[str]
    """Folder of the log bucket. Default: ``s3/NAME/``."""
    delete_with_contents: NotRequired[bool]
    """Whether destroying the bucket deletes what is in it. Default: no; a bucket with anything
    in it then cannot be destroyed."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class PrivateBucket(PlatformComponent):
    """A private, versioned bucket, encrypted with a customer key and reachable over TLS only."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket; known once it is encrypted, versioned and closed to the public."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket; known at preview, so that policies can be read there."""
    key_arn: pulumi.Output[str]
    """ARN of the KMS key."""

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"PrivateBucket '{name}'", PrivateBucketArgs, args, check_private_bucket)
        super().__init__("PrivateBucket", name, args, args.get("tags", {}), opts)
        self._label = name
        account = current_account(self)
        own_name = args.get("bucket_name")

        def named(where: Account) -> str:
            return own_name or bucket_name(stack_id(), name, where.account_id, where.region)

        def arn(where: Account) -> str:
            return where.bucket(named(where))

        self.bucket_arn = account.apply(arn)
        purpose = args.get("purpose", "Objects")
        self.key_arn = pulumi.Output.from_input(
            args.get("kms_key_arn") or key_arn(self, f"{name}-key", account, f"{purpose} at rest")
        )
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=account.apply(named),
            force_destroy=args.get("delete_with_contents", False),
            tags=self.tagged(f"{name}-bucket"),
            opts=self.child(),
        )
        self.bucket_name = after(bucket.bucket, self._guards(bucket, args))
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "key_arn": self.key_arn,
            }
        )

    def _guards(self, bucket: aws.s3.Bucket, args: PrivateBucketArgs) -> list[pulumi.Resource]:
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
        self._lifecycle(bucket, args, versioned)
        self._access_logs(bucket, args)
        return [closed, owned, versioned, encrypted, tls_only]

    def _lifecycle(
        self, bucket: aws.s3.Bucket, args: PrivateBucketArgs, versioned: pulumi.Resource
    ) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._label}-lifecycle",
            bucket=bucket.bucket,
            rules=lifecycle_rules(args.get("noncurrent_days", 90), args.get("expire_days")),
            opts=self.child(depends_on=[versioned]),
        )

    def _access_logs(self, bucket: aws.s3.Bucket, args: PrivateBucketArgs) -> None:
        if target := args.get("log_bucket"):
            aws.s3.BucketLogging(
                f"{self._label}-access-logs",
                bucket=bucket.bucket,
                target_bucket=target,
                target_prefix=args.get("log_prefix", f"s3/{self._label}/"),
                opts=self.child(),
            )
