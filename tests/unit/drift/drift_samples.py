"""Objects and findings as the engine and the API server give them."""

from typing import Any

from infra.drift.model import Live, Refreshed, Rules

OWN = "pulumi-kubernetes-1a2b3c4d"
URN = "urn:pulumi:prod::llm-platform::{type}::{name}"


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    """A record of managed fields."""
    return {
        "manager": manager,
        "operation": "Update",
        "time": "2026-11-24T10:00:00Z",
        "fieldsV1": fields,
        **more,
    }


def ours(fields: dict[str, Any]) -> dict[str, Any]:
    """The record of what Pulumi applied."""
    return entry(OWN, fields, operation="Apply", time="2026-11-24T09:00:00Z")


def live(value: dict[str, Any], *entries: dict[str, Any]) -> Live:
    """An object with its managed fields."""
    return Live({**value, "metadata": {"managedFields": list(entries)}})


def refreshed(type_token: str, name: str = "x", **more: Any) -> Refreshed:
    """A resource that a refresh compared."""
    urn = URN.format(type=type_token, name=name)
    return Refreshed(urn=urn, type=type_token, id="team/x", is_gone=more.pop("gone", False), **more)


def rules(**more: Any) -> Rules:
    """Rules of a resource of Kubernetes whose provider forces nothing."""
    return Rules(manager=OWN, **more)
