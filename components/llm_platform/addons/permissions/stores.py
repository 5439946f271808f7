"""Permissions of what reads secrets and prices, and of what keeps things in buckets. Pure."""

from typing import TYPE_CHECKING, Any

from llm_platform.addons.context import AddonContext

if TYPE_CHECKING:
    from llm_platform.aws.workload_identity import PolicyStatement

SECRET_PREFIX = "llm-platform/"  # noqa: S105 - the beginning of secrets' names
"""Beginning of the names of the secrets that the cluster may read."""


def secrets_reader(context: AddonContext) -> "list[PolicyStatement]":
    """Secrets of the platform, and no others."""
    return [
        {
            "sid": "ReadPlatformSecrets",
            "actions": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "resources": [
                context.arn("secretsmanager", f"secret:{SECRET_PREFIX}{context.cluster_name}/*")
            ],
        }
    ]


def prices_reader(_context: AddonContext) -> "list[PolicyStatement]":
    """AWS's list prices."""
    return [
        {
            "sid": "ReadPrices",
            "actions": ["pricing:GetProducts", "ec2:DescribeSpotPriceHistory"],
            "resources": ["*"],
            "wildcard_reason": "prices belong to no resource",
        }
    ]


def logs_writer(context: AddonContext) -> "list[PolicyStatement]":
    """Loki's chunks and index."""
    return _bucket(context, context.log_bucket, context.bucket_key_arn, "Logs", "")


def workflow_artifacts(context: AddonContext) -> "list[PolicyStatement]":
    """What steps of workflows hand on to one another."""
    return _artifacts(context, "workflows/")


def registry_artifacts(context: AddonContext) -> "list[PolicyStatement]":
    """Models and files of the registry."""
    return _artifacts(context, "mlflow/")


def _artifacts(context: AddonContext, prefix: str) -> "list[PolicyStatement]":
    key = context.bucket_key_arn if context.artifact_key_arn is None else context.artifact_key_arn
    return _bucket(context, context.artifact_bucket, key, "Artifacts", prefix)


def _bucket(
    context: AddonContext, bucket: Any, key_arn: Any, noun: str, prefix: str
) -> "list[PolicyStatement]":
    """Read, write and delete below a prefix of a bucket; nothing where there is no bucket."""
    if bucket is None:
        return []
    listing: PolicyStatement = {
        "sid": f"List{noun}",
        "actions": ["s3:ListBucket", "s3:GetBucketLocation"],
        "resources": [context.bucket_arn(bucket)],
    }
    statements: list[PolicyStatement] = [
        listing,
        {
            "sid": f"Keep{noun}",
            "actions": [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            "resources": [context.bucket_arn(bucket, f"/{prefix}*")],
        },
    ]
    if key_arn is not None:
        statements.append(
            {
                "sid": f"Encrypt{noun}",
                "actions": ["kms:Decrypt", "kms:GenerateDataKey"],
                "resources": [key_arn],
            }
        )
    return statements
