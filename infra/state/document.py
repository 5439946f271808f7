"""A deployment document, as ``pulumi stack export`` writes it: what is wrong with one, and counts.

Pure. The engine checks a document too when it imports one; here everything that is wrong is
told at once, with its place, and before anything is touched.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from llm_platform.problems import Problem

Document = Mapping[str, Any]

VERSIONS = (3, 4)
"""Versions of the document that pulumi 3.259 reads and this project has seen."""
TOP = ("version", "features", "deployment")
DEPLOYMENT = (
    "manifest", "secrets_providers", "resources", "pending_operations", "metadata", "snapshot_base",
)  # fmt: skip
URN = re.compile(r"^urn:pulumi:(?P<stack>[^:]+)::(?P<project>[^:]+)::(?P<type>.+)::(?P<name>.+)$")
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105  # key by which pulumi marks a value
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # the mark of a secret


def problems_of(document: Any, stack: str, project: str) -> list[Problem]:
    """Everything that is wrong with a document that is to become the state of a stack.

    Args:
        document: What a file holds, read as JSON.
        stack: Name of the stack that it is for.
        project: Name of the project that it is for.
    """
    if not isinstance(document, Mapping):
        return [Problem("document", "is no mapping", "what llmp state export writes")]
    top = cast("Mapping[str, Any]", document)
    problems = list(_unknown("", top, TOP))
    if top.get("version") not in VERSIONS:
        allowed = " | ".join(map(str, VERSIONS))
        problems.append(Problem("version", f"is {top.get('version')!r}", allowed))
    deployment = top.get("deployment")
    if not isinstance(deployment, Mapping):
        return [*problems, Problem("deployment", "is missing or no mapping", "a deployment")]
    inner = cast("Mapping[str, Any]", deployment)
    problems += _unknown("deployment.", inner, DEPLOYMENT)
    for part in ("resources", "pending_operations"):
        if not isinstance(inner.get(part) or [], list):
            problems.append(Problem(f"deployment.{part}", "is no list", "a list"))
            return problems
    return [*problems, *_resource_problems(resources_of(top), stack, project)]


def resources_of(document: Document) -> list[Mapping[str, Any]]:
    """The resources of a document, in its order."""
    return list(document["deployment"].get("resources") or [])


def pending_of(document: Document) -> list[Mapping[str, Any]]:
    """The operations that a killed run left open."""
    return list(document["deployment"].get("pending_operations") or [])


def plain_secrets(value: Any, path: str = "") -> Iterator[str]:
    """Paths of the secrets that stand in a document in plain text."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if mapping.get(SECRET) == SECRET_MARK and "plaintext" in mapping:
            yield path
            return
        for key, each in mapping.items():
            yield from plain_secrets(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, each in enumerate(cast("list[Any]", value)):
            yield from plain_secrets(each, f"{path}[{index}]")


def has_secrets(value: Any) -> bool:
    """Whether any value of a document is marked as secret, encrypted or not."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return mapping.get(SECRET) == SECRET_MARK or any(map(has_secrets, mapping.values()))
    return isinstance(value, list) and any(map(has_secrets, cast("list[Any]", value)))


def found_in(text: str, forbidden: Sequence[str]) -> list[str]:
    """Which of the `forbidden` pieces, such as paths of this machine, stand in a text."""
    return [each for each in forbidden if each and each in text]


def outline(document: Document) -> list[tuple[str, str, bool]]:
    """URN, identifier and whether it is to be deleted, of every resource in order."""
    return [
        (str(each["urn"]), str(each.get("id", "")), bool(each.get("delete")))
        for each in resources_of(document)
    ]


def _unknown(prefix: str, mapping: Mapping[str, Any], known: Sequence[str]) -> Iterator[Problem]:
    for key in mapping:
        if key not in known:
            yield Problem(f"{prefix}{key}", "is not a key of a deployment", " | ".join(known))


def _resource_problems(resources: Sequence[Any], stack: str, project: str) -> Iterator[Problem]:
    earlier: set[str] = set()
    standing: set[str] = set()
    providers: set[str] = set()
    for index, resource in enumerate(resources):
        path = f"deployment.resources[{index}]"
        if not isinstance(resource, Mapping):
            yield Problem(path, "is no mapping", "a resource")
            continue
        one = cast("Mapping[str, Any]", resource)
        urn = str(one.get("urn", ""))
        yield from _identity(path, one, stack, project)
        if not one.get("delete"):
            if urn in standing:
                yield Problem(f"{path}.urn", f"{urn} stands twice", "every resource once")
            standing.add(urn)
        yield from _references(path, one, earlier, providers)
        earlier.add(urn)
        if str(one.get("type", "")).startswith("pulumi:providers:"):
            providers.add(f"{urn}::{one.get('id', '')}")


def _identity(path: str, one: Mapping[str, Any], stack: str, project: str) -> Iterator[Problem]:
    urn = str(one.get("urn", ""))
    parts = URN.match(urn)
    if parts is None:
        yield Problem(f"{path}.urn", f"{urn!r} is no URN", "urn:pulumi:STACK::PROJECT::TYPE::NAME")
        return
    if parts["stack"] != stack:
        yield Problem(f"{path}.urn", f"is of stack {parts['stack']}", stack)
    if parts["project"] != project:
        yield Problem(f"{path}.urn", f"is of project {parts['project']}", project)
    kind = parts["type"].rpartition("$")[2]
    if one.get("type") != kind:
        yield Problem(f"{path}.type", f"is {one.get('type')!r}", kind)
    if one.get("custom") and not one.get("id"):
        yield Problem(f"{path}.id", "is missing", "the identifier in the cloud")


def _references(
    path: str, one: Mapping[str, Any], earlier: set[str], providers: set[str]
) -> Iterator[Problem]:
    parent = one.get("parent")
    if parent and parent not in earlier:
        yield Problem(f"{path}.parent", f"{parent} does not stand before it", "an earlier resource")
    for index, urn in enumerate(one.get("dependencies") or []):
        if urn not in earlier:
            where = f"{path}.dependencies[{index}]"
            yield Problem(where, f"{urn} does not stand before it", "an earlier resource")
    provider = one.get("provider")
    if provider and provider not in providers:
        yield Problem(f"{path}.provider", f"{provider} is not there", "an earlier provider")
