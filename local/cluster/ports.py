"""Loopback ports: finding free ones, and naming who holds one that is not free."""

import os
import random
import socket
from collections.abc import Collection
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST = 20_000
TRIES = 200
TCP_LISTEN = "0A"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback address now."""
    with socket.socket() as probe:
        # As servers do: connections that linger after their server's end are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free loopback port that is not in `taken`.

    It lies below the range from which the kernel gives ports to outgoing connections, so that it
    can be had again when the server behind it is restarted.
    """
    highest = max(_first_ephemeral(), LOWEST + 1_000)
    for _ in range(TRIES):
        port = random.randrange(LOWEST, highest)  # noqa: S311  # not a secret
        if port not in taken and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def holder(port: int) -> str:
    """Who listens on `port`, in words: ``process 4711 (nginx)``, or as much as can be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return "a process that has bound it without listening"
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, inodes):
            return f"process {process.name} ({_name(process)})"
    return "a process of another user"


def _first_ephemeral() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    except OSError:
        return 32_768
    return int(text.split()[0])


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == TCP_LISTEN:
                inodes.add(fields[9])
    return inodes


def _holds(process: Path, inodes: set[str]) -> bool:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(_target(link) in wanted for link in (process / "fd").iterdir())
    except OSError:  # it has ended, or belongs to another user
        return False


def _target(link: Path) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115  # not a path: socket:[123]
    except OSError:
        return ""


def _name(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return " ".join(word.decode(errors="replace") for word in words[:3] if word)[:120]
    except OSError:
        return "gone by now"
