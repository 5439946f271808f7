"""A deployment with the decisions carried out in it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from infra.recovery.model import Action, Decision, Origin, Resource
from infra.recovery.pending import resources_of

REFRESH = "refreshBeforeUpdate"
"""The engine reads a resource that is marked so before it does anything else, and takes the
mark away."""

_SHORTEST_REFERENCE = 6
"""Shorter strings in inputs are not taken for the id of another resource."""


def carried_out(deployment: Mapping[str, Any], decisions: Sequence[Decision]) -> dict[str, Any]:
    """`deployment` without unfinished operations, and with what was found.

    An adopted resource has its inputs as they were sent, no outputs, and the mark that has it
    read first: a provider that gets no outputs reads as for an import.
    """
    asked = {each.unfinished.urn for each in decisions if each.action is Action.REFRESH}
    placed = {
        each.unfinished.urn for each in decisions if each.action in {Action.ADOPT, Action.REPLACE}
    }
    kept = [
        {**each, REFRESH: True} if each["urn"] in asked and each.get("custom") else each
        for each in resources_of(deployment)
        if not (each["urn"] in placed and each.get("pendingReplacement"))
    ]
    added = [_adopted(each, kept) for each in decisions if each.found is not None]
    return {**deployment, "resources": [*kept, *added], "pending_operations": []}


def _adopted(decision: Decision, resources: Sequence[Resource]) -> Resource:
    found = decision.found
    if found is None:
        raise ValueError(f"nothing was found for {decision.unfinished.urn}")
    urns = {str(each["urn"]) for each in resources}
    given = decision.unfinished.resource
    dropped = {"outputs", "pendingReplacement", "delete", "initErrors"}
    made = {key: value for key, value in given.items() if key not in dropped}
    made |= {"id": found.adopted_as, REFRESH: True}
    if decision.unfinished.origin is Origin.JOURNAL:
        made["dependencies"] = _referred(decision.unfinished.inputs, resources)
    needs: Sequence[str] = made.get("dependencies") or []
    made["dependencies"] = [urn for urn in needs if urn in urns]
    properties: Mapping[str, Sequence[str]] = made.get("propertyDependencies") or {}
    if properties:
        made["propertyDependencies"] = {
            name: [urn for urn in needed or () if urn in urns]
            for name, needed in properties.items()
        }
    if decision.action is Action.DELETE:
        made["delete"] = True
    if decision.action is Action.REPLACE:
        made["taint"] = True
    return made


def _referred(inputs: Mapping[str, Any], resources: Iterable[Resource]) -> list[str]:
    """URNs of the resources whose id, name or ARN stands in the inputs."""
    texts = set(_strings(inputs))
    found: list[str] = []
    for each in resources:
        outputs: Mapping[str, Any] = each.get("outputs") or {}
        names = {each.get("id"), outputs.get("arn"), outputs.get("name")}
        known = {name for name in names if isinstance(name, str)}
        if any(len(name) >= _SHORTEST_REFERENCE for name in known & texts) and each.get("custom"):
            found.append(str(each["urn"]))
    return found


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _strings(each)
