"""``machine.json``: which processes a running machine is made of."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from local.cluster.processes import write_private

STATE_FILE = "machine.json"


@dataclass(frozen=True)
class MachineState:
    """Process ids of a machine, as the host counts them.

    Attributes:
        relay: The process outside, which relays the host's loopback ports; ends all when it ends.
        first: The first process inside the namespaces: the keeper.
    """

    relay: int
    first: int

    def write(self, folder: Path) -> None:
        """Write ``machine.json`` into `folder`, whole or not at all."""
        write_private(folder / STATE_FILE, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read ``machine.json``; None while there is none."""
        try:
            data: dict[str, Any] = json.loads((folder / STATE_FILE).read_text())
        except FileNotFoundError:
            return None
        return cls(data["relay"], data["first"])
