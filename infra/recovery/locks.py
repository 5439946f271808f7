"""Locks of Pulumi's file backend: dropped when their owner is dead on this host, named otherwise.

The engine writes a file for each lock, with its process number, host and time, and removes it at
its end. One that was killed cannot.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from local.errors import LocalCloudError

ORPHAN_SECONDS = 30.0
POLL_SECONDS = 0.5
BOOKKEEPING = ".pulumi"
DEAD = frozenset({"Z", "X"})
"""States of a process that has ended, though its parent has not looked yet."""

ROUNDING = timedelta(seconds=5)
"""How exactly the kernel tells when a process began."""


@dataclass(frozen=True)
class Lock:
    """Who holds a stack.

    Attributes:
        path: The lock's file.
        pid: Number of the process.
        user: Whose process it is.
        host: Machine that it runs on.
        taken: When the lock was taken.
    """

    path: Path
    pid: int
    user: str
    host: str
    taken: datetime | None

    def __str__(self) -> str:
        """The owner in words."""
        when = f" since {self.taken:%Y-%m-%d %H:%M:%S %Z}" if self.taken else ""
        return f"process {self.pid} of {self.user} on {self.host}{when}"


def drop_dead_locks(
    backend: str,
    project: str,
    stack: str,
    tell: Callable[[str], None],
    *,
    wait: float = ORPHAN_SECONDS,
) -> list[Lock]:
    """Remove the locks of a stack whose owners are dead; returns those.

    An engine whose `llmp` was killed lives on for as long as it takes to notice that its program
    is gone; it is waited for.

    Args:
        backend: URL of the backend; one that is not on this machine's disk is left alone.
        project: Name of the project.
        stack: Name of the stack.
        tell: Told for whom is waited.
        wait: Seconds to wait for an owner that lives.

    Raises:
        LocalCloudError: A lock's owner lives, or is on another machine; nothing was removed.
    """
    deadline = time.monotonic() + wait
    told = False
    while True:
        found = list(locks_of(backend, project, stack))
        _refuse_strangers(stack, found)
        living = [lock for lock in found if is_alive(lock.pid, lock.taken)]
        if not living:
            break
        if not told:
            tell(f"Stack {stack} is locked by {living[0]}, which is alive; waiting for its end")
            told = True
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"Stack {stack} is locked by {living[0]}, which is alive.",
                f"Wait until it has ended. If it never does: kill {living[0].pid}",
            )
        time.sleep(POLL_SECONDS)
    for lock in found:
        lock.path.unlink(missing_ok=True)
    return found


def _refuse_strangers(stack: str, found: Iterable[Lock]) -> None:
    for lock in found:
        if lock.host != socket.gethostname():
            raise LocalCloudError(
                f"Stack {stack} is locked by {lock}, which is another machine.",
                "Wait until it has ended. If it has died: run the same command there, or, when "
                f"you are sure, `pulumi cancel {stack}` here.",
            )


def dead_locks(backend: str, project: str, stack: str) -> list[Lock]:
    """The locks that `drop_dead_locks` would remove; nothing is changed."""
    found = locks_of(backend, project, stack)
    here = [each for each in found if each.host == socket.gethostname()]
    return [each for each in here if not is_alive(each.pid, each.taken)]


def locks_of(backend: str, project: str, stack: str) -> Iterator[Lock]:
    """The locks of a stack in a file backend; none when the backend is another."""
    folder = folder_of(backend)
    if folder is None:
        return
    room = folder / BOOKKEEPING / "locks" / "organization" / project / stack
    for path in sorted(room.glob("*.json")):
        lock = _read(path)
        if lock is not None:
            yield lock


def folder_of(backend: str) -> Path | None:
    """Folder of a file backend; None when the backend is no file backend."""
    url = urlparse(backend)
    if url.scheme != "file":
        return None
    path = unquote(url.netloc + url.path)
    return Path(path).expanduser()


def is_alive(pid: int, taken: datetime | None) -> bool:
    """Whether the process that took a lock lives: not merely another one of its number."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's, so it is there
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = Path("/proc/stat").read_text().splitlines()
        booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    except (OSError, StopIteration):
        return True  # this system does not say more
    if fields[0] in DEAD:
        return False
    began = datetime.fromtimestamp(booted + int(fields[19]) / os.sysconf("SC_CLK_TCK"), UTC)
    return taken is None or began <= taken + ROUNDING


def _read(path: Path) -> Lock | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        # cut off by the death of its writer, which is then nobody's
        return Lock(path, 0, "nobody", socket.gethostname(), None)
    return Lock(
        path,
        int(content.get("pid") or 0),
        str(content.get("username") or "somebody"),
        str(content.get("hostname") or "an unknown host"),
        _time(content.get("timestamp")),
    )


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
