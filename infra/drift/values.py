"""Values at property paths, and how they are shown. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.drift.model import SECRET
from local.providers.diff import ANY, Path

SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 - how the engine marks one
"""Key of the engine's objects that stand for secrets, assets and the like."""

LONGEST_SHOWN = 60


def value_at(tree: Any, path: Path) -> Any:
    """The value at a path; None when there is none."""
    for step in path:
        if isinstance(step, int):
            items = cast("list[Any]", tree) if isinstance(tree, list) else []
            tree = items[step] if step < len(items) else None
        elif isinstance(tree, Mapping):
            tree = cast("Mapping[str, Any]", tree).get(step)
        else:
            return None
    return tree


def shown_at(tree: Any, path: Path) -> Any:
    """The value at a path as it may be shown: a word in place of a secret and of its parts."""
    for length in range(len(path)):
        if without_secrets(value_at(tree, path[:length])) == SECRET:
            return SECRET
    return without_secrets(value_at(tree, path))


def places(tree: Any, pattern: Path, done: Path = ()) -> Iterator[Path]:
    """Every place of `tree` that a pattern names; ``*`` stands for any name or position."""
    if not pattern:
        yield done
        return
    step, rest = pattern[0], pattern[1:]
    for found in _steps(tree, step):
        yield from places(value_at(tree, (found,)), rest, (*done, found))


def _steps(tree: Any, step: str | int) -> list[str | int]:
    if isinstance(tree, Mapping):
        names = [str(name) for name in cast("Mapping[str, Any]", tree)]
        return [name for name in names if step in {ANY, name}]
    if isinstance(tree, list):
        count = len(cast("list[Any]", tree))
        return [index for index in range(count) if step in {ANY, index}]
    return []


def without_secrets(value: Any) -> Any:
    """`value` with what the engine marks as secret replaced by a word."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if SECRET_MARK in mapping:
            return SECRET
        return {name: without_secrets(each) for name, each in mapping.items()}
    if isinstance(value, list):
        return [without_secrets(each) for each in cast("list[Any]", value)]
    return value


def plain(value: Any) -> Any:
    """`value` of an exported state with its secrets in the open: never to be shown."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if SECRET_MARK in mapping:
            text = mapping.get("plaintext")
            return json.loads(text) if isinstance(text, str) else None
        return {name: plain(each) for name, each in mapping.items()}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    return value


def shown(value: Any) -> str:
    """A value in one line; long ones are cut."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"
