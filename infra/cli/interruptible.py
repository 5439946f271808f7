"""The pulumi process, run so that Ctrl-C stops it in order.

The Automation API starts `pulumi` in the terminal's own process group: one Ctrl-C then
reaches the engine, the providers and this process at once, and the engine may never write
its last checkpoint. Here the engine gets a session of its own and is told once to stop;
it finishes the operations under way and saves the state.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

OnOutput = Callable[[str], object]

_STOPPING = "Stopping: operations under way are finished and saved. Ctrl-C again ends them at once."


class InterruptedRunError(Exception):
    """The run was stopped by Ctrl-C or SIGTERM; what had been done is in the state."""


class InterruptiblePulumi(PulumiCommand):
    """`pulumi` at a given path, in a session of its own, stopped in order on a signal."""

    def __init__(self, executable: Path, tell: Callable[[str], None]) -> None:
        # the base class only knows ROOT/bin/pulumi, and asks for the version once more
        self.command = str(executable)
        self.version = VersionInfo.parse(version("pulumi"))
        self._tell = tell

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run one pulumi command; see the base class.

        Raises:
            InterruptedRunError: It was stopped by a signal.
            pulumi.automation.CommandError: It failed.
        """
        if "--non-interactive" not in args:
            args.insert(0, "--non-interactive")
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        process = subprocess.Popen(
            [self.command, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            encoding="utf-8",
            start_new_session=True,
        )
        with _Stop(process, self._tell) as stop:
            out = _Reader(process.stdout, on_output)
            err = _Reader(process.stderr, on_error)
            code = process.wait()
        result = CommandResult(stdout=out.text(), stderr=err.text(), code=code)
        if stop.asked:
            raise InterruptedRunError
        if code != 0:
            raise create_command_error(result)
        return result


class _Reader:
    """Reads a stream in a thread of its own, so that neither stream blocks the other."""

    def __init__(self, stream: IO[str] | None, callback: OnOutput | None) -> None:
        if stream is None:
            raise TypeError("the process was started without pipes")
        self._stream = stream
        self._callback = callback
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self._lines.append(line.rstrip())
            if self._callback is not None:
                self._callback(line.rstrip())

    def text(self) -> str:
        self._thread.join()
        self._stream.close()
        return "\n".join(self._lines)


class _Stop:
    """Passes the first SIGINT or SIGTERM on as an orderly stop, the second as an end."""

    def __init__(self, process: subprocess.Popen[str], tell: Callable[[str], None]) -> None:
        self._process = process
        self._tell = tell
        self._before: dict[signal.Signals, object] = {}
        self.asked = 0

    def __enter__(self) -> "_Stop":
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGINT, signal.SIGTERM):
                self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1
        if self.asked == 1:
            self._tell(_STOPPING)
        self._process.send_signal(signal.SIGINT)
