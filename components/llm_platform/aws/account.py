"""The account, region and partition of the provider that a component inherits."""

import pulumi
import pulumi_aws as aws

from llm_platform.aws.iam import Account


def current_account(component: pulumi.Resource) -> pulumi.Output[Account]:
    """Ask AWS where `component`'s provider stands; known at preview."""
    opts = pulumi.InvokeOptions(parent=component)
    answers: pulumi.Output[list[str]] = pulumi.Output.all(
        aws.get_caller_identity_output(opts=opts).account_id,
        aws.get_region_output(opts=opts).region,
        aws.get_partition_output(opts=opts).partition,
    )
    return answers.apply(_account)


def _account(answers: list[str]) -> Account:
    account_id, region, partition = answers
    return Account(account_id, region, partition)
