"""Checks of `ModelStore`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.checks import key_problems, range_problems
from llm_platform.aws.model_files import check_files
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.model_store import ModelStoreArgs

_BUCKET = re.compile(r"^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_PREFIX = re.compile(r"^([\w!*'().-]+/)+\Z")


def check_model_store(args: "ModelStoreArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a model store."""
    problems = [
        *check_files(args.get("files", {}), "files"),
        *key_problems("kms_key_arn", args.get("kms_key_arn")),
        *range_problems("noncurrent_days", args.get("noncurrent_days"), 1, 3650, " days"),
        *check_tags(args.get("tags", {})),
    ]
    name = args.get("bucket_name")
    if isinstance(name, str) and (not _BUCKET.match(name) or "." in name):
        allowed = "3 to 63 of a-z, 0-9 and -; a dot would break TLS"
        problems.append(Problem("bucket_name", f"'{name}' cannot be a bucket's name", allowed))
    prefix = args.get("prefix")
    if prefix and not _PREFIX.match(prefix):
        allowed = "folders that each end with /, such as model_repo/"
        problems.append(Problem("prefix", f"the prefix '{prefix}'", allowed))
    if args.get("log_prefix") and not args.get("log_bucket"):
        allowed = "a log_bucket beside it"
        problems.append(Problem("log_prefix", "there is no bucket to log to", allowed))
    return problems
