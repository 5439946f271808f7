"""What a server that was killed may leave behind: Python processes of models, shared memory."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from local.cluster import keeping
from local.cluster.processes import LOCK_FILE

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend keeps its regions
PROGRAM = "tritonserver"
REGION = re.compile(r"llmp_triton_(\d+)_")
"""Names that `serving.regions` gives to the regions of a Triton; the number is its process's."""


def end_orphans(folder: Path) -> None:
    """Kill what still holds the lock of a keeper that is dead; nothing when the keeper lives.

    Children of the keeper die with it. Processes that Triton started for its models end by
    themselves soon after; one that hangs in its work does not.
    """
    known = keeping.status(folder)
    if known is None or runs(known.pid):
        return
    for pid in _holders(folder / LOCK_FILE):
        with suppress(ProcessLookupError, PermissionError):
            handle = os.pidfd_open(pid)
            try:
                # The id cannot pass to another process while the handle is open: look again.
                if pid in _holders(folder / LOCK_FILE):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


def remove_regions(folder: Path = SHARED_MEMORY) -> list[str]:
    """Remove shared memory of Tritons that are gone, this user's own; returns the names."""
    removed: list[str] = []
    for path in folder.glob("llmp_triton_*"):
        found = REGION.match(path.name)
        if found is None or _is_triton(int(found.group(1))):
            continue
        with suppress(OSError):  # it is gone by now, or belongs to another user
            path.unlink()
            removed.append(path.name)
    return removed


def _is_triton(pid: int) -> bool:
    """Whether a process is a Triton; a number may have passed to another program since."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return name.strip() == PROGRAM and runs(pid)


def _holders(lock: Path) -> list[int]:
    """Processes that have the lock's file open, but for this one."""
    wanted = str(lock.resolve())
    return [pid for pid in _pids() if pid != os.getpid() and wanted in _open_files(pid)]


def _pids() -> Iterator[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())


def _open_files(pid: int) -> set[str]:
    found: set[str] = set()
    with suppress(OSError):  # it has ended, or belongs to another user
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}
