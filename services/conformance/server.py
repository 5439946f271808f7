"""The process of a server: started by the suite, known by its id, or ended by a command."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.wire import Client

ORDERLY = (0, -signal.SIGTERM, 128 + signal.SIGTERM)
"""Exit codes of a process that ended because it was told to."""
LEAVING_SECONDS = 2
"""How long its other processes may take to notice that the first has ended."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LINES = 15
"""Lines of a log that are shown."""


class Started:
    """A server that the suite starts, in a session of its own; what is left of it is killed."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start it.

        Args:
            command: Program and arguments.
            log: File for all that it writes.

        Raises:
            OSError: There is no such program.
        """
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in self._left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Send SIGTERM to its first process."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self, seconds: float) -> tuple[bool, str]:
        """See `Stopper`."""
        began = time.monotonic()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False, f"it still runs {seconds:.0f} s after its last answer"
        took = time.monotonic() - began
        if code not in ORDERLY:
            return False, f"it ended with exit code {code}; its log ends:\n{self.tail()}"
        left = self._left_after(LEAVING_SECONDS)
        more = f"; processes of it that were left: {len(left)}" if left else ""
        return True, f"it ended with {code}, {took:.1f} s after its last answer{more}"

    def tail(self) -> str:
        """The end of its log."""
        text = COLOURS.sub("", self.log.read_text(errors="replace"))
        return "\n".join(text.splitlines()[-LINES:])

    def _left_after(self, seconds: float) -> list[int]:
        deadline = time.monotonic() + seconds
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _left(self) -> list[int]:
        """Processes of its session; Linux only, elsewhere none."""
        found: list[int] = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it ended while it was looked at
                continue
            if int(fields[3]) == self._process.pid and fields[0] != "Z":
                found.append(int(entry.parent.name))
        return found


class Known:
    """A server that somebody else started on this machine."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def stop(self) -> None:
        """Send SIGTERM."""
        os.kill(self._pid, signal.SIGTERM)

    def ended(self, seconds: float) -> tuple[bool, str]:
        """See `Stopper`; its exit code is its parent's to know."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if not _is_running(self._pid):
                took = time.monotonic() - began
                return True, f"it ended {took:.1f} s after its last answer"
            time.sleep(0.05)
        return False, f"it still runs {seconds:.0f} s after its last answer"


class Elsewhere:
    """A server that a command ends, on another machine for instance."""

    def __init__(self, command: str, client: Client, path: str) -> None:
        """Take the command.

        Args:
            command: As in a shell, but none is used.
            client: Asks the server.
            path: A path that it answers while it runs.
        """
        self._command = shlex.split(command)
        self._client = client
        self._path = path

    def stop(self) -> None:
        """Run the command; it must not wait for the end."""
        subprocess.run(self._command, stdout=subprocess.DEVNULL, check=True)

    def ended(self, seconds: float) -> tuple[bool, str]:
        """See `Stopper`: ended is what does not answer any more."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if not self._client.get(self._path, seconds=5).status:
                return True, "it does not answer any more; its exit code is not known here"
            time.sleep(0.2)
        return False, f"it still answers {seconds:.0f} s after its last answer"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:  # it ended just now, or this system has no such files
        return not Path("/proc/self").exists()
    return state != "Z"
