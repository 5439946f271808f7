"""Running the steps of the set-up: quiet while they go well, with their words when they fail."""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalCloudError
from local.reporter import LineReporter

REPORTER = LineReporter()
TELL_SECONDS = 10.0
FULL_DISK = "no space left on device"


def step(title: str, command: Sequence[str], *, env: Mapping[str, str], folder: Path) -> None:
    """Run `command` as a step of the set-up.

    Raises:
        LocalCloudError: It failed; carries the end of its output.
    """
    began = time.monotonic()
    REPORTER.started(title)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while True:
                try:
                    code = child.wait(TELL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    REPORTER.note(title, f"still at it ({time.monotonic() - began:.0f} s)")
        except BaseException:
            child.terminate()
            child.wait()
            raise
        output.seek(0)
        tail = output.read().splitlines()[-20:]
    if code != 0:
        REPORTER.failed(title, f"ended with code {code}")
        raise LocalCloudError(f"{title} failed.", _hint("\n".join(tail)), "\n".join(tail))
    REPORTER.finished(title, "ready", time.monotonic() - began)


@contextmanager
def exclusive(path: Path, title: str) -> Generator[None]:
    """Hold a lock that the kernel gives back when this process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(handle, 20, 0).decode(errors="replace") or "another"
            REPORTER.note(title, f"process {other} is making it, waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _hint(output: str) -> str:
    if FULL_DISK in output.lower():
        return (
            "Free some space, or move caches to another disk with LLMP_CACHE and UV_CACHE_DIR, "
            "then run the same command again."
        )
    if "certificate" in output.lower() or "UnknownIssuer" in output:
        return "Set SSL_CERT_FILE to the certificates that this network needs, then try again."
    return f"Run the same command again once that is mended. (Python: {sys.executable})"
