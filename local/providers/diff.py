"""Difference of two sets of inputs, in the words of ``pulumi preview --diff``."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.providers.model import Diff, Kind
from local.providers.values import UNKNOWN

Path = tuple[str | int, ...]
"""Way to a value: property names and list positions."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SEGMENT = re.compile(
    r"""\.?(?P<name>[^.\["\]]+) | \["(?P<quoted>(?:[^"\\]|\\.)*)"\] | \[(?P<index>\d+|\*)\]""",
    re.VERBOSE,
)
ANY = "*"


@dataclass(frozen=True)
class Rule:
    """How the values at one path are compared.

    Attributes:
        replace: A difference here needs a replacement.
        unordered: The value is a list whose order means nothing.
        same: Tells whether two known values mean the same; None compares them.
        kept_when_dropped: The cloud chooses a value when none is given, so leaving it out of the
            program changes nothing.
        default: What a missing value means.
        empty_is_absent: An empty or zero value means the same as none.
    """

    replace: bool = False
    unordered: bool = False
    same: Callable[[Any, Any], bool] | None = None
    kept_when_dropped: bool = False
    default: Any = None
    empty_is_absent: bool = False


Rules = Callable[[Path], Rule]


def path_text(path: Path) -> str:
    """Text of a path as the engine writes it: ``a.b[0]["c.d"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _IDENTIFIER.match(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def parse_path(text: str) -> Path:
    """Path of a text such as those of ``ignoreChanges``; ``*`` stands for any name or position."""
    parts: list[str | int] = []
    for match in _SEGMENT.finditer(text):
        if match["name"] is not None:
            parts.append(match["name"])
        elif match["quoted"] is not None:
            parts.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        else:
            parts.append(ANY if match["index"] == ANY else int(match["index"]))
    return tuple(parts)


def covers(pattern: Path, path: Path) -> bool:
    """Whether `pattern` names `path` or something that holds it."""
    if len(pattern) > len(path):
        return False
    return all(want in {ANY, have} for want, have in zip(pattern, path, strict=False))


def diff_inputs(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    rules: Rules = lambda _: Rule(),
    ignore_changes: Iterable[str] = (),
    delete_before_replace: bool = False,
) -> Diff:
    """Compare inputs.

    Old inputs come from the last run or from the last refresh, so drift shows as a difference.
    UNKNOWN differs from everything.

    Args:
        old: Recorded inputs.
        new: Checked inputs of this run. Keys that start with ``__`` are the engine's own.
        rules: How to compare the value at a path.
        ignore_changes: Paths that are left out of the result.
        delete_before_replace: Goes into the result when something needs a replacement.
    """
    found: dict[Path, Kind] = {}
    for name in sorted({*old, *new}):
        if not name.startswith("__"):
            _compare((name,), old.get(name), new.get(name), rules, found)
    patterns = [parse_path(text) for text in ignore_changes]
    detailed = {
        path_text(path): kind
        for path, kind in found.items()
        if not any(covers(pattern, path) for pattern in patterns)
    }
    replaces = any(kind.replaces for kind in detailed.values())
    return Diff(detailed, delete_before_replace and replaces)


def _compare(path: Path, old: Any, new: Any, rules: Rules, found: dict[Path, Kind]) -> None:
    rule = rules(path)
    old = rule.default if old is None else old
    new = rule.default if new is None else new
    if _equal(old, new, rule) or (new is None and rule.kept_when_dropped):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
        for name in sorted({*before, *after}):
            _compare((*path, name), before.get(name), after.get(name), rules, found)
    elif isinstance(old, list) and isinstance(new, list):
        before, after = cast("list[Any]", old), cast("list[Any]", new)
        compare = _compare_sets if rule.unordered else _compare_lists
        compare(path, before, after, rules, found)
    else:
        found[path] = _kind(old, new, rule)


def _compare_lists(
    path: Path, old: list[Any], new: list[Any], rules: Rules, found: dict[Path, Kind]
) -> None:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        _compare((*path, index), before, after, rules, found)


def _compare_sets(
    path: Path, old: list[Any], new: list[Any], rules: Rules, found: dict[Path, Kind]
) -> None:
    """Pair what is equal; what is left over was added, removed or, in the same place, changed."""
    left = list(enumerate(old))
    added: list[tuple[int, Any]] = []
    for index, item in enumerate(new):
        match = next((pair for pair in left if _no_change(path, pair[1], item, rules)), None)
        if match:
            left.remove(match)
        else:
            added.append((index, item))
    removed = dict(left)
    for index, item in added:
        # What went from the same place is shown as changed, not as removed and added.
        was = removed.pop(index, None)
        _compare((*path, index), was, item, rules, found)
    for index, item in removed.items():
        _compare((*path, index), item, None, rules, found)


def _no_change(path: Path, old: Any, new: Any, rules: Rules) -> bool:
    found: dict[Path, Kind] = {}
    _compare((*path, 0), old, new, rules, found)
    return not found


def _equal(old: Any, new: Any, rule: Rule) -> bool:
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if type(old) is type(new) and old == new:
        return True
    if rule.empty_is_absent and (old is None or new is None):
        present = new if old is None else old
        return present in ("", [], {}) or present is False or present == 0
    return rule.same is not None and old is not None and new is not None and rule.same(old, new)


def _kind(old: Any, new: Any, rule: Rule) -> Kind:
    kind = Kind.ADD if old is None else Kind.DELETE if new is None else Kind.UPDATE
    return kind.replacing() if rule.replace else kind
