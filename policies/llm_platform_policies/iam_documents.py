"""IAM policy documents: what in them gives more than anybody should have. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

ADMINISTRATOR_POLICIES = frozenset(
    {"AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "SystemAdministrator"}
)
"""AWS managed policies, by the last part of their ARN, that amount to everything."""


def overreach_of_identity_policy(document: object) -> Iterator[str]:
    """What is too wide in a policy that is attached to a role: full sentences.

    Args:
        document: JSON text, or the mapping that it stands for.
    """
    for label, statement in _statements(document):
        if isinstance(statement, str):
            yield statement
        elif _effect(statement) == "allow":
            yield from _wide_actions(label, statement)


def overreach_of_trust_policy(document: object) -> Iterator[str]:
    """What is too wide in the policy that says who may assume a role."""
    for label, statement in _statements(document):
        if isinstance(statement, str):
            yield statement
        elif _effect(statement) == "allow":
            if any_principal(statement):
                yield f"{label} lets anybody assume the role (principal *)."
            yield from _open_federation(label, statement)


def overreach_of_resource_policy(document: object) -> Iterator[str]:
    """What is too wide in the policy of a resource: access for everybody, unconditionally."""
    for label, statement in _statements(document):
        if isinstance(statement, str):
            yield statement
        elif (
            _effect(statement) == "allow"
            and any_principal(statement)
            and not statement.get("Condition")
        ):
            yield f"{label} gives access to everybody (principal *, no condition)."


def any_principal(statement: Mapping[str, Any]) -> bool:
    """Whether a statement's principal is everybody, or everybody but some."""
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        named = cast("Mapping[str, Any]", principal).values()
        return any("*" in _list(value) for value in named)
    return principal == "*"


def _wide_actions(label: str, statement: Mapping[str, Any]) -> Iterator[str]:
    everything = any(_is_everything(text) for text in _list(statement.get("Resource")))
    everything = everything or "NotResource" in statement
    if "NotAction" in statement:
        if everything:
            yield f"{label} allows every action but a few (NotAction) on every resource."
        return
    for action in _list(statement.get("Action")):
        if set(action) <= {"*", ":"}:
            yield f"{label} allows every action ({action})."
        elif everything and action.partition(":")[2].strip("*?") == "":
            yield f"{label} allows {action} on every resource."


def _open_federation(label: str, statement: Mapping[str, Any]) -> Iterator[str]:
    actions = {action.lower() for action in _list(statement.get("Action"))}
    if "sts:assumerolewithwebidentity" not in actions:
        return
    conditions = cast("Mapping[str, Any]", statement.get("Condition") or {})
    subjects = [
        text
        for operator, tests in conditions.items()
        for key, value in cast("Mapping[str, Any]", tests).items()
        if key.endswith(":sub") and operator.lower().startswith("string")
        for text in _list(value)
    ]
    if not subjects:
        yield f"{label} lets any service account assume the role (no condition on :sub)."
    for subject in subjects:
        if "*" in subject:
            yield f"{label} lets more than one service account assume the role ({subject})."


def _statements(document: object) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """Statements with a label to call them by; a sentence where the document cannot be read."""
    parsed = document
    if isinstance(document, str):
        try:
            parsed = json.loads(document)
        except json.JSONDecodeError as error:
            yield "", f"the document is no JSON ({error})."
            return
    if not isinstance(parsed, Mapping):
        yield "", "the document is no JSON object."
        return
    found: Any = cast("Mapping[str, Any]", parsed).get("Statement", [])
    statements = cast("list[Any]", found if isinstance(found, list) else [found])
    for index, statement in enumerate(statements):
        if not isinstance(statement, Mapping):
            yield "", f"Statement[{index}] is no JSON object."
            continue
        mapping = cast("Mapping[str, Any]", statement)
        name = mapping.get("Sid")
        yield f"Statement[{index}]" + (f" ({name})" if name else ""), mapping


def _effect(statement: Mapping[str, Any]) -> str:
    return str(statement.get("Effect", "")).lower()


def _is_everything(resource: str) -> bool:
    if resource == "*":
        return True
    return resource.startswith("arn:") and set(resource.split(":")[2:]) <= {"*", "*/*"}


def _list(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(item) for item in cast("Sequence[Any]", value)]
    return []
