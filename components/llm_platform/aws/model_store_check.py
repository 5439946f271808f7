"""Checks of `ModelStore`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.bucket_data import check_private_bucket
from llm_platform.aws.model_files import check_files
from llm_platform.problems import Problem

if TYPE_CHECKING:
    from llm_platform.aws.model_store import ModelStoreArgs

_PREFIX = re.compile(r"^([\w!*'().-]+/)+\Z")


def check_model_store(args: "ModelStoreArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a model store."""
    problems = [*check_files(args.get("files", {}), "files"), *check_private_bucket(args)]
    prefix = args.get("prefix")
    if prefix and not _PREFIX.match(prefix):
        allowed = "folders that each end with /, such as model_repo/"
        problems.append(Problem("prefix", f"the prefix '{prefix}'", allowed))
    return problems
