"""Bucket policies with conditions, which moto ignores.

A statement with a condition counts only when the condition is known to hold. Requests count as
sent over TLS; a key that the emulator does not know (``s3:x-amz-server-side-encryption``,
``aws:SourceVpce`` …) makes the statement not apply. A Deny that names principals is not applied
either, because moto does not tell who asks.
"""

import json
from typing import Any

from local.aws.operations import Document, as_document, many

CONTEXT: dict[str, str] = {"aws:securetransport": "true"}
"""Condition keys, in lower case, that every request to the emulator has."""


def effective(policy: str) -> Document | None:
    """The part of `policy` that applies to a request of the emulator, without its conditions.

    Returns:
        A policy of the statements that apply; None when there is none.
    """
    document: Document = json.loads(policy)
    statements = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in many(document.get("Statement"))
        if applies(statement)
    ]
    return {**document, "Statement": statements} if statements else None


def applies(statement: Document) -> bool:
    """Whether a statement applies to a request of the emulator."""
    if statement.get("Effect") == "Deny" and not _names_everyone(statement):
        return False
    for operator, keys in as_document(statement.get("Condition")).items():
        for key, expected in as_document(keys).items():
            if not _holds(operator, key.lower(), [str(value) for value in many(expected)]):
                return False
    return True


def _names_everyone(statement: Document) -> bool:
    principal: Any = statement.get("Principal")
    if isinstance(principal, str):
        return principal == "*"
    return "*" in many(as_document(principal).get("AWS"))


def _holds(operator: str, key: str, expected: list[str]) -> bool:
    actual = CONTEXT.get(key)
    name = operator.removesuffix("IfExists")
    if actual is None:
        return operator.endswith("IfExists")
    values = [value.lower() for value in expected]
    if name in {"Bool", "StringEquals", "StringEqualsIgnoreCase", "StringLike"}:
        return actual in values
    if name in {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike"}:
        return actual not in values
    return name == "Null" and "false" in values


def lets_logs_in(policy: str, bucket: str, prefix: str) -> bool:
    """Whether `policy` lets S3 write access logs below `prefix` of `bucket`."""
    target = f"arn:aws:s3:::{bucket}"
    places = {target, f"{target}/*", f"{target}/{prefix}*"}
    for statement in many(json.loads(policy).get("Statement")):
        principal: Any = statement.get("Principal")
        services = [] if isinstance(principal, str) else many(as_document(principal).get("Service"))
        actions = {str(action).lower() for action in many(statement.get("Action"))}
        if (
            statement.get("Effect") == "Allow"
            and "logging.s3.amazonaws.com" in services
            and actions & {"s3:putobject", "s3:*", "*"}
            and places & set(many(statement.get("Resource")))
        ):
            return True
    return False
