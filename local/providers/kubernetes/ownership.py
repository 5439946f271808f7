"""Who set which field of an object: ``metadata.managedFields``, read. Pure.

The API server records for every manager the fields that it set, and by their form also which
lists are merged item by item (``k:``, ``v:``) and which are one value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from local.providers.diff import Path
from local.providers.kubernetes.trees import mapping, mappings, sequence

APPLY = "Apply"
TAKEN_OVER = ("kubectl", "before-first-apply")
"""Beginnings of the names of managers whose fields an update takes over, as the official provider
does: what people did with kubectl, and what is older than the record of managers."""

_SELF = "."

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Fields:
    """What is known about the owners of one place of an object and of what is below it.

    Attributes:
        known: Whether anything is known of our manager.
        mine: Our manager's record of the place; None when it does not own it.
        every: All managers' records of the place.
    """

    known: bool
    mine: Node | None
    every: tuple[Node, ...]

    @property
    def is_mine(self) -> bool:
        """Whether our manager owns the place; also when nothing is known."""
        return not self.known or self.mine is not None

    def below(self, name: str) -> "Fields":
        """The same for a property."""
        return self._child(f"f:{name}")

    def item(self, item: Mapping[str, Any]) -> "Fields":
        """The same for an item of a list that is merged by keys."""
        return self._child(_item_key(self.every, item))

    def keys(self) -> frozenset[str]:
        """Properties that tell the items of this list apart; none when it is one value."""
        return frozenset(
            name for node in self.every for key in node if key.startswith("k:")
            for name in json.loads(key[2:])
        )  # fmt: skip

    def is_set(self) -> bool:
        """Whether this is a list whose values are merged one by one."""
        return any(key.startswith("v:") for node in self.every for key in node)

    def _child(self, key: str | None) -> "Fields":
        if key is None:
            return Fields(self.known, None, ())
        mine = self.mine
        if mine:
            # a record without parts stands for everything below it
            mine = mapping(mine[key]) if key in mine else None
        found = (node[key] for node in self.every if key in node)
        return Fields(self.known, mine, tuple(map(mapping, found)))


UNKNOWN_FIELDS = Fields(known=False, mine=None, every=())


def fields_of(live: Mapping[str, Any], manager: str) -> Fields:
    """The owners of an object's fields, seen by `manager`."""
    mine = None
    every: list[Node] = []
    for entry in _entries(live):
        node = mapping(entry.get("fieldsV1"))
        every.append(node)
        ours = entry.get("manager") == manager and entry.get("operation") == APPLY
        if ours and entry.get("apiVersion") == live.get("apiVersion"):
            mine = node
    return Fields(mine is not None, mine, tuple(every))


def is_applied_by(live: Mapping[str, Any], manager: str) -> bool:
    """Whether `manager` has applied the object."""
    return any(
        entry.get("manager") == manager and entry.get("operation") == APPLY
        for entry in _entries(live)
    )


@dataclass(frozen=True)
class Holder:
    """A manager that owns a place of an object.

    Attributes:
        manager: Its name, often that of the program.
        operation: ``Apply`` or ``Update``.
        subresource: Through which it wrote, such as ``scale``; empty for the object itself.
        time: When it last wrote, as the API server says it; may be empty.
    """

    manager: str
    operation: str
    subresource: str
    time: str


def holders(live: Mapping[str, Any], path: Path, shape: Any = None) -> list[Holder]:
    """Everyone who owns a place of an object, through whatever subresource they wrote.

    Args:
        live: The object, managed fields included.
        path: Properties and positions down to the place.
        shape: What positions of lists refer to, when they are not those of `live`.
    """
    items = live if shape is None else shape
    return [
        holder_of(entry)
        for entry in mappings(mapping(live.get("metadata")).get("managedFields"))
        if _holds(mapping(entry.get("fieldsV1")), path, items)
    ]


def holder_of(entry: Mapping[str, Any]) -> Holder:
    """The manager that a record of managed fields is of."""
    return Holder(
        str(entry.get("manager", "")),
        str(entry.get("operation", "")),
        str(entry.get("subresource", "")),
        str(entry.get("time", "")),
    )


def _holds(node: Node, path: Path, value: Any) -> bool:
    if not node:
        # a manager that owns nothing of the object
        return False
    for step in path:
        if isinstance(step, int):
            items = sequence(value)
            value = items[step] if step < len(items) else None
            is_object = isinstance(value, dict)
            key = _item_key([node], mapping(value)) if is_object else _value_key([node], value)
        else:
            key, value = f"f:{step}", mapping(value).get(step)
        if key is None or key not in node:
            # a record without parts stands for everything below it
            return not node
        node = mapping(node[key])
    return True


def item_at(value: Any, key: str) -> str | int | None:
    """The step from `value` to what a key of a record names: a property or a position.

    Returns:
        None when `value` has no such part, or the key names the place itself.
    """
    if key.startswith("f:"):
        return key[2:] if key[2:] in mapping(value) else None
    for index, item in enumerate(sequence(value)):
        is_object = isinstance(item, dict)
        found = (
            _item_key([{key: {}}], mapping(item)) if is_object else _value_key([{key: {}}], item)
        )
        if found is not None:
            return index
    return None


def after_takeover(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """Managed fields in which what kubectl set is `manager`'s; None when there is none of it."""
    entries = mappings(mapping(live.get("metadata")).get("managedFields"))
    theirs = [
        entry for entry in entries
        if str(entry.get("manager", "")).startswith(TAKEN_OVER) and not entry.get("subresource")
    ]  # fmt: skip
    if not theirs:
        return None
    ours = next(
        (e for e in entries if e.get("manager") == manager and e.get("operation") == APPLY), None
    )
    first = theirs[0] if ours is None else ours
    merged = {**first, "manager": manager, "operation": APPLY}
    for entry in theirs:
        fields = _merged(mapping(merged.get("fieldsV1")), mapping(entry.get("fieldsV1")))
        merged["fieldsV1"] = fields
    return [entry for entry in entries if entry not in theirs and entry is not ours] + [merged]


def _merged(one: Node, other: Node) -> dict[str, Any]:
    return {
        key: _merged(mapping(one.get(key)), mapping(other.get(key)))
        for key in sorted({*one, *other})
    }


def applied(live: Mapping[str, Any], manager: str) -> dict[str, Any] | None:
    """What was applied to make the object: by `manager`, or else by anybody.

    Returns:
        The object's fields that were applied; None when nothing was, so that it is not known
        which fields somebody set and which the API server filled in.
    """
    entries = [entry for entry in _entries(live) if entry.get("operation") == APPLY]
    mine = [entry for entry in entries if entry.get("manager") == manager]
    nodes = [mapping(entry.get("fieldsV1")) for entry in mine or entries]
    return cast("dict[str, Any]", _extracted(dict(live), nodes)) if nodes else None


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Records of managers of the object itself, not of its status or scale."""
    known = mappings(mapping(live.get("metadata")).get("managedFields"))
    return [entry for entry in known if not entry.get("subresource")]


def _item_key(nodes: Sequence[Node], item: Mapping[str, Any]) -> str | None:
    for node in nodes:
        for key in node:
            if key.startswith("k:"):
                wanted = cast("dict[str, Any]", json.loads(key[2:]))
                if all(item.get(name) == value for name, value in wanted.items()):
                    return key
    return None


def _extracted(live: Any, nodes: Sequence[Node]) -> Any:
    parts = {key for node in nodes for key in node if key != _SELF}
    if not parts:
        return live
    if isinstance(live, dict):
        have = mapping(live)
        return {
            name: _extracted(have[name], [mapping(node[part]) for node in nodes if part in node])
            for part, name in sorted((part, part[2:]) for part in parts)
            if name in have
        }
    kept: list[Any] = []
    for item in cast("list[Any]", live):
        is_object = isinstance(item, dict)
        key = _item_key(nodes, mapping(item)) if is_object else _value_key(nodes, item)
        if key is not None:
            kept.append(_extracted(item, [mapping(node[key]) for node in nodes if key in node]))
    return kept


def _value_key(nodes: Sequence[Node], item: Any) -> str | None:
    return next(
        (key for node in nodes for key in node
         if key.startswith("v:") and json.loads(key[2:]) == item),
        None,
    )  # fmt: skip
