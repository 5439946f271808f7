"""The keeper: parent of the processes of one cloud, and the sign that the cloud is alive.

``python -m local.keeper FOLDER`` reads ``FOLDER/processes.json`` and holds a lock on
``FOLDER/keeper.lock``. The children inherit the lock, so a free lock means that nothing of this
cloud runs. They are tied to the keeper by PR_SET_PDEATHSIG: the kernel kills them when the keeper
dies, however it dies. SIGTERM stops everything in order; SIGHUP reads the table again and starts
what has failed.

In a pid namespace of its own it is the first process, and takes over the children of those that
end. There ``python -m local.keeper FOLDER PID`` says by which process id it is found outside.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.cluster.processes import (
    LOCK_FILE,
    LOGS_FOLDER,
    KeeperStatus,
    Plan,
    ProcessSpec,
    ProcessStatus,
    Restart,
    State,
    log_file,
    restart_delay,
)

PR_SET_PDEATHSIG = 1
SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
IDLE_SECONDS = 30.0
BIGGEST_LOG = 8 * 1024 * 1024
EXIT_LOCKED = 3
LOCK_SECONDS = 0.5

libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class _Kept:
    """A process with its history."""

    spec: ProcessSpec
    child: subprocess.Popen[bytes] | None = None
    state: State = State.WAITING
    due: float = 0.0
    restarts: int = 0
    last_end: str = ""
    ends: list[float] = field(default_factory=list[float])

    def status(self) -> ProcessStatus:
        pid = self.child.pid if self.child and self.state is State.RUNNING else 0
        return ProcessStatus(pid, self.state, self.restarts, self.last_end)


class Keeper:
    """Starts, restarts and stops the processes of ``processes.json`` in one folder.

    Runs in the main thread only: PR_SET_PDEATHSIG follows the death of the thread that forked.
    """

    def __init__(self, folder: Path, lock: int, known_as: int) -> None:
        self._folder = folder
        self._lock = lock
        self._known_as = known_as
        self._plan = Plan.read(folder)
        self._kept = [_Kept(spec) for spec in self._plan.processes]
        self._confirm_by = time.monotonic() + self._plan.confirm_seconds

    def run(self) -> str:
        """Keep the processes until told to stop or until one that cannot be replaced ends.

        Returns:
            Why it ended, in words.
        """
        while True:
            self._start_due()
            self._write_status("")
            received = signal.sigtimedwait(SIGNALS, self._wait_seconds())
            if received and received.si_signo in {signal.SIGTERM, signal.SIGINT}:
                return self._end("stopped on request")
            if received and received.si_signo == signal.SIGHUP:
                self._reload()
            lost = self._reap()
            if lost:
                return self._end(f"{lost.spec.title} {lost.last_end}")
            if self._unconfirmed() and time.monotonic() >= self._confirm_by:
                return self._end("nobody took the new cloud over")

    def _unconfirmed(self) -> bool:
        confirm = self._plan.confirm_file
        return bool(confirm) and not (self._folder / confirm).exists()

    def _wait_seconds(self) -> float:
        if any(kept.state is State.ENDED for kept in self._kept):
            return 0.0
        now = time.monotonic()
        times = [kept.due - now for kept in self._kept if kept.state is State.WAITING]
        if self._unconfirmed():
            times.append(self._confirm_by - now)
        return max(0.0, min([IDLE_SECONDS, *times]))

    def _start_due(self) -> None:
        now = time.monotonic()
        for kept in self._kept:
            if kept.state is State.WAITING and kept.due <= now:
                self._start(kept)

    def _start(self, kept: _Kept) -> None:
        path = log_file(self._folder, kept.spec.name)
        if path.exists() and path.stat().st_size > BIGGEST_LOG:
            path.replace(path.with_suffix(".log.old"))
        try:
            with path.open("ab") as log:
                kept.child = subprocess.Popen(
                    kept.spec.argv,
                    env=dict(kept.spec.env),
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(self._lock,),
                    umask=kept.spec.umask,
                    # Safe here: this process has one thread.
                    preexec_fn=_tie_to(os.getpid()),  # noqa: PLW1509
                )
        except OSError as error:
            kept.child = None
            self._ended(kept, f"could not be started: {error}")
            return
        kept.state = State.RUNNING
        _say(f"{kept.spec.name}: started, pid {kept.child.pid}")

    def _reap(self) -> _Kept | None:
        """Note which processes have ended; returns one that cannot be replaced, if any."""
        lost = None
        for kept in self._kept:
            if kept.state is State.RUNNING and kept.child and kept.child.poll() is not None:
                self._ended(kept, _how_ended(kept.child.returncode))
            if kept.state is State.ENDED:
                lost = kept
        self._reap_orphans()
        return lost

    def _reap_orphans(self) -> None:
        """Take note of the ends of processes that others have started and left to us."""
        own = {kept.child.pid for kept in self._kept if kept.state is State.RUNNING and kept.child}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            # One of our own that ended just now has a signal of its own under way.
            if ended is None or ended.si_pid in own:
                return
            os.waitpid(ended.si_pid, 0)

    def _ended(self, kept: _Kept, how: str) -> None:
        now = time.monotonic()
        kept.ends.append(now)
        kept.last_end = how
        _say(f"{kept.spec.name}: {how}")
        if kept.spec.restart is Restart.NEVER:
            kept.state = State.ENDED
            return
        delay = restart_delay(kept.ends, now)
        if delay is None:
            kept.state = State.FAILED
            _say(f"{kept.spec.name}: ended too often, left alone")
            return
        kept.state, kept.due = State.WAITING, now + delay
        kept.restarts += 1

    def _reload(self) -> None:
        fresh = {spec.name: spec for spec in Plan.read(self._folder).processes}
        for kept in self._kept:
            kept.spec = fresh.get(kept.spec.name, kept.spec)
            if kept.state in {State.FAILED, State.WAITING}:
                kept.state, kept.due, kept.ends = State.WAITING, 0.0, []
        _say("table read again")

    def _end(self, why: str) -> str:
        for kept in reversed(self._kept):
            self._stop(kept)
        self._write_status(why)
        return why

    def _stop(self, kept: _Kept) -> None:
        if kept.state is not State.RUNNING or kept.child is None:
            return
        kept.child.terminate()
        began = time.monotonic()
        try:
            code = kept.child.wait(kept.spec.stop_seconds)
        except subprocess.TimeoutExpired:
            kept.child.kill()
            code = kept.child.wait()
        kept.state, kept.last_end = State.ENDED, f"was stopped ({_how_ended(code)})"
        _say(f"{kept.spec.name}: stopped after {time.monotonic() - began:.1f} s")

    def _write_status(self, ended: str) -> None:
        processes = {kept.spec.name: kept.status() for kept in self._kept}
        try:
            KeeperStatus(self._known_as, processes, ended).write(self._folder)
        except OSError as error:
            # A full disk must not take the cloud down; the status is written at the next event.
            _say(f"status not written: {error}")


def _tie_to(keeper: int) -> Callable[[], None]:
    """What a child does before exec: die with the keeper, and take signals again."""

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != keeper:  # it died before the line above
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())

    return tie


def _how_ended(code: int) -> str:
    return f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}"


def _say(text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    with contextlib.suppress(OSError):  # a full disk; the cloud goes on without its diary
        sys.stderr.write(f"{stamp} {text}\n")
        sys.stderr.flush()


def _lock(path: Path) -> int | None:
    """Take the keeper's lock; returns its descriptor, None when another keeper has it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Whoever asks whether the lock is held, holds it for a moment.
            if time.monotonic() >= deadline:
                os.close(lock)
                return None
            time.sleep(0.02)
        else:
            return lock


def main(arguments: list[str]) -> int:
    """Run a keeper for the folder in `arguments`; returns the exit code."""
    if len(arguments) not in {1, 2}:
        _say("usage: python -m local.keeper FOLDER [PID]")
        return 2
    folder = Path(arguments[0]).resolve()
    os.umask(0o077)
    (folder / LOGS_FOLDER).mkdir(exist_ok=True)
    lock = _lock(folder / LOCK_FILE)
    if lock is None:
        _say(f"another keeper holds {folder / LOCK_FILE}")
        return EXIT_LOCKED
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    _say(f"keeper {os.getpid()} of {folder}")
    known_as = int(arguments[1]) if len(arguments) > 1 else os.getpid()
    _say(f"keeper ends: {Keeper(folder, lock, known_as).run()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
