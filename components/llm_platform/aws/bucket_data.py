"""Lifecycle of a bucket, and checks of its inputs. Pure."""

import re
from typing import TYPE_CHECKING, Any

from llm_platform.aws.checks import key_problems, range_problems
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.model_store import ModelStoreArgs
    from llm_platform.aws.private_bucket import PrivateBucketArgs

ABORT_UPLOAD_DAYS = 7

_BUCKET = re.compile(r"^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")


def lifecycle_rules(noncurrent_days: int, expire_days: int | None) -> list[Any]:
    """When old versions, unfinished uploads and, if asked for, objects go."""
    # S3 removes markers of deleted objects by itself where objects expire by age
    expiration = {"days": expire_days} if expire_days else {"expired_object_delete_marker": True}
    return [
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
            "expiration": expiration,
        },
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_UPLOAD_DAYS},
        },
    ]


def check_private_bucket(args: "PrivateBucketArgs | ModelStoreArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a private bucket."""
    problems = [
        *key_problems("kms_key_arn", args.get("kms_key_arn")),
        *range_problems("noncurrent_days", args.get("noncurrent_days"), 1, 3650, " days"),
        *check_tags(args.get("tags", {})),
    ]
    if "expire_days" in args:
        problems += range_problems("expire_days", args["expire_days"], 1, 3650, " days")
    name = args.get("bucket_name")
    if isinstance(name, str) and (not _BUCKET.match(name) or "." in name):
        allowed = "3 to 63 of a-z, 0-9 and -; a dot would break TLS"
        problems.append(Problem("bucket_name", f"'{name}' cannot be a bucket's name", allowed))
    if args.get("log_prefix") and not args.get("log_bucket"):
        allowed = "a log_bucket beside it"
        problems.append(Problem("log_prefix", "there is no bucket to log to", allowed))
    return problems
