"""A KMS key of a component: rotated, with an alias that names it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from llm_platform.aws.iam import Account, key_policy
from llm_platform.component import PlatformComponent, stack_id
from llm_platform.naming import key_alias

DELETION_WINDOW_DAYS = 30
"""Time to change one's mind after a key was deleted: AWS's longest."""


def key_arn(
    component: PlatformComponent,
    name: str,
    account: pulumi.Output[Account],
    purpose: str,
    log_groups: Sequence[str] = (),
) -> pulumi.Output[str]:
    """Make a key and return its ARN.

    Args:
        component: Parent of the key.
        name: Logical name of the key.
        account: Where it stands.
        purpose: What it encrypts, for its description.
        log_groups: Names of the log groups that CloudWatch Logs encrypts with it.
    """

    def policy(where: Account) -> str:
        return key_policy(where, log_groups)

    key = aws.kms.Key(
        name,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_WINDOW_DAYS,
        policy=account.apply(policy),
        tags=component.tagged(name),
        opts=component.child(),
    )
    aws.kms.Alias(
        f"{name}-alias",
        name=key_alias(stack_id(), name),
        target_key_id=key.key_id,
        opts=component.child(),
    )
    return key.arn
