"""Starting, watching and stopping a keeper from outside."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from local.cluster.processes import (
    KEEPER_LOG,
    LOCK_FILE,
    LOGS_FOLDER,
    KeeperStatus,
    Plan,
)
from local.errors import LocalCloudError
from local.locks import is_held
from local.paths import REPOSITORY

START_SECONDS = 15.0
KILL_SECONDS = 5.0
MARGIN_SECONDS = 3.0
POLL_SECONDS = 0.05


def is_alive(folder: Path) -> bool:
    """Whether anything of the cloud in `folder` runs: the keeper or one of its children."""
    return is_held(folder / LOCK_FILE)


def status(folder: Path) -> KeeperStatus | None:
    """What the keeper of `folder` says; a keeper that was killed is said to have ended."""
    alive = is_alive(folder)
    known = KeeperStatus.read(folder)
    if known and not known.ended and not alive:
        return KeeperStatus(known.pid, known.processes, "the keeper was killed")
    return known


def start(folder: Path) -> None:
    """Start a keeper for the table in `folder`; it outlives the caller.

    Raises:
        LocalCloudError: It ended at once or did not begin its work.
    """
    logs = folder / LOGS_FOLDER
    logs.mkdir(mode=0o700, exist_ok=True)
    (logs / KEEPER_LOG).touch(mode=0o600)
    with (logs / KEEPER_LOG).open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "local.keeper", str(folder.resolve())],
            # Its own environment is not that of its children: those have theirs in the table.
            env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal is not meant for it
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        known = KeeperStatus.read(folder)
        if known and known.pid == keeper.pid:
            # It stays; Popen must not complain that it was not waited for.
            keeper.returncode = 0
            return
        if keeper.poll() is not None:
            break
        time.sleep(POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        keeper.kill()
    keeper.wait()
    raise LocalCloudError(
        "the keeper of the local cloud did not start",
        "the lines above are the end of its log; try again",
        (logs / KEEPER_LOG).read_text(errors="replace")[-2000:].strip(),
    )


def wake(folder: Path) -> None:
    """Make the keeper read its table again and start what has failed, now."""
    _signal(folder, signal.SIGHUP)


def stop(folder: Path) -> None:
    """Stop the keeper of `folder` and everything it keeps; does nothing when none runs.

    Raises:
        LocalCloudError: Something still runs although it was killed.
    """
    if not is_alive(folder):
        return
    seconds = MARGIN_SECONDS + sum(spec.stop_seconds for spec in Plan.read(folder).processes)
    if _gone_after(folder, signal.SIGTERM, seconds):
        return
    if not _gone_after(folder, signal.SIGKILL, KILL_SECONDS):
        raise LocalCloudError(
            "processes of the local cloud could not be ended",
            f"see who holds {folder / LOCK_FILE} (fuser), end it, then try again",
        )


def _gone_after(folder: Path, number: signal.Signals, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    sent = False
    while is_alive(folder):
        # A keeper that has only just begun cannot be signalled yet.
        sent = sent or _signal(folder, number)
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _signal(folder: Path, number: signal.Signals) -> bool:
    """Signal the keeper, unless the process of that id is another one by now."""
    known = KeeperStatus.read(folder)
    if known is None:
        return False
    try:
        handle = os.pidfd_open(known.pid)
    except ProcessLookupError:
        return False
    try:
        # The id cannot pass to another process while the handle is open, so look, then signal.
        words = Path(f"/proc/{known.pid}/cmdline").read_bytes().split(b"\0")
        if b"local.keeper" not in words or os.fsencode(folder.resolve()) not in words:
            return False
        signal.pidfd_send_signal(handle, number)
    except (FileNotFoundError, ProcessLookupError):  # it ended in between
        return False
    finally:
        os.close(handle)
    return True
