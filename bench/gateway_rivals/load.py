"""Load on an HTTP server by as little code as possible, and what it cost the server."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """What is asked.

    Attributes:
        name: For the report.
        address: ``HOST:PORT``.
        path: Of the request.
        body: JSON.
        pid: Process whose CPU time counts, with its children.
        share: Part of the requests that it gets, for one that is slow.
    """

    name: str
    address: str
    path: str
    body: bytes
    pid: int
    share: float = 1.0


STALL_SECONDS = 1.0
"""Longer than anything here takes by itself."""


@dataclass(frozen=True)
class Result:
    """What one round gave: milliseconds, and requests in a second.

    Requests that took over `STALL_SECONDS` are in no figure but their own number: a server that now
    and then waits for something is not slow by the rest of its work.
    """

    cpu_ms: float
    p50: float
    p99: float
    per_second: float
    stalled: int


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.parent.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its children have used."""
    used = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / TICKS


async def run(target: Target, concurrency: int, requests: int) -> Result:
    """Send requests, `concurrency` at a time, each connection one after the other."""
    await _client(target, 3, [])
    taken: list[float] = []
    each = max(1, int(requests * target.share) // concurrency)
    before = cpu_seconds(target.pid)
    await asyncio.gather(*(_client(target, each, taken) for _ in range(concurrency)))
    used = cpu_seconds(target.pid) - before
    good = sorted(each for each in taken if each < STALL_SECONDS)
    return Result(
        1000 * used / len(taken),
        1000 * statistics.median(good),
        1000 * good[int(0.99 * len(good))],
        concurrency / statistics.fmean(good),
        len(taken) - len(good),
    )


async def _client(target: Target, requests: int, taken: list[float]) -> None:
    host, port = target.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.address}\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer sk-bench\r\n"
        f"Content-Length: {len(target.body)}\r\n\r\n"
    )
    sent = head.encode() + target.body
    try:
        for _ in range(requests):
            since = time.perf_counter()
            writer.write(sent)
            await _answer(target, reader)
            taken.append(time.perf_counter() - since)
    finally:
        writer.close()


async def _answer(target: Target, reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await _body(head, reader)
    if b" 200 " not in head[:20]:
        message = f"{target.name} answered {head[:60]!r} {body[:500]!r}"
        raise RuntimeError(message)
    return body


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    at = head.find(b"content-length:")
    if at >= 0:
        return await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def first_event(target: Target) -> float:
    """Seconds until the first event of a stream; the rest is read, and not counted."""
    host, port = target.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {target.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(target.body)}\r\n\r\n"
    since = time.perf_counter()
    writer.write(head.encode() + target.body)
    while not (line := await reader.readline()).startswith(b"data: "):
        if not line:
            message = f"{target.name} sent no event"
            raise RuntimeError(message)
    taken = time.perf_counter() - since
    while (line := await reader.readline()) not in (b"", b"0\r\n"):
        pass
    writer.close()
    return taken


def middle(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    """The median of a figure over all rounds."""
    return statistics.median(of(each) for each in results)
