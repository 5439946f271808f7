"""Fields that the program leaves to others by ``ignoreChanges``. Pure."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, cast

from local.providers.diff import ANY, Path, parse_path
from local.providers.kubernetes.objects import Manifest
from local.providers.kubernetes.ownership import holders
from local.providers.kubernetes.trees import mapping, sequence


def left_alone(
    manifest: Manifest, live: Mapping[str, Any], ignore: Iterable[str], manager: str
) -> Manifest:
    """`manifest` without what others own at the paths of `ignore`; with the live values there else.

    The engine puts the values of the last run there; applied again, they would undo what an
    autoscaler or a rollout has done since, by force or as a conflict. Like the official provider:
    a field that another manager owns and `manager` does not is not sent at all, so that it stays
    the other's, whatever is forced.
    """
    changed = copy.deepcopy(manifest)
    for text in ignore:
        path = parse_path(text)
        if not path:
            continue
        names = {each.manager for each in holders(live, path)}
        if names and manager not in names:
            _drop(changed, path)
        else:
            _take(changed, live, path)
    return changed


def _drop(mine: Any, path: Path) -> None:
    """Remove what `path` names, unless it lies in a list."""
    for step in path[:-1]:
        if not isinstance(mine, dict) or not _has(mine, step):
            return
        mine = cast("dict[Any, Any]", mine)[step]
    mapping(mine).pop(str(path[-1]), None)


def _take(mine: Any, live: Any, path: Path) -> None:
    """Make what `path` names in `mine` what it is in `live`; nothing that `mine` lacks."""
    for step in _steps(mine, path[0]):
        if not _has(live, step):
            if len(path) == 1 and isinstance(mine, dict):
                del mine[step]
        elif len(path) == 1:
            mine[step] = live[step]
        else:
            _take(mine[step], live[step], path[1:])


def _steps(holder: Any, step: str | int) -> list[Any]:
    if step == ANY:
        return list(mapping(holder)) or list(range(len(sequence(holder))))
    return [step] if _has(holder, step) else []


def _has(holder: Any, step: Any) -> bool:
    if isinstance(holder, dict):
        return step in holder
    return isinstance(holder, list) and isinstance(step, int) and step < len(sequence(holder))
