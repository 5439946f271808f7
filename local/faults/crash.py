"""Crash points: SIGKILL at a chosen call of a provider, for the tests of recovery.

A file ``crash-plan.json`` in the folder of a cloud says at which call which process dies. In
normal life there is none, and it cannot be there by accident: only its owner may read it, it
names the identity of the one cloud that it is meant for, and it works once, for it is moved
away before anything is killed.
"""

import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import Any

import grpc

from local.cluster.processes import write_private
from local.cluster.record import Record

LOG = logging.getLogger("local.faults")
PLAN = "crash-plan.json"
FIRED = "crash-fired.json"
CALLS = ("create", "update", "delete", "read")
MOMENTS = ("before", "after")
VICTIMS = ("engine", "providers", "both")
OTHERS = 0o077


@dataclass(frozen=True)
class CrashPoint:
    """One call at which something dies.

    Attributes:
        call: ``create``, ``update``, ``delete`` or ``read``; dry runs do not count.
        type: Glob for the type token.
        name: Glob for the logical name.
        moment: ``before`` the cloud is asked, or ``after`` it has answered and before the engine
            hears of it.
        victim: ``engine``, ``providers`` or ``both``.
        nth: Which matching call, from 1; counted from when the plan was laid.
    """

    call: str
    type: str
    name: str = "*"
    moment: str = "after"
    victim: str = "engine"
    nth: int = 1

    def __post_init__(self) -> None:
        """Refuse what no call could ever match.

        Raises:
            ValueError: A word is none of those allowed.
        """
        for value, allowed in (
            (self.call, CALLS),
            (self.moment, MOMENTS),
            (self.victim, VICTIMS),
        ):
            if value not in allowed:
                raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        if self.nth < 1:
            raise ValueError(f"nth is {self.nth}, it counts from 1")

    def matches(self, call: str, kind: str, name: str) -> bool:
        """Whether a call is one of those that it counts."""
        return call == self.call and fnmatchcase(kind, self.type) and fnmatchcase(name, self.name)


def lay(folder: Path, point: CrashPoint) -> None:
    """Write the plan for the cloud in `folder`; it replaces an earlier one.

    Raises:
        ValueError: There is no cloud.
    """
    record = Record.read(folder)
    if record is None:
        raise ValueError(f"there is no cloud in {folder}")
    (folder / FIRED).unlink(missing_ok=True)
    write_private(folder / PLAN, json.dumps({"cloud": record.id, "point": asdict(point)}))


def has_fired(folder: Path) -> bool:
    """Whether the plan that was laid last has been carried out."""
    return (folder / FIRED).exists()


class Crash:
    """Watches the calls of one process; `kill` is replaced in unit tests only."""

    def __init__(self, folder: Path, kill: Callable[[int, int], None] = os.kill) -> None:
        self._folder = folder
        self._kill = kill
        self._lock = threading.Lock()
        self._seen: tuple[float, int] | None = None
        self._point: CrashPoint | None = None
        self._count = 0

    def due(self, call: str, kind: str, name: str) -> CrashPoint | None:
        """The plan's point when this call is the one that it waits for; counts the call."""
        with self._lock:
            point = self._current()
            if point is None or not point.matches(call, kind, name):
                return None
            self._count += 1
            return point if self._count == point.nth else None

    def carry_out(self, point: CrashPoint, peer: str) -> None:
        """Kill whom the point names; `peer` is gRPC's word for the engine's connection."""
        (self._folder / PLAN).rename(self._folder / FIRED)
        LOG.warning("crash point %s", point)
        if point.victim in {"engine", "both"}:
            self._kill(owner_of_connection(int(peer.rpartition(":")[2])), signal.SIGKILL)
        if point.victim in {"providers", "both"}:
            self._kill(os.getpid(), signal.SIGKILL)

    def _current(self) -> CrashPoint | None:
        path = self._folder / PLAN
        try:
            found = path.lstat()
        except FileNotFoundError:
            self._seen = self._point = None
            return None
        stamp = (found.st_mtime, found.st_ino)
        if stamp != self._seen:
            self._seen, self._count = stamp, 0
            private = S_ISREG(found.st_mode) and not found.st_mode & OTHERS
            own = found.st_uid == os.getuid()
            self._point = _read(path, self._folder) if private and own else None
        return self._point


def _read(path: Path, folder: Path) -> CrashPoint | None:
    record = Record.read(folder)
    try:
        plan: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        meant = record is not None and plan["cloud"] == record.id
        return CrashPoint(**plan["point"]) if meant else None
    except (ValueError, KeyError, TypeError):
        LOG.warning("%s is no plan and does nothing", path.name)
        return None


class CrashInterceptor(grpc.ServerInterceptor):
    """Stands between gRPC and a stand-in provider; lets every call through unless a plan waits."""

    def __init__(self, crash: Crash) -> None:
        self._crash = crash

    def intercept_service(
        self, continuation: Callable[[Any], Any], handler_call_details: Any
    ) -> Any:
        """The handler of a call, with the crash before or after it."""
        handler = continuation(handler_call_details)
        call = str(handler_call_details.method).rpartition("/")[2].lower()
        if handler is None or call not in CALLS:
            return handler

        def behaviour(request: Any, context: Any) -> Any:
            return self._around(call, handler.unary_unary, request, context)

        untyped: Any = grpc
        return untyped.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _around(self, call: str, answer: Callable[[Any, Any], Any], request: Any, peer: Any) -> Any:
        parts = str(request.urn).split("::")
        kind, name = parts[2].rpartition("$")[2], "::".join(parts[3:])
        dry = getattr(request, "preview", False)
        point = None if dry else self._crash.due(call, kind, name)
        if point is not None and point.moment == "before":
            self._crash.carry_out(point, peer.peer())
            peer.abort(grpc.StatusCode.ABORTED, "crash point before the call")
        response = answer(request, peer)
        if point is not None:
            self._crash.carry_out(point, peer.peer())
        return response


def owner_of_connection(port: int) -> int:
    """Number of the process at the other end of the connection that reached us from `port`.

    The port alone does not tell: the kernel gives one port to several connections at once, when
    they go to different servers, and so to engines that are none of ours.

    Raises:
        LookupError: We have no such connection, or no process that we may see has its other end.
    """
    rows = list(_connections())
    held = set(_links(Path("/proc/self/fd")))
    servers = {row.local for row in rows if row.remote == port and row.link in held}
    wanted = {row.link for row in rows if row.local == port and row.remote in servers}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and wanted & set(_links(process / "fd")):
            return int(process.name)
    raise LookupError(f"no process has a connection to us from port {port}")


@dataclass(frozen=True)
class _End:
    local: int
    remote: int
    link: str


def _connections() -> Iterator[_End]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        lines = Path(table).read_text().splitlines()[1:] if Path(table).exists() else []
        for line in lines:
            fields = line.split()
            ports = [int(each.rpartition(":")[2], 16) for each in fields[1:3]]
            yield _End(ports[0], ports[1], f"socket:[{fields[9]}]")


def _links(folder: Path) -> Sequence[str]:
    links: list[str] = []
    try:
        entries = list(folder.iterdir())
    except OSError:  # it has ended, or belongs to another user
        return links
    for entry in entries:
        try:
            links.append(os.readlink(entry))  # noqa: PTH115  # not a path: socket:[123]
        except OSError:  # closed meanwhile
            continue
    return links
