"""A client of the gateway that shows what is on the wire, for live tests."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import lab

GENERATE_STREAM = "/v2/models/smollm2/generate_stream"


class Client:
    """One request on a connection of its own.

    Attributes:
        status: Of the response.
        headers: All of its head, in small letters.
    """

    def __init__(self, server: lab.Gateway) -> None:
        self.server = server
        self.status = 0
        self.headers = ""
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    async def send(self, body: bytes, path: str = GENERATE_STREAM, method: str = "POST") -> None:
        """Send a request."""
        host, port = self.server.url.removeprefix("http://").split(":")
        self._open = await asyncio.open_connection(host, int(port))
        key = f"Authorization: Bearer {self.server.key}\r\n" if self.server.key else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{key}Content-Length: {len(body)}\r\n\r\n"
        self._open[1].write(head.encode() + body)

    @property
    def reader(self) -> asyncio.StreamReader:
        """What comes from the gateway."""
        assert self._open is not None, "nothing was sent"
        return self._open[0]

    async def begin(self) -> int:
        """Read the head of the response; returns its status."""
        self.headers = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.status = int(self.headers.split()[1])
        return self.status

    async def event(self) -> Any:
        """The next event of a stream; None at its end."""
        while not (line := await self.reader.readline()).startswith(b"data: "):
            if line in (b"", b"0\r\n"):  # the connection ended, or the chunks did
                return None
        return json.loads(line[6:])

    async def rest(self) -> list[Any]:
        """All further events."""
        found: list[Any] = []
        while (event := await self.event()) is not None:
            found.append(event)
        return found

    def leave(self) -> None:
        """Close the connection without a word."""
        if self._open is not None:
            self._open[1].transport.abort()


async def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not come to be"
        await asyncio.sleep(0.02)


def metric(address: str, name: str, **labels: str) -> float:
    """The sum of a metric over all series with these labels."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith(f"{name}{{") and all(each in line for each in wanted)
    )
