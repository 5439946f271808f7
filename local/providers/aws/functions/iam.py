"""aws:iam/getPolicyDocument:getPolicyDocument."""

import binascii
import json
from typing import Any, cast

from local.providers.aws.cloud import Cloud
from local.providers.aws.functions import Function, function
from local.providers.aws.handler import Properties, many
from local.providers.model import ProviderError

_VERSION = "2012-10-17"
_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}
_PRINCIPALS = {"principals": "Principal", "notPrincipals": "NotPrincipal"}
_STATEMENT = {"sid", "effect", "conditions", *_LISTS, *_PRINCIPALS}


@function("statements", "version", "policyId", "sourcePolicyDocuments", "overridePolicyDocuments")
def _document(cloud: Cloud, args: Properties) -> Properties:
    del cloud
    statements: list[Properties] = []
    for text in many(args, "sourcePolicyDocuments"):
        statements.extend(_statements_of(text))
    statements.extend(_statement(item) for item in many(args, "statements"))
    for text in many(args, "overridePolicyDocuments"):
        statements = _overridden(statements, _statements_of(text))
    document: Properties = {"Version": args.get("version") or _VERSION}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        "id": str(binascii.crc32(text.encode())),
        "version": document["Version"],
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statements_of(text: str) -> list[Properties]:
    try:
        found: Any = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"a policy document is not valid: {error}") from error
    return cast("list[Properties]", found if isinstance(found, list) else [found])


def _overridden(old: list[Properties], new: list[Properties]) -> list[Properties]:
    """Statements of `new` replace those of `old` with the same Sid; others are added."""
    by_sid = {s["Sid"]: s for s in new if s.get("Sid")}
    kept = [by_sid.pop(s.get("Sid", ""), s) for s in old]
    return kept + [s for s in new if not s.get("Sid") or s["Sid"] in by_sid]


def _statement(item: Properties) -> Properties:
    unknown = sorted(set(item) - _STATEMENT)
    if unknown:
        raise ProviderError(f"`{unknown[0]}` of a statement is not handled")
    statement: Properties = {}
    if item.get("sid"):
        statement["Sid"] = item["sid"]
    statement["Effect"] = item.get("effect") or "Allow"
    for name, key in _LISTS.items():
        if item.get(name):
            statement[key] = _one_or_many(item[name])
    for name, key in _PRINCIPALS.items():
        if item.get(name):
            statement[key] = _principals(item[name])
    conditions: Properties = {}
    for condition in many(item, "conditions"):
        test = conditions.setdefault(condition["test"], {})
        test[condition["variable"]] = _one_or_many(condition["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principals(given: list[Properties]) -> Any:
    by_type: dict[str, list[str]] = {}
    for principal in given:
        by_type.setdefault(principal["type"], []).extend(principal["identifiers"])
    if by_type == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(names) for kind, names in by_type.items()}


def _one_or_many(values: list[str]) -> Any:
    found = sorted(set(values))
    return found[0] if len(found) == 1 else found


FUNCTIONS: dict[str, Function] = {"aws:iam/getPolicyDocument:getPolicyDocument": _document}
