"""The faults that did happen: one line each in ``faults.jsonl`` of the cloud's folder."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.faults.plan import Side

RECORD_FILE = "faults.jsonl"


class FaultRecord:
    """Writes the faults of one side; several processes may write the same file."""

    def __init__(self, folder: Path, side: Side) -> None:
        self._path = folder / RECORD_FILE
        self._side = side

    def write(self, call: str, fault: str) -> None:
        """Append one fault, in one write, so that lines of two processes do not mix."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "side": self._side.value,
            "call": call,
            "fault": fault,
        }
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Every fault that happened in the cloud of `folder`: ``at``, ``side``, ``call``, ``fault``."""
    path = folder / RECORD_FILE
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def counted(folder: Path) -> Counter[tuple[str, str]]:
    """How often each fault happened, by side and fault (``error after``)."""
    return Counter((each["side"], each["fault"]) for each in recorded(folder))
