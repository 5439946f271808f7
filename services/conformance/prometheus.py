"""The text format of Prometheus: what a scrape says. Pure."""

import re
from collections.abc import Mapping

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*"'
_SAMPLE = re.compile(
    rf"({_NAME})(\{{(?:{_LABEL},?)*\}})?\s+(\S+)(?:\s+-?\d+(?:\.\d+)?)?(?:\s+#\s.*)?"
)
_COUNTER = ("_total", "_count")
_OWN = ("go_", "process_", "promhttp_", "python_", "scrape_")
"""Beginnings of what grows with time or with scrapes, whether there are requests or not."""
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped|unknown|info)")


def read(text: str) -> Mapping[str, float] | str:
    """Samples by name and labels, those of counters only.

    Counters are what the scrape declares as such, and names that end like those of counters.

    Returns:
        The samples, or what is wrong with the first line that is none.
    """
    kinds: dict[str, str] = {}
    counters: dict[str, float] = {}
    samples = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if line.startswith("#"):
            declared = _TYPE.match(line)
            if declared:
                kinds[declared.group(1)] = declared.group(2)
            continue
        found = _SAMPLE.fullmatch(line.strip())
        value = _number(found.group(3)) if found else None
        if found is None or value is None:
            return f"line {number} is no sample: {line[:80]!r}"
        samples += 1
        name = found.group(1)
        kind = kinds.get(name) or kinds.get(name.removesuffix("_total"), "")
        if kind == "counter" or (kind != "gauge" and name.endswith(_COUNTER)):
            counters[name + (found.group(2) or "")] = value
    return counters if samples else "there is no sample in it"


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Names of counters that have grown, without labels, each once.

    Those of the language's runtime and of the scrapes do not count.
    """
    names = {key.partition("{")[0] for key, value in after.items() if value > before.get(key, 0)}
    return sorted(name for name in names if not name.startswith(_OWN))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
