"""Locks of the kernel, which gives them back when their holder dies, however it dies.

The lock's file says who holds it: the process's number and, in brackets, what it does. What is
written there is only for people; whether the lock is held, the kernel alone knows.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalCloudError
from local.reporter import Reporter

POLL_SECONDS = 0.2
TELL_SECONDS = 5.0
MODE = 0o600
SIGNING_LOOKS = 5
SIGNING_SECONDS = 0.02
LONGEST = 200
"""Bytes of a lock's file that are read."""


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
def waiting(
    path: Path, reporter: Reporter, step: str, busy: str, seconds: float | None = None
) -> Generator[None]:
    """Hold the lock on `path`; wait for another holder and tell every few seconds for whom.

    Args:
        path: The lock's file, in a folder that exists; made when missing, kept afterwards.
        reporter: Told when there is somebody to wait for.
        step: The reporter's step.
        busy: What the other holder does, such as ``is making it``.
        seconds: How long to wait at most. None: until the other one ends, which frees the lock.

    Raises:
        LocalCloudError: The other holder took longer than `seconds`.
        OSError: The file cannot be opened or written.
    """
    with _opened(path) as handle:
        began = time.monotonic()
        tell_at = 0.0
        while not _taken(handle):
            other = _holder(handle)
            waited = time.monotonic() - began
            if waited >= tell_at:
                reporter.note(step, f"{other} {busy}, waiting ({waited:.0f} s)")
                tell_at = waited + TELL_SECONDS
            if seconds is not None and waited >= seconds:
                raise LocalCloudError(
                    f"{other} {busy}, and has not ended within {seconds:.0f} s",
                    "wait for it or end it, then try again",
                )
            time.sleep(POLL_SECONDS)
        with _signed(handle, ""):
            yield


@contextmanager
def at_once(path: Path, subject: str, doing: str = "") -> Generator[None]:
    """Hold the lock on `path`, or refuse at once and name the holder.

    Not for a lock that others ask `is_held` about: who asks holds it for a moment.

    Args:
        path: The lock's file, in a folder that exists; made when missing, kept afterwards.
        subject: What is locked, such as ``Stack local``.
        doing: What this process does, for whoever comes second.

    Raises:
        LocalCloudError: Another process holds it.
        OSError: The file cannot be opened or written.
    """
    with _opened(path) as handle:
        if not _taken(handle):
            raise LocalCloudError(
                f"{subject} is in use by {_holder(handle)}.",
                "Wait until it has ended, then try again.",
            )
        with _signed(handle, doing):
            yield


@contextmanager
def _opened(path: Path) -> Generator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, MODE)
    try:
        yield handle
    finally:
        os.close(handle)  # gives the lock back


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _signed(handle: int, doing: str) -> Generator[None]:
    """This process's name in the lock's file, for as long as it holds the lock."""
    name = f"{os.getpid()} ({doing})" if doing else str(os.getpid())
    os.ftruncate(handle, 0)
    os.pwrite(handle, name.encode()[:LONGEST], 0)
    try:
        yield
    finally:
        os.ftruncate(handle, 0)


def _holder(handle: int) -> str:
    """The holder's name; looks again for a moment, since it signs just after it has the lock."""
    for _ in range(SIGNING_LOOKS):
        name = os.pread(handle, LONGEST, 0).decode(errors="replace").strip()
        if name:
            return f"process {name}"
        time.sleep(SIGNING_SECONDS)
    return "another process"
