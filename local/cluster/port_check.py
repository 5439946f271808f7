"""Whether the ports of a cloud's processes are theirs, or somebody else has taken one."""

import time
from collections.abc import Sequence
from pathlib import Path

from local.cluster import building, keeping, ports
from local.cluster.processes import ProcessSpec, State

LOOK_SECONDS = 1.0
POLL_SECONDS = 0.05


def check_ports(folder: Path, specs: Sequence[ProcessSpec]) -> None:
    """Refuse when somebody else holds a port of one of these processes.

    A process that is started again and again runs for a moment each time, so that it runs does
    not say that the port is its own.
    """
    for spec in specs:
        for port in spec.ports:
            if _is_of_others(folder, spec, port):
                raise building.busy_port(port, spec.title, "to let the local cloud go on")


def _is_of_others(folder: Path, spec: ProcessSpec, port: int) -> bool:
    """Whether somebody else holds `port`; looks again, since a process of ours may just start.

    The keeper writes down which process it has started a moment after it has.
    """
    deadline = time.monotonic() + LOOK_SECONDS
    while not ports.is_free(port):
        known = keeping.status(folder)
        entry = known.processes.get(spec.name) if known else None
        holder = ports.holder(port)
        if known is not None and entry is not None:
            running = entry.state is State.RUNNING
            # Of a live cloud's processes all ports are held by what runs outside for its keeper.
            if holder.startswith((f"process {entry.pid} ", f"process {known.pid} ")):
                return False
            if running and not holder.startswith("process "):
                return False
        if time.monotonic() >= deadline:
            return True
        time.sleep(POLL_SECONDS)
    return False
