"""ModelStore: the bucket that models are served from."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from llm_platform.aws.model_files import file_digest, repository_digest
from llm_platform.aws.model_store_check import check_model_store
from llm_platform.aws.private_bucket import PrivateBucket, PrivateBucketArgs
from llm_platform.aws.workload_identity import PolicyStatement
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong

DEFAULT_PREFIX = "model_repo/"


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
    """A private bucket with a model repository in it.

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
        raise_if_wrong(f"ModelStore '{name}'", ModelStoreArgs, args, check_model_store)
        super().__init__("ModelStore", name, _recorded(args), args.get("tags", {}), opts)
        self._label = name
        bucket = PrivateBucket(name, _bucket_args(args), self.child())
        self.bucket_name = bucket.bucket_name
        self.bucket_arn = bucket.bucket_arn
        self.key_arn = bucket.key_arn
        prefix = args.get("prefix", DEFAULT_PREFIX)
        objects = self._objects(prefix, args.get("files", {}))
        self.uri = pulumi.Output.concat("s3://", after(self.bucket_name, objects), "/", prefix)
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

    def _objects(self, prefix: str, files: dict[str, str]) -> list[pulumi.Resource]:
        """One object a file. The text itself, not its path: a state holds no machine's paths."""
        return [
            aws.s3.BucketObjectv2(
                f"{self._label}-{key}",
                bucket=self.bucket_name,
                key=f"{prefix}{key}",
                content=files[key],
                content_type="text/plain; charset=utf-8",
                opts=self.child(),
            )
            for key in sorted(files)
        ]


def _bucket_args(args: ModelStoreArgs) -> PrivateBucketArgs:
    """The inputs that are the bucket's own."""
    own = {key: value for key, value in args.items() if key in PrivateBucketArgs.__annotations__}
    return cast("PrivateBucketArgs", {"purpose": "Models", **own})


def _recorded(args: ModelStoreArgs) -> dict[str, Any]:
    """The inputs as the state shall keep them: files by digest, since objects hold the text."""
    digests = {key: file_digest(text) for key, text in args.get("files", {}).items()}
    return {**args, "files": digests}
