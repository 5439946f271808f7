"""The machine of a live cloud: its processes in namespaces of their own, and the way to them.

``python -m local.node.machine FOLDER CGROUP HTTPS_PORT STORE`` is two processes. The outer one
listens on the host's loopback and relays what comes. The inner one is the first process of a new
pid namespace, with a network, mounts and IPC of its own, and becomes the keeper. When the outer
one ends, however it ends, the kernel kills the inner one, and with that everything inside:
processes, containers, mounts, network. When the inner one ends, the outer one does too. What the
kernel does not remove, empty cgroups, the reaper does (`local.node.reaper`).

SIGTERM and SIGHUP to the outer one are passed on to the keeper.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from local.cluster.processes import Plan
from local.node import cgroups, namespaces, network, relay, store
from local.node.plan import CNI_FOLDER, HIDDEN, KUBELET_FOLDER, PATH, SOCKET
from local.node.state import MachineState
from local.paths import REPOSITORY

READY = b"ready"
GO_ON = b"go on"
EXIT_FAILED = 1
KUBELET_ROOM = "kubelet"
"""Folder of the cloud that the node sees as `KUBELET_FOLDER`."""


def main(arguments: list[str]) -> int:
    """Run a machine for the folder in `arguments`; returns the exit code of its keeper."""
    folder = Path(arguments[0]).resolve()
    cgroup, https_port, images = arguments[1], int(arguments[2]), Path(arguments[3])
    os.umask(0o077)
    ports = [port for spec in Plan.read(folder).processes for port in spec.ports]
    try:
        listeners = relay.listen([*ports, https_port])
        os.set_inheritable(store.take(images), True)
        cgroups.make(cgroup)
    except OSError as error:
        _say(f"the machine cannot be made: {error}")
        return EXIT_FAILED
    # Held by this process alone: it closes when this process ends, however that happens.
    alive_read, alive_write = os.pipe()
    _start_reaper(folder, cgroup, alive_read)
    os.close(alive_read)
    first, said = _fork_inside(folder, images, listeners, alive_write)
    answer = said.recv(4096)
    if answer != READY:
        _say(f"the machine cannot be made: {answer.decode(errors='replace') or 'it was killed'}")
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        return EXIT_FAILED
    # Taken before the first process goes on, and with it before it can end.
    inside = relay.Relay(
        listeners, relay.targets(ports, https_port, folder), Path(f"/proc/{first}/ns/net")
    )
    MachineState(os.getpid(), first).write(folder)
    said.sendall(GO_ON)
    return asyncio.run(_outside(first, inside))


def _fork_inside(
    folder: Path, images: Path, listeners: Mapping[int, socket.socket], alive: int
) -> tuple[int, socket.socket]:
    """Fork the first process inside; returns its id and where it says whether it is ready."""
    outer, inner = socket.socketpair()
    known_as = os.getpid()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    namespaces.unshare(namespaces.CLONE_NEWPID)
    first = os.fork()
    if first:
        # Only the first process was meant: a process between two pid namespaces gets no threads.
        namespaces.set_namespace(own, namespaces.CLONE_NEWPID)
        os.close(own)
        inner.close()
        return first, outer
    try:
        namespaces.end_with_parent()
        outer.close()
        os.close(alive)
        for listener in listeners.values():
            listener.close()
        _make_inside(folder)
        store.forget_containers(images, folder)
        inner.sendall(READY)
        if inner.recv(len(GO_ON)) != GO_ON:  # the outer one died before the kernel knew of us
            os._exit(EXIT_FAILED)
        _become_keeper(folder, known_as)
    except BaseException as error:  # noqa: BLE001 - a forked process must not return
        traceback.print_exc()
        inner.sendall(f"{type(error).__name__}: {error}".encode())
        os._exit(EXIT_FAILED)
    raise AssertionError


def _make_inside(folder: Path) -> None:
    """Give this process a network, mounts and IPC of its own."""
    namespaces.unshare(namespaces.CLONE_NEWNET | namespaces.CLONE_NEWNS | namespaces.CLONE_NEWIPC)
    # First private, so that nothing reaches the host; then shared, as the kubelet needs it: among
    # the mount namespaces in here.
    namespaces.mount("none", "/", "", namespaces.MS_REC | namespaces.MS_PRIVATE)
    namespaces.mount("none", "/", "", namespaces.MS_REC | namespaces.MS_SHARED)
    quiet = namespaces.MS_NOSUID | namespaces.MS_NODEV
    namespaces.mount("proc", "/proc", "proc", quiet | namespaces.MS_NOEXEC)
    for hidden in HIDDEN:
        namespaces.mount("tmpfs", hidden, "tmpfs", quiet, "mode=755")
    room = folder / KUBELET_ROOM
    for made in (KUBELET_FOLDER, CNI_FOLDER, SOCKET.parent, room, Path("/run/lock")):
        made.mkdir(parents=True, exist_ok=True)
    namespaces.mount(str(room), KUBELET_FOLDER, "", namespaces.MS_BIND)
    network.make()


def _become_keeper(folder: Path, known_as: int) -> None:
    os.chdir(folder)
    argv = [sys.executable, "-P", "-m", "local.keeper", str(folder), str(known_as)]
    env = {"PYTHONPATH": str(REPOSITORY), "PATH": PATH, "LANG": "C.UTF-8"}
    os.execve(argv[0], argv, env)  # noqa: S606 - a list, no shell


def _start_reaper(folder: Path, cgroup: str, alive: int) -> None:
    subprocess.Popen(
        [sys.executable, "-P", "-S", "-m", "local.node.reaper", str(folder), cgroup],
        env={"PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"},
        cwd="/",
        stdin=alive,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _outside(first: int, inside: relay.Relay) -> int:
    """Relay until the first process inside has ended; returns its exit code."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def look() -> None:
        pid, status = os.waitpid(first, os.WNOHANG)
        if pid and not ended.done():
            ended.set_result(os.waitstatus_to_exitcode(status))

    loop.add_signal_handler(signal.SIGCHLD, look)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, os.kill, first, number)
    await inside.serve()
    look()
    code = await ended
    _say(f"the first process inside has ended with {code}")
    return code if code >= 0 else EXIT_FAILED


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
