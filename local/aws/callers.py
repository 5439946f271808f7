"""Who makes a request: from an access key to the IAM principal behind it."""

from typing import Any

from local.aws import backends
from local.aws.client import ACCESS_KEY, SECRET_KEY
from local.aws.facts import ACCOUNT, DEFAULT_USER_ARN


def arn_of(access_key: str) -> str:
    """ARN of the IAM principal that `access_key` belongs to.

    Assumed roles give the ARN of their role (canonical, without the session), IAM users their
    own. A key that moto did not hand out is the default user.
    """
    role: Any = backends.sts().get_assumed_role_from_access_key(access_key)
    if role is not None:
        return str(role.role_arn)
    user: Any = backends.iam().get_user_from_access_key_id(access_key)
    return str(user.arn) if user is not None else DEFAULT_USER_ARN


def session_of(access_key: str) -> tuple[str, str, str]:
    """ARN, unique id and session name as STS GetCallerIdentity tells them."""
    role: Any = backends.sts().get_assumed_role_from_access_key(access_key)
    if role is not None:
        return str(role.arn), str(role.user_id), str(role.session_name)
    user: Any = backends.iam().get_user_from_access_key_id(access_key)
    if user is not None:
        return str(user.arn), str(user.id), ""
    return DEFAULT_USER_ARN, f"AIDA{ACCOUNT}LOCAL", ""


def secret_of(access_key: str) -> str | None:
    """The secret of an access key; None when the cloud did not hand the key out."""
    if access_key == ACCESS_KEY:
        return SECRET_KEY
    role: Any = backends.sts().get_assumed_role_from_access_key(access_key)
    if role is not None:
        return str(role.secret_access_key)
    for user in list(backends.iam().users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key:
                return str(key.secret_access_key)
    return None
