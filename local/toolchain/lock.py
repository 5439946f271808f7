"""One process at a time per tool; the kernel gives the lock back when its holder dies."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.reporter import Reporter

POLL_SECONDS = 0.2
TELL_SECONDS = 5.0


@contextmanager
def exclusive(path: Path, reporter: Reporter, step: str) -> Generator[None]:
    """Hold the lock on `path`; waits for another holder and tells every few seconds for whom.

    There is no time limit: the holder shows its own progress, and its end frees the lock.

    Args:
        path: The lock's file, in a folder that exists; kept afterwards.
        reporter: Told when there is somebody to wait for.
        step: The reporter's step.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(handle, reporter, step)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, reporter: Reporter, step: str) -> None:
    began = time.monotonic()
    tell_at = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
        else:
            return
        if waited >= tell_at:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "another"
            reporter.note(step, f"process {holder} is making it, waiting ({waited:.0f} s)")
            tell_at = waited + TELL_SECONDS
        time.sleep(POLL_SECONDS)
