"""All functions, by token."""

from local.providers.aws.functions import Function, account, ec2, eks, iam

FUNCTIONS: dict[str, Function] = {
    **account.FUNCTIONS,
    **ec2.FUNCTIONS,
    **eks.FUNCTIONS,
    **iam.FUNCTIONS,
}
"""Token → function."""
