"""Checks of `ClusterDefaults`' inputs. Pure."""

from typing import TYPE_CHECKING

from llm_platform.aws.checks import key_problems
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.kubernetes.cluster_defaults import ClusterDefaultsArgs


def check_cluster_defaults(args: "ClusterDefaultsArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a cluster's defaults."""
    return [
        *key_problems("kms_key_arn", args.get("kms_key_arn")),
        *check_tags(args.get("tags", {})),
    ]
