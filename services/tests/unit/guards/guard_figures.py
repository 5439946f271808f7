"""How well guards do on the labelled sets in ``tests/fixtures/guards``."""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETS = Path(__file__).parents[2] / "fixtures" / "guards"


def labelled(name: str) -> list[dict[str, Any]]:
    """The items of a set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text().splitlines()]


def report(*parts: object) -> None:
    """Print figures; ``pytest -rP`` shows them."""
    sys.stdout.write(" ".join(map(str, parts)) + "\n")


@dataclass
class Figures:
    """What a guard found and did not find."""

    hits: int = 0
    wrong: int = 0
    missed: int = 0
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.wrong)

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed)

    def __str__(self) -> str:
        by_category = ", ".join(f"{name} {count}" for name, count in sorted(self.errors.items()))
        return (
            f"precision {self.precision:.3f}, recall {self.recall:.3f} ({self.hits} found,"
            f" {self.wrong} wrong, {self.missed} missed; errors: {by_category or 'none'})"
        )


def judge(items: Iterable[dict[str, Any]], finds: Callable[[dict[str, Any]], bool]) -> Figures:
    """Count what a guard says of labelled items."""
    figures = Figures()
    for item in items:
        found = finds(item)
        figures.hits += item["positive"] and found
        figures.wrong += found and not item["positive"]
        figures.missed += item["positive"] and not found
        if found != item["positive"]:
            figures.errors[("+" if item["positive"] else "-") + item["category"]] += 1
    return figures
