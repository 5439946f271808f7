"""What a keeper keeps: the table of processes in ``processes.json`` and the rules about them.

Pure data and arithmetic, standard library only: the keeper itself imports nothing else of ours.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

PLAN_FILE = "processes.json"
STATUS_FILE = "keeper.json"
LOCK_FILE = "keeper.lock"
LOGS_FOLDER = "logs"
KEEPER_LOG = "keeper.log"

FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
RESTARTS_ALLOWED = 6
RESTART_WINDOW = 60.0


class Restart(StrEnum):
    """What happens when a process ends by itself."""

    ALWAYS = "always"
    """It is started again, a bounded number of times: its data is on disk."""
    NEVER = "never"
    """It holds what cannot be made again: the keeper stops everything and ends."""


class State(StrEnum):
    """Where a kept process stands."""

    RUNNING = "running"
    WAITING = "waiting"
    """Ended; will be started again in a moment."""
    FAILED = "failed"
    """Ended too often; is started again only when the keeper is told to (SIGHUP)."""
    ENDED = "ended"
    """Ended, and not to be started again."""


@dataclass(frozen=True)
class Health:
    """How to ask a process over HTTP whether it works; healthy is status 200.

    Attributes:
        url: Address to GET, ``http`` or ``https``, on loopback.
        ca_file: Certificate of the authority that signed the server's; for ``https``.
        cert_file: Client certificate; empty for none.
        key_file: Key of `cert_file`.
        expect: Keys and values that the JSON answer must hold, e.g. ``{"cloud_id": "…"}``.
    """

    url: str
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    expect: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ProcessSpec:
    """One process to keep.

    Attributes:
        name: Short name, also that of its log file: ``etcd``.
        title: What people call it: ``AWS (moto)``.
        argv: Program and arguments.
        env: Its whole environment; nothing is inherited.
        restart: What happens when it ends by itself.
        health: How to ask whether it works.
        stop_seconds: Time from SIGTERM to SIGKILL when it is stopped.
        ports: The loopback ports that it listens on.
        umask: Rights that files it makes do not get; other users see nothing of a cloud, but what
            a container is made of must be readable inside.
    """

    name: str
    title: str
    argv: Sequence[str]
    env: Mapping[str, str]
    restart: Restart
    health: Health
    stop_seconds: float
    ports: Sequence[int]
    umask: int = 0o077

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read one entry of ``processes.json``."""
        values = dict(data)
        values["health"] = Health(**values["health"])
        values["restart"] = Restart(values["restart"])
        return cls(**values)


@dataclass(frozen=True)
class Plan:
    """The whole of ``processes.json``.

    Attributes:
        processes: In order of start; they are stopped in the reverse order.
        confirm_file: The keeper ends unless this file appears: the sign that whoever asked for
            the processes lived long enough to take them over. Empty for no such rule.
        confirm_seconds: How long it waits for `confirm_file`.
    """

    processes: Sequence[ProcessSpec]
    confirm_file: str = ""
    confirm_seconds: float = 120.0

    def write(self, folder: Path) -> None:
        """Write ``processes.json`` into `folder`, whole or not at all."""
        write_private(folder / PLAN_FILE, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read ``processes.json`` from `folder`."""
        data: dict[str, Any] = json.loads((folder / PLAN_FILE).read_text())
        processes = tuple(ProcessSpec.from_json(entry) for entry in data.pop("processes"))
        return cls(processes=processes, **data)


@dataclass(frozen=True)
class ProcessStatus:
    """What the keeper knows of one process.

    Attributes:
        pid: Process id while it runs, else 0.
        state: Where it stands.
        restarts: How often it was started again.
        last_end: How it ended the last time, in words; empty when it never did.
    """

    pid: int
    state: State
    restarts: int = 0
    last_end: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read one entry of ``keeper.json``."""
        return cls(data["pid"], State(data["state"]), data["restarts"], data["last_end"])


@dataclass(frozen=True)
class KeeperStatus:
    """The whole of ``keeper.json``.

    Attributes:
        pid: Process id of the keeper.
        processes: By name.
        ended: Why the keeper ended, in words; empty while it runs, and when it was killed.
    """

    pid: int
    processes: Mapping[str, ProcessStatus]
    ended: str = ""

    def write(self, folder: Path) -> None:
        """Write ``keeper.json`` into `folder`, whole or not at all."""
        write_private(folder / STATUS_FILE, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read ``keeper.json``; None while there is none."""
        try:
            text = (folder / STATUS_FILE).read_text()
        except FileNotFoundError:
            return None
        data: dict[str, Any] = json.loads(text)
        entries: dict[str, dict[str, Any]] = data["processes"]
        processes = {name: ProcessStatus.from_json(entry) for name, entry in entries.items()}
        return cls(data["pid"], processes, data["ended"])


def restart_delay(ends: Sequence[float], now: float) -> float | None:
    """Seconds to wait before a process is started again, None when it ended too often.

    Args:
        ends: When it ended, oldest first, on the clock of `now`; the newest end included.
        now: The present, in seconds.
    """
    recent = [end for end in ends if now - end <= RESTART_WINDOW]
    if len(recent) > RESTARTS_ALLOWED:
        return None
    return min(LONGEST_DELAY, FIRST_DELAY * 2 ** max(0, len(recent) - 1))


def log_file(folder: Path, name: str) -> Path:
    """The log of the process `name` of the keeper in `folder`."""
    return folder / LOGS_FOLDER / f"{name}.log"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read (0600), whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
