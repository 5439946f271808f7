"""What is done about an unfinished operation, given what was found. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from infra.recovery.model import (
    Action,
    Condition,
    Decision,
    Found,
    Operation,
    Resource,
    Unfinished,
)
from infra.recovery.pending import known_ids, live


def decide_without_looking(unfinished: Unfinished) -> Decision | None:
    """What is clear before the cloud is asked; None when it has to be."""
    if unfinished.operation in {Operation.UPDATING, Operation.DELETING}:
        why = "it is in the state; the run reads what it is now"
        return Decision(unfinished, Action.REFRESH, why)
    if unfinished.operation is not Operation.CREATING:
        return Decision(unfinished, Action.DROP, "it only looked")
    if not unfinished.custom or unfinished.type.startswith("pulumi:"):
        return Decision(unfinished, Action.DROP, "it stands in no cloud; the run makes it again")
    return None


def decide(
    unfinished: Unfinished,
    found: Sequence[Found],
    resources: Sequence[Resource],
    natural: Sequence[str] = (),
) -> Decision:
    """What is done about a pending create.

    Args:
        unfinished: The operation.
        found: What the cloud has that it could have made.
        resources: The state's resources.
        natural: Inputs that name the object, for types that can stand only once under a name.
    """
    if natural and (same := _same_object(unfinished, resources, natural)):
        return Decision(unfinished, Action.DROP, f"it is in the state already: {same}")
    known = known_ids(resources, unfinished.type)
    unknown = [each for each in found if not each.names & known]
    here = [each for each in unknown if each.condition is not Condition.ENDING]
    unsure = [each for each in here if each.ours is None and each.made is None]
    if unsure:
        ids = ", ".join(each.adopted_as for each in unsure)
        why = f"{ids} stands, and nothing says whether this stack made it"
        return Decision(unfinished, Action.STOP, why, candidates=tuple(unsure))
    ours = [each for each in here if each.belongs(unfinished.since)]
    if len(ours) > 1:
        ids = ", ".join(each.adopted_as for each in ours)
        why = f"{len(ours)} objects could be it: {ids}"
        return Decision(unfinished, Action.STOP, why, candidates=tuple(ours))
    if not ours:
        return Decision(unfinished, Action.DROP, _nothing(found, unknown, here))
    return _with(unfinished, ours[0], resources)


def _with(unfinished: Unfinished, one: Found, resources: Iterable[Resource]) -> Decision:
    if one.condition is Condition.MAKING:
        why = f"{one.adopted_as} is still being made ({one.status})"
        return Decision(unfinished, Action.STOP, why, one, (one,))
    current = live(resources, unfinished.urn)
    if current is not None:
        why = f"{current.get('id')} is in use; this one is in nobody's use"
        return Decision(unfinished, Action.DELETE, why, one)
    if one.condition is Condition.FAILED:
        why = f"it stands, but failed ({one.status})"
        return Decision(unfinished, Action.REPLACE, why, one)
    return Decision(unfinished, Action.ADOPT, "it stands", one)


def _same_object(
    unfinished: Unfinished, resources: Iterable[Resource], natural: Sequence[str]
) -> str:
    wanted = {name: at(unfinished.inputs, name) for name in natural}
    for each in resources:
        if each["type"] != unfinished.type or each.get("pendingReplacement"):
            continue
        inputs: Mapping[str, Any] = each.get("inputs") or {}
        if all(at(inputs, name) == value for name, value in wanted.items()):
            return str(each.get("id"))
    return ""


def at(inputs: Mapping[str, Any], path: str) -> Any:
    """The input at a path such as ``metadata.name``; None when there is none."""
    value: Any = inputs
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(name)
    return value


def _nothing(found: Sequence[Found], unknown: Sequence[Found], here: Sequence[Found]) -> str:
    if here:
        ids = ", ".join(each.adopted_as for each in here)
        return f"{ids} stands, but is another's: left alone"
    if unknown:
        ids = ", ".join(f"{each.adopted_as} ({each.status})" for each in unknown)
        return f"only what is going or gone: {ids}"
    if found:
        return "what was found is in the state already"
    return "nothing was made"
