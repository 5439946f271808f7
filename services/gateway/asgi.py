"""Requests and responses on bare ASGI: no buffering, and a client that goes away is noticed."""

import asyncio
import math
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from gateway.errors import GatewayError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
Result = TypeVar("Result")

JSON: Headers = ((b"content-type", b"application/json"),)
EVENTS: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
"""Headers of server-sent events; the last keeps proxies from buffering them."""

CLIENT_GONE = 499
"""Status, in logs and metrics alone, of a request whose client went away."""


_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,256})?")


def request_id(given: str) -> str:
    """The client's request id, where it is a plain one, or a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def traceparent(given: str) -> str:
    """The client's trace context, where it is one, or nothing."""
    return given if _TRACEPARENT.fullmatch(given) else ""


class ClientGoneError(Exception):
    """The client closed its connection; nobody waits for the answer."""


def header(scope: Scope, name: bytes) -> str:
    """The value of a header; empty if it is not there.

    Args:
        scope: Of the request.
        name: In small letters.
    """
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


async def respond(
    send: Send, status: int, body: bytes, headers: Headers = JSON, extra: Headers = ()
) -> None:
    """Send a whole response."""
    length = (b"content-length", b"%d" % len(body))
    await send(
        {"type": "http.response.start", "status": status, "headers": [*headers, *extra, length]}
    )
    await send({"type": "http.response.body", "body": body})


async def stream(
    send: Send, receive: Receive, pieces: AsyncGenerator[bytes], headers: Headers = EVENTS
) -> None:
    """Send a response of status 200 piece by piece, each as soon as it is there.

    The generator is closed in any case, also when the client goes away in the middle.

    Raises:
        ClientGoneError: It did.
    """
    await send({"type": "http.response.start", "status": 200, "headers": list(headers)})

    async def send_all() -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    await while_connected(receive, send_all())


async def while_connected(receive: Receive, work: Awaitable[Result]) -> Result:
    """Do `work`, and cancel it as soon as the client goes away.

    Args:
        receive: Of the request, whose body has been read.
        work: What the client waits for.

    Raises:
        ClientGoneError: The client went away.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("must be called from a task")
    gone = False

    def leave(watcher: asyncio.Task[None]) -> None:
        nonlocal gone
        if not watcher.cancelled():
            gone = True
            task.cancel()

    watcher = asyncio.create_task(_until_gone(receive))
    watcher.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone:
            raise
        if task.uncancel():
            raise  # somebody else cancelled it as well
        raise ClientGoneError from None
    finally:
        watcher.remove_done_callback(leave)
        watcher.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def retry_after(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """The header that says when to try again, if that makes sense."""
    if error.retry_after is None:
        return []
    return [(b"retry-after", b"%d" % max(1, math.ceil(error.retry_after)))]
