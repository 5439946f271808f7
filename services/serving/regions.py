"""Shared memory of the Tritons that `serving.launch` starts: its names, and what dead ones left."""

import re
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend keeps its regions
REGION_PREFIX = "llmp_triton_"
"""Start of the names of shared memory regions; the server's pid and ``_`` follow."""

_REGION = re.compile(rf"{REGION_PREFIX}(\d+)_")


def remove_stale_regions(folder: Path = SHARED_MEMORY) -> list[str]:
    """Remove the shared memory that servers left which were killed; returns the names."""
    removed: list[str] = []
    for path in folder.glob(f"{REGION_PREFIX}*"):
        found = _REGION.match(path.name)
        if found is None or _runs(int(found.group(1))):
            continue
        with suppress(OSError):  # another start removed it, or it belongs to another user
            path.unlink()
            removed.append(path.name)
    return removed


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}
