"""Watches a Triton that `serving.launch` started: ``python -m serving.guardian PID``.

This release of Triton neither starts a model's process anew when it died nor says that the model
is not ready: it goes on with answering errors. So the guardian ends the server then, and whoever
keeps it running starts it again with all its models. When the server is gone, in whatever way,
the guardian removes the shared memory that is left, and ends.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from serving.regions import REGION_PREFIX, SHARED_MEMORY

WATCH_SECONDS = 0.25
GRACE_SECONDS = 1.0
"""For how long a process may be dead before it counts: one that ends in order is dead too until
Triton has taken note of it."""
LEAVE_SECONDS = 5.0
"""How long model processes may take to leave after the server."""
STUB = "triton_python_b"
"""Name of model processes, as far as the kernel keeps it."""

_STATUS = re.compile(r"^\d+ \((?P<name>.*)\) (?P<state>\w)", re.DOTALL)


def dead_models(pid: int, proc: Path = Path("/proc")) -> set[int]:
    """Model processes of a server that are dead and that the server has taken no note of."""
    dead: set[int] = set()
    for file in proc.glob(f"{pid}/task/*/children"):
        with suppress(OSError):  # a thread that ended meanwhile
            dead |= {int(word) for word in file.read_text().split() if _is_dead(proc, word)}
    return dead


def _is_dead(proc: Path, child: str) -> bool:
    try:
        found = _STATUS.match((proc / child / "stat").read_text())
    except OSError:
        return False
    return found is not None and found["state"] == "Z" and found["name"] == STUB


def watch(pid: int) -> None:
    """Watch until the server is gone; ends it when one of its models died."""
    since: dict[int, float] = {}
    ending = False
    while os.getppid() == pid:
        now = time.monotonic()
        dead = dead_models(pid)
        since = {child: since.get(child, now) for child in dead}
        if not ending and any(now - began >= GRACE_SECONDS for began in since.values()):
            ending = True
            sys.stderr.write(
                "error: the process of a model died; the server ends, to be started anew\n"
            )
            sys.stderr.flush()
            os.kill(pid, signal.SIGTERM)
        time.sleep(WATCH_SECONDS)


def clean(pid: int) -> None:
    """Remove the shared memory of a server that is gone, once its models are gone too."""
    regions = f"{REGION_PREFIX}{pid}_*"
    deadline = time.monotonic() + LEAVE_SECONDS
    while list(SHARED_MEMORY.glob(regions)) and time.monotonic() < deadline:
        time.sleep(WATCH_SECONDS)
    for path in SHARED_MEMORY.glob(regions):
        path.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> None:
    """Watch the server that this process is a child of."""
    pid = int(arguments[0])
    # What is sent to the whole process group is meant for the server.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(pid)
    clean(pid)


if __name__ == "__main__":
    main(sys.argv[1:])
