"""Samples of S3, ECR, SSM, messages, logs and budgets."""

import base64
import json

from tests.unit.providers.world import Sample, nothing, policy, tagged

_LIFECYCLE_RULES = [
    {
        "id": "old",
        "status": "Enabled",
        "filter": {"prefix": "tmp/"},
        "expiration": {"days": 7},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "transitions": [{"days": 3, "storageClass": "GLACIER"}],
    },
    {
        "id": "parts",
        "status": "Enabled",
        "filter": {},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    },
]


def _tls_only(bucket: str, sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObjectAcl",
        "Resource": [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": statement}, indent=2)


STORAGE = [
    tagged(
        "aws:s3/bucket:Bucket",
        nothing,
        changes=lambda w: {"forceDestroy": True},
        unknown_to_import=frozenset({"forceDestroy"}),
    ),
    Sample(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket, "versioningConfiguration": {"status": "Enabled"}},
        lambda w: {"versioningConfiguration": {"status": "Suspended"}},
        after_delete="kept",
    ),
    Sample(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": w.bucket,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key,
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda w: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    Sample(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket, "blockPublicAcls": True, "blockPublicPolicy": True},
        lambda w: {"blockPublicAcls": False, "ignorePublicAcls": True},
    ),
    Sample(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        lambda w: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    Sample(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": w.bucket, "rules": _LIFECYCLE_RULES},
        lambda w: {"rules": _LIFECYCLE_RULES[1:]},
    ),
    Sample(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {"bucket": w.bucket, "policy": _tls_only(w.bucket, "one")},
        lambda w: {"policy": _tls_only(w.bucket, "two")},
    ),
    Sample(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket, "targetBucket": w.log_bucket, "targetPrefix": "a/"},
        lambda w: {"targetPrefix": "b/"},
    ),
    tagged(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket, "key": "a/b.txt", "content": "one"},
        changes=lambda w: {"content": "two", "contentType": "text/plain"},
        unknown_to_import=frozenset({"content"}),
    ),
    tagged(
        "aws:s3/bucketObject:BucketObject",
        lambda w: {"bucket": w.bucket, "contentBase64": base64.b64encode(b"\x00\x01").decode()},
        changes=lambda w: {"contentBase64": base64.b64encode(b"\x02").decode()},
        unknown_to_import=frozenset({"contentBase64"}),
    ),
    tagged(
        "aws:ecr/repository:Repository",
        lambda w: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
        },
        changes=lambda w: {"imageTagMutability": "MUTABLE", "imageScanningConfiguration": None},
    ),
    Sample(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": w.repository, "policy": _expiry(3)},
        lambda w: {"policy": _expiry(5)},
    ),
    tagged(
        "aws:ssm/parameter:Parameter",
        lambda w: {"type": "SecureString", "value": "one", "description": "before"},
        changes=lambda w: {"value": "two", "description": None},
    ),
    tagged(
        "aws:secretsmanager/secret:Secret",
        lambda w: {"description": "before"},
        changes=lambda w: {"description": "after", "kmsKeyId": w.key},
    ),
]


def _expiry(images: int) -> str:
    rule = {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "untagged",
            "countType": "imageCountMoreThan",
            "countNumber": images,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]}, indent=1)


_NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "notificationType": "FORECASTED",
    "subscriberEmailAddresses": ["ops@example.com"],
}

MESSAGES = [
    tagged(
        "aws:sqs/queue:Queue",
        lambda w: {"messageRetentionSeconds": 600, "sqsManagedSseEnabled": True},
        changes=lambda w: {"messageRetentionSeconds": 900, "visibilityTimeoutSeconds": 60},
    ),
    Sample(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda w: {
            "queueUrl": w.queue["url"],
            "policy": policy("sqs:SendMessage", service="events.amazonaws.com"),
        },
        lambda w: {"policy": policy("sqs:SendMessage", service="s3.amazonaws.com")},
    ),
    tagged(
        "aws:sns/topic:Topic",
        lambda w: {"displayName": "before", "kmsMasterKeyId": "alias/aws/sns"},
        changes=lambda w: {"displayName": "after"},
    ),
    Sample(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "sqs", "endpoint": w.queue["arn"]},
        lambda w: {"rawMessageDelivery": True, "filterPolicy": '{"a":  ["b"]}'},
    ),
    tagged(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"retentionInDays": 30},
        changes=lambda w: {"retentionInDays": 7},
    ),
    tagged(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {"eventPattern": '{"source":  ["aws.s3"]}', "description": "before"},
        changes=lambda w: {"eventPattern": '{"source": ["aws.ec2"]}', "state": "DISABLED"},
    ),
    Sample(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": w.rule,
            "arn": w.queue["arn"],
            "retryPolicy": {"maximumRetryAttempts": 3},
        },
        lambda w: {"inputPath": "$.detail"},
        import_id=lambda o: f"{o['rule']}/{o['targetId']}",
    ),
    tagged(
        "aws:budgets/budget:Budget",
        lambda w: {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "1000",
            "limitUnit": "USD",
            "notifications": [_NOTIFICATION],
            "costFilters": [{"name": "TagKeyValue", "values": ["user:stack$p/dev"]}],
        },
        changes=lambda w: {
            "limitAmount": "2000",
            "notifications": [
                {**_NOTIFICATION, "threshold": 100, "notificationType": "ACTUAL"},
                _NOTIFICATION,
            ],
        },
    ),
]
