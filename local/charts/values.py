"""Values that a chart does not know, found before anything is installed. Pure but for reading.

A chart takes any key and says nothing of those that it does not read. A key is known when it
stands in the chart's ``values.yaml``, also as a comment, when a template reads it, or when it is
below a mapping that the chart leaves open.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from local.charts.documents import mapping_of
from local.charts.model import Values

GLOBAL = "global"
FREE = re.compile(
    r"(?i)(.*annotations|.*labels|.*selector|resources|affinity|tolerations|.*securitycontext|"
    r".*probe|.*volumes?|.*volumemounts?|(extra)?env)$"
)
"""Keys below which objects of Kubernetes stand, which the API server judges."""
TEMPLATES = (".yaml", ".yml", ".tpl", ".txt", ".json")
BIGGEST = 2_000_000


def unknown_values(values: Values, chart: Path) -> list[str]:
    """What is wrong with the values of a chart in a folder, one sentence each.

    Args:
        values: The values that are given.
        chart: Folder of the chart.
    """
    return sorted(_of_chart(values, chart, ""))


def unknown_to(values: Values, known: Values, path: str = "") -> list[str]:
    """The same for a chart whose known values are a tree; an empty mapping accepts anything."""
    found: list[str] = []
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if key not in known:
            found.append(_told(where, key, known))
        elif known[key] and isinstance(value, Mapping):
            found += unknown_to(cast("Values", value), cast("Values", known[key]), where)
        elif known[key] and value is not None:
            found.append(f"{where}: {value!r} is no mapping")
    return sorted(found)


def _of_chart(values: Values, chart: Path, path: str) -> Iterator[str]:
    text = _read(chart / "values.yaml")
    defaults = mapping_of(text)
    subcharts = _subcharts(chart)
    templates = _templates(chart)
    for key, value in values.items():
        where = f"{path}.{key}" if path else key
        if key in subcharts and isinstance(value, Mapping):
            below = cast("Values", value)
            own = defaults.get(key)
            merged = {name: each for name, each in below.items() if not _has(own, name)}
            yield from _of_chart(merged, subcharts[key], where)
            continue
        if key == GLOBAL and key not in defaults:
            continue
        yield from _below(key, value, defaults, where, _Words(text, templates, path))


class _Words:
    """What a chart's files say of a key."""

    def __init__(self, text: str, templates: str, prefix: str) -> None:
        self._text = text
        self._templates = templates
        self._prefix = prefix

    def has(self, path: str, key: str) -> bool:
        """Whether a template reads the path, or the values have the key as a comment."""
        inside = path.removeprefix(f"{self._prefix}.") if self._prefix else path
        read = re.escape(f".Values.{inside}") + r"(?![A-Za-z0-9_-])"
        if re.search(read, self._templates):
            return True
        return bool(re.search(rf"(?m)^\s*#+\s*{re.escape(key)}\s*:", self._text))


def _below(key: str, value: Any, defaults: Values, where: str, words: _Words) -> Iterator[str]:
    if key not in defaults:
        if not words.has(where, key):
            yield _told(where, key, defaults)
        return
    own = defaults[key]
    if isinstance(own, Mapping) and own and not FREE.match(key):
        if not isinstance(value, Mapping):
            if value is not None:
                yield f"{where}: {value!r} is no mapping"
            return
        for name, inner in cast("Values", value).items():
            yield from _below(name, inner, cast("Values", own), f"{where}.{name}", words)


def _told(where: str, key: str, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    near = get_close_matches(key.lower(), list(by_lower), n=1, cutoff=0.6)
    hint = f"; did you mean {by_lower[near[0]]}?" if near else ""
    return f"{where}: the chart has no such value{hint}"


def _has(own: Any, name: str) -> bool:
    return isinstance(own, Mapping) and name in own


def _subcharts(chart: Path) -> dict[str, Path]:
    described = mapping_of(_read(chart / "Chart.yaml"))
    aliases = {
        str(each["name"]): str(each.get("alias") or each["name"])
        for each in described.get("dependencies") or ()
    }
    folders = sorted((chart / "charts").glob("*/Chart.yaml"))
    return {aliases.get(file.parent.name, file.parent.name): file.parent for file in folders}


def _templates(chart: Path) -> str:
    parts: list[str] = []
    for folder in ("templates", "files"):
        parts += [
            file.read_text(errors="replace")
            for file in sorted((chart / folder).rglob("*"))
            if file.suffix in TEMPLATES and file.is_file() and file.stat().st_size < BIGGEST
        ]
    return "\n".join(parts)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
