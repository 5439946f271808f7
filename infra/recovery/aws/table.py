"""All rules for AWS in one table."""

from collections.abc import Mapping

from infra.recovery.aws import ec2, eks, iam, others, s3
from infra.recovery.search import Rule

RULES: Mapping[str, Rule] = {
    **ec2.RULES,
    **eks.RULES,
    **iam.RULES,
    **s3.RULES,
    **others.RULES,
}
"""Type token to rule. A type that is not here stops a recovery by name."""
