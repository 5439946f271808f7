"""Running a compiler or a version query: watched, told about, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK_SECONDS = 5.0
KEPT_LINES = 60
POLITE_SECONDS = 10.0

# The kernel ends the child when we die, even by SIGKILL. Set in a process of its own before the
# exec, and not in a preexec_fn, because other threads may be importing the SDKs meanwhile.
_TIED = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Ended:
    """How a child ended: exit code (negative: signal), all of stdout, the end of stderr."""

    code: int
    stdout: str
    tail: str


def run(
    command: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    on_tick: Callable[[float], None],
) -> Ended:
    """Run `command` to its end.

    Its whole process group is stopped when this call is left by an exception, such as the one
    of Ctrl-C: first politely, so that it removes its temporary files, then by force.

    Args:
        command: Program and arguments.
        folder: Its working directory.
        env: Its whole environment.
        on_line: Gets each line of its standard error, in another thread.
        on_tick: Called every few seconds with the seconds since the start.
    """
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    stdout: list[str] = []
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *command],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )

    def read_errors() -> None:
        for line in child.stderr or ():
            tail.append(line.rstrip())
            on_line(line.rstrip())

    def read_output() -> None:
        stdout.extend(child.stdout or ())

    readers = [threading.Thread(target=read, daemon=True) for read in (read_errors, read_output)]
    for reader in readers:
        reader.start()
    try:
        while True:
            try:
                child.wait(TICK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                on_tick(time.monotonic() - began)
    except BaseException:
        _stop(child)
        raise
    for reader in readers:
        reader.join(POLITE_SECONDS)
    return Ended(child.returncode, "".join(stdout), "\n".join(tail))


def _stop(child: subprocess.Popen[str]) -> None:
    """End the group: its leader politely, then whatever is left of it by force."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        child.wait(POLITE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def answer(command: Sequence[str], env: Mapping[str, str], seconds: float = 20.0) -> str | None:
    """What a short-lived program prints; None when it cannot run, fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None
