"""Who set which field of an object: ``metadata.managedFields``, read. Pure.

The API server records for every manager the fields that it set, and by their form also which
lists are merged item by item (``k:``, ``v:``) and which are one value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from local.providers.kubernetes.trees import mapping, mappings

APPLY = "Apply"
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
