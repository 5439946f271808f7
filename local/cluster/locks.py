"""Locks that the kernel gives back when their holder dies."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalCloudError
from local.reporter import Reporter

POLL_SECONDS = 0.2


def is_held(path: Path) -> bool:
    """Whether some process holds the lock on `path` right now; False when there is no file."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared: two that ask at the same time do not take each other for a holder.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def exclusive(path: Path, reporter: Reporter, step: str, seconds: float) -> Generator[None]:
    """Hold the lock on `path`; waits for another holder and tells which process that is.

    Args:
        path: The lock's file; made when missing, kept afterwards.
        reporter: Told when there is something to wait for.
        step: What is waited for, as the reporter's step.
        seconds: How long to wait at most.

    Raises:
        LocalCloudError: The other holder took longer than `seconds`.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(handle, reporter, step, seconds)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, reporter: Reporter, step: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
        else:
            return
        if not told:
            reporter.note(step, f"process {other} works on the same cloud, waiting for it")
            told = True
        if time.monotonic() >= deadline:
            raise LocalCloudError(
                f"process {other} has been working on the same cloud for more than {seconds:.0f} s",
                f"wait for it or end it (kill {other}), then try again",
            )
        time.sleep(POLL_SECONDS)
