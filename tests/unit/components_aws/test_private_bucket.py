"""PrivateBucket on its own, and as the one implementation below ModelStore."""

from typing import Any

import pytest
from aws_recording import ACCOUNT, Recording, children_outside, record, untagged

from llm_platform import ModelStore, PrivateBucket
from llm_platform.aws.private_bucket import PrivateBucketArgs
from llm_platform.problems import InvalidInputsError

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
NAME = f"llm-platform-test-logs-{ACCOUNT}-eu-central-1"
GUARDS = [
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
]


def args(**more: Any) -> PrivateBucketArgs:
    base: PrivateBucketArgs = {"tags": {"team": "ml"}}
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def bucket(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = PrivateBucket("logs", args(**more))
        # Stands for whatever is written into the bucket.
        PrivateBucket("user", {"log_bucket": made.bucket_name, "tags": {"team": "ml"}})
        return {"name": made.bucket_name, "arn": made.bucket_arn, "key": made.key_arn}

    return record(program)


def expirations(recording: Recording) -> list[Any]:
    rules = recording.one(LIFECYCLE, "logs-lifecycle").inputs["rules"]
    return [rule["expiration"] for rule in rules if "expiration" in rule]


@pytest.fixture(scope="module")
def plain() -> Recording:
    return bucket()


def test_outputs(plain: Recording) -> None:
    assert plain.outputs["name"] == NAME
    assert plain.outputs["arn"] == f"arn:aws:s3:::{NAME}"
    assert plain.outputs["key"].endswith("logs-key")


def test_tags(plain: Recording) -> None:
    assert untagged(plain, {BUCKET, "aws:kms/key:Key"}) == []


@pytest.mark.parametrize("guard", GUARDS)
def test_whoever_uses_the_name_waits_for_every_guard(plain: Recording, guard: str) -> None:
    user = plain.one("aws:s3/bucketLogging:BucketLogging", "user-access-logs")
    (stands,) = [one for one in plain.of(guard) if one.name.startswith("logs-")]
    assert plain.waits_for(user, stands)


def test_objects_stay_unless_they_shall_expire(plain: Recording) -> None:
    assert expirations(plain) == [{"expiredObjectDeleteMarker": True}]


def test_objects_expire_and_versions_after_them() -> None:
    recording = bucket(expire_days=30, noncurrent_days=7)
    # S3 takes only one of days and delete markers in a rule.
    assert expirations(recording) == [{"days": 30}]
    rules = recording.one(LIFECYCLE, "logs-lifecycle").inputs["rules"]
    assert rules[0]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}


def test_key_says_what_it_protects() -> None:
    key = bucket(purpose="Logs").one("aws:kms/key:Key", "logs-key")
    assert key.inputs["description"] == "Logs at rest"


def test_model_store_has_no_bucket_of_its_own_making() -> None:
    recording = record(lambda: {"name": ModelStore("models", {}).bucket_name})
    inner = recording.one("llm-platform:index:PrivateBucket")
    assert inner.parent == recording.one("llm-platform:index:ModelStore").urn
    assert children_outside(recording, "llm-platform:index:PrivateBucket") == []
    assert set(GUARDS) | {BUCKET, LIFECYCLE} <= recording.types


def test_every_problem_at_once() -> None:
    wrong = args(bucket_name="a.b", expire_days=0, noncurrent_days=4000, kms_key_arn="alias/x")
    with pytest.raises(InvalidInputsError) as caught:
        PrivateBucket("logs", {**wrong, "log_prefix": "x/", "tags": {"aws:x": "y"}})
    assert {problem.path for problem in caught.value.problems} == {
        "bucket_name",
        "expire_days",
        "kms_key_arn",
        "log_prefix",
        "noncurrent_days",
        "tags.aws:x",
    }
