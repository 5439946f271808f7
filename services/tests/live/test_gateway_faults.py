"""What clients see when a process dies, and how soon the gateway answers again.

The times that are printed (``pytest -s``) are for people; nothing here depends on them.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import lab
import pytest
from gateway_client import Client, metric, until

pytestmark = pytest.mark.live

TENSOR = {"name": "synthetic", "kind": "tensor"}
CHAT = {
    "name": "smollm2",
    "kind": "chat",
    "context_tokens": 2048,
    "max_output_tokens": 1024,
    "template": "smollm2",
}
VALUE = json.dumps(
    {"inputs": [{"name": "value", "datatype": "FP32", "shape": [1, 1], "data": [1.5]}]}
).encode()
QUICK = {"silence_seconds": 5}
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend keeps its regions


Ask = Callable[[lab.Gateway], Awaitable[int]]


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def answer(tokens: int = 500) -> bytes:
    sampling = json.dumps({"max_tokens": tokens, "ignore_eos": True, "temperature": 0})
    body = {"text_input": "Once upon a time", "stream": True, "sampling_parameters": sampling}
    return json.dumps(body).encode()


async def infer(server: lab.Gateway) -> int:
    async with Client(server) as client:
        await client.send(VALUE, "/v2/models/synthetic/infer")
        return await client.begin()


async def generate(server: lab.Gateway) -> int:
    async with Client(server) as client:
        await client.send(answer(1))
        return await client.begin()


async def look(server: lab.Gateway, path: str) -> int:
    async with Client(server) as client:
        await client.send(b"", path, method="GET")
        return await client.begin()


async def recovered(server: lab.Gateway, ask: Ask, what: str, since: float) -> None:
    """Ask until it is answered again; until then the server is said to be unavailable."""
    seen: list[int] = []
    while not seen or seen[-1] != 200:
        assert time.monotonic() - since < 60, seen
        seen.append(await ask(server))
        await asyncio.sleep(0.05)
    tell(f"{what}: answered again after {time.monotonic() - since:.2f} s; {len(seen)} asked")
    assert set(seen) <= {200, 503}, seen


def stubs(server: lab.Triton, model: str) -> list[int]:
    """Processes in which a Triton runs a Python model."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
            parent = int((entry.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):  # it ended while it was looked at
            continue
        is_stub = words[0].endswith(b"triton_python_backend_stub")
        if parent == server.pid and is_stub and any(model.encode() in word for word in words[1:]):
            found.append(int(entry.parent.name))
    return found


def regions(pid: int) -> list[str]:
    return [path.name for path in SHARED_MEMORY.glob(f"*_{pid}_*")]


async def python_model_hangs(triton: lab.Triton, server: lab.Gateway) -> None:
    (stub,) = stubs(triton, "smollm2")
    async with Client(server) as client:
        await client.send(answer())
        assert await client.begin() == 200
        os.kill(stub, signal.SIGSTOP)
        try:
            assert "does not answer" in (await client.rest())[-1]["error"]
        finally:
            os.kill(stub, signal.SIGCONT)
    await recovered(server, generate, "Python model stopped and continued", time.monotonic())


async def python_model_dies(triton: lab.Triton, server: lab.Gateway) -> None:
    async with Client(server) as client:
        await client.send(answer())
        assert await client.begin() == 200
        assert await client.event()
        (stub,) = stubs(triton, "smollm2")
        since = time.monotonic()
        os.kill(stub, signal.SIGKILL)
        await recovered(server, generate, "Python model killed", since)
        # Triton would never have ended this one.
        assert "does not answer" in (await client.rest())[-1]["error"]


async def triton_dies(triton: lab.Triton, server: lab.Gateway) -> None:
    async with Client(server) as client:
        await client.send(answer())
        assert await client.begin() == 200
        assert await client.event()
        since = time.monotonic()
        os.kill(triton.pid, signal.SIGKILL)
        events = await client.rest()
        tell(f"Triton killed: its streams ended after {time.monotonic() - since:.2f} s")
        assert "does not answer" in events[-1]["error"]
    for _ in range(3):
        async with Client(server) as client:
            await client.send(VALUE, "/v2/models/synthetic/infer")
            assert await client.begin() == 503
            assert "retry-after: " in client.headers
        async with Client(server) as client:
            await client.send(answer())
            assert await client.begin() == 503
    assert await look(server, "/v2/health/ready") == 503
    assert await look(server, "/v2/health/live") == 200


async def triton_is_back(server: lab.Gateway) -> None:
    since = time.monotonic()
    await recovered(server, infer, "Triton started anew, tensors", since)
    await recovered(server, generate, "Triton started anew, text", since)
    async with Client(server) as client:
        await client.send(answer())
        assert await client.begin() == 200
        assert await client.event()
    assert await look(server, "/v2/health/ready") == 200


async def gateway_dies(triton: lab.Triton, server: lab.Gateway) -> None:
    cancelled = metric(triton.metrics, "llm_cancelled_total")
    async with Client(server) as client:
        await client.send(answer())
        assert await client.begin() == 200
        assert await client.event()
        os.kill(server.pid, signal.SIGKILL)
        assert await ends_without_an_end(client)
    since = time.monotonic()
    await until(lambda: metric(triton.metrics, "llm_cancelled_total") > cancelled)
    tell(f"gateway killed: its work in Triton ended {time.monotonic() - since:.2f} s later")


async def ends_without_an_end(client: Client) -> bool:
    """Whether the connection is lost before the chunks are over."""
    try:
        return not (await client.reader.read()).endswith(b"0\r\n\r\n")
    except ConnectionError:
        return True


def test_processes_that_die() -> None:
    ports = lab.free_ports(3)
    models = [TENSOR, CHAT]
    loaded = ("smollm2", "synthetic")
    with ExitStack() as stack:
        with lab.triton(loaded, ports=ports) as triton:
            server = stack.enter_context(lab.gateway(triton, models=models, upstream=QUICK))
            asyncio.run(python_model_hangs(triton, server))
            asyncio.run(python_model_dies(triton, server))
            asyncio.run(triton_dies(triton, server))
        with lab.triton(loaded, ports=ports) as anew:
            assert not regions(triton.pid)
            asyncio.run(triton_is_back(server))
            asyncio.run(gateway_dies(anew, server))
            port = int(server.url.rsplit(":", 1)[1])
            with lab.gateway(anew, models=models, listen={"http_port": port}) as successor:
                assert asyncio.run(infer(successor)) == 200
        # the guardian takes away what the server left a moment after it has gone
        asyncio.run(until(lambda: not regions(anew.pid)))
