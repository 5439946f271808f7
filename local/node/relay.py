"""Relays loopback ports of the host to a network namespace, for as long as something runs there.

A socket belongs to the network namespace in which it was made, whoever uses it. So one process
listens outside, and enters the namespace only for the moment in which it makes a socket.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from local.node import namespaces
from local.node.plan import LOAD_BALANCER_FILE

LOOPBACK = "127.0.0.1"
CHUNK = 256 * 1024
BACKLOG = 256
CONNECT_SECONDS = 5.0

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Side = tuple[Reader, Writer]
Address = tuple[str, int]
Target = Callable[[], Address | None]


def listen(ports: Iterable[int]) -> dict[int, socket.socket]:
    """Sockets that listen on loopback ports of the namespace that this process is in.

    Raises:
        OSError: A port is taken; the error names it.
    """
    listeners: dict[int, socket.socket] = {}
    for port in ports:
        try:
            listeners[port] = socket.create_server((LOOPBACK, port), backlog=BACKLOG)
        except OSError as error:
            raise OSError(error.errno, f"port {port}: {error.strerror}") from error
    return listeners


def targets(ports: Iterable[int], https_port: int, folder: Path) -> dict[int, Target]:
    """Where each port leads: to the same one inside, the HTTPS port to the load balancer."""
    found: dict[int, Target] = {port: _same(port) for port in ports}
    found[https_port] = lambda: load_balancer(folder, 443)
    return found


def load_balancer(folder: Path, port: int) -> Address | None:
    """Where the load balancer of the cloud in `folder` answers for `port`; None when nowhere."""
    try:
        said = json.loads((folder / LOAD_BALANCER_FILE).read_text())[str(port)]
        host, _, number = str(said).rpartition(":")
        return host, int(number)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _same(port: int) -> Target:
    return lambda: (LOOPBACK, port)


class Relay:
    """Accepts outside, connects inside, copies both ways.

    Args:
        listeners: Of `listen`.
        where: Of `targets`.
        inside: ``/proc/PID/ns/net`` of a process inside.
    """

    def __init__(
        self,
        listeners: Mapping[int, socket.socket],
        where: Mapping[int, Target],
        inside: Path,
    ) -> None:
        self._listeners = listeners
        self._where = where
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._inside = os.open(inside, os.O_RDONLY | os.O_CLOEXEC)
        self._servers: list[asyncio.Server] = []
        # The event loop itself does not keep what serves a connection from being collected.
        self._at_work: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Begin to accept; what is accepted is served in the background."""
        for port, listener in self._listeners.items():
            accept = self._accept(self._where[port])
            self._servers.append(await asyncio.start_server(accept, sock=listener))

    def _accept(self, target: Target) -> Callable[[Reader, Writer], None]:
        def accept(reader: Reader, writer: Writer) -> None:
            task = asyncio.get_running_loop().create_task(self._serve(target, (reader, writer)))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

        return accept

    async def _serve(self, target: Target, near: Side) -> None:
        try:
            address = target()
            if address is not None:
                async with asyncio.timeout(CONNECT_SECONDS):
                    far = await self._connected(address)
                await _both_ways(near, far)
        except OSError:  # also TimeoutError: nobody answers inside, or one side went away
            near[1].transport.abort()
        finally:
            near[1].close()

    async def _connected(self, address: Address) -> Side:
        made = self._socket_inside()
        try:
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, address)
        except BaseException:
            made.close()
            raise
        return await asyncio.open_connection(sock=made, limit=CHUNK)

    def _socket_inside(self) -> socket.socket:
        namespaces.set_namespace(self._inside, namespaces.CLONE_NEWNET)
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            namespaces.set_namespace(self._outside, namespaces.CLONE_NEWNET)


async def _both_ways(near: Side, far: Side) -> None:
    ways = [
        asyncio.create_task(_copy(near[0], far[1])),
        asyncio.create_task(_copy(far[0], near[1])),
    ]
    try:
        await asyncio.gather(*ways)
    finally:
        for way in ways:
            way.cancel()
        far[1].close()


async def _copy(source: Reader, sink: Writer) -> None:
    """Copy until the source ends, then tell the sink that nothing more comes."""
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
