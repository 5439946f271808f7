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
from local.node import cgroups
from local.node.plan import NodePlan
from local.node.state import MachineState
from local.paths import REPOSITORY

KEEPER = "local.keeper"
MACHINE = "local.node.machine"
"""What runs outside for the keeper of a live cloud, and passes signals on to it."""
START_SECONDS = 15.0
MACHINE_SECONDS = 60.0
"""What an earlier cloud left in the store of images may have to be removed first."""
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


def start(folder: Path, node: NodePlan | None = None) -> None:
    """Start a keeper for the table in `folder`; it outlives the caller.

    Args:
        folder: The cloud's folder.
        node: The node of a live cloud: the keeper then runs in namespaces of its own.

    Raises:
        LocalCloudError: It ended at once or did not begin its work.
    """
    logs = folder / LOGS_FOLDER
    logs.mkdir(mode=0o700, exist_ok=True)
    (logs / KEEPER_LOG).touch(mode=0o600)
    words = [KEEPER, str(folder.resolve())]
    if node:
        words = [MACHINE, *words[1:], node.cgroup, str(node.https_port), str(node.store)]
    with (logs / KEEPER_LOG).open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", *words],
            # Its own environment is not that of its children: those have theirs in the table.
            env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the terminal is not meant for it
        )
    deadline = time.monotonic() + (MACHINE_SECONDS if node else START_SECONDS)
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
    if is_alive(folder) or _machine_runs(folder):
        seconds = MARGIN_SECONDS + sum(spec.stop_seconds for spec in Plan.read(folder).processes)
        stopped = _gone_after(folder, signal.SIGTERM, seconds)
        if not stopped and not _gone_after(folder, signal.SIGKILL, KILL_SECONDS):
            raise LocalCloudError(
                "processes of the local cloud could not be ended",
                f"see who holds {folder / LOCK_FILE} (fuser), end it, then try again",
            )
    node = NodePlan.read(folder)
    # The machine's reaper does this too, unless it was killed as well.
    left = cgroups.remove(node.cgroup) if node else []
    if left:
        raise LocalCloudError(
            f"processes run in cgroups of the local cloud: {', '.join(map(str, left))}",
            f"see which (cat {left[0]}/cgroup.procs), end them, then try again",
        )


def _gone_after(folder: Path, number: signal.Signals, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    sent = False
    while is_alive(folder) or _machine_runs(folder):
        # A keeper that has only just begun cannot be signalled yet.
        sent = sent or _signal(folder, number)
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _machine_runs(folder: Path) -> bool:
    """Whether a live cloud's machine runs, if only for a moment before or after its keeper."""
    state = MachineState.read(folder)
    return state is not None and _is_ours(state.relay, folder)


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether the process `pid` is the keeper of `folder`, or its machine."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    ours = {KEEPER.encode(), MACHINE.encode()} & set(words)
    return bool(ours) and os.fsencode(folder.resolve()) in words


def _signal(folder: Path, number: signal.Signals) -> bool:
    """Signal the keeper, unless the process of that id is another one by now."""
    state, known = MachineState.read(folder), KeeperStatus.read(folder)
    pid = state.relay if state else known.pid if known else 0
    if not pid:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # The id cannot pass to another process while the handle is open, so look, then signal.
        if not _is_ours(pid, folder):
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:  # it ended in between
        return False
    finally:
        os.close(handle)
    return True
