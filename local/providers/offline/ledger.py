"""Which assumed facts were given to a program: written by the providers, read by the command."""

import json
import threading
from pathlib import Path
from typing import Any

from local.assumed.model import Answer, Fact

FILE = "assumed.jsonl"


class Ledger:
    """Notes every fact once, in the order in which it was first asked for."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._noted: set[str] = set()
        self._lock = threading.Lock()

    def note(self, answer: Answer) -> None:
        """Write down what was answered."""
        fact = answer.fact
        entry = {"what": answer.what, "value": fact.value, "date": fact.day, "source": fact.source}
        with self._lock:
            if answer.what in self._noted:
                return
            self._noted.add(answer.what)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")


def read_ledger(folder: Path) -> list[tuple[str, Fact]]:
    """What was asked, and the fact that was given, in order of the names."""
    path = folder / FILE
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return sorted(
        ((each["what"], Fact(each["value"], each["date"], each["source"])) for each in entries),
        key=lambda each: each[0],
    )
