"""The outermost layer of HTTP: limits, request ids, draining, and the way to the right routes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import orjson

from gateway.asgi import (
    ClientGoneError,
    Message,
    Receive,
    Scope,
    Send,
    header,
    request_id,
    respond,
    retry_after,
)
from gateway.contract import Telemetry
from gateway.drain import Drain
from gateway.errors import (
    GatewayError,
    InvalidRequestError,
    OverloadedError,
    TooLargeError,
    UnavailableError,
)
from gateway.listen import ListenSettings
from gateway.openai.errors import envelope

logger = logging.getLogger("gateway.edge")

App = Callable[[Scope, Receive, Send], Awaitable[None]]

PROTOCOL = "/v2"
"""Everything from here on belongs to the Open Inference Protocol."""

ROUTE = "http"
"""What telemetry calls a request that is refused before its route is known."""

ALWAYS = ("/v2/health/", "/metrics")
"""Answered while the gateway drains, too."""


class TimedOutError(GatewayError):
    """The client did not send its body in time."""

    status = 408
    code = "request_timeout"


class Edge:
    """An ASGI application before all others.

    It reads the body, so that limits hold before anything is parsed, and gives every request an
    id: ``scope["state"]["request_id"]``, and ``x-request-id`` of the response. The client's own
    id is taken over where it is a plain one.

    Args:
        settings: The limits.
        drain: Counts the requests, and says when no more are taken.
        telemetry: Told of what is refused here.
        protocol: Routes of the Open Inference Protocol.
        app: All other routes.
    """

    def __init__(
        self,
        settings: ListenSettings,
        drain: Drain,
        telemetry: Telemetry,
        protocol: App,
        app: App,
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._drain = drain
        self._protocol = protocol
        self._app = app
        self._buffered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = request_id(header(scope, b"x-request-id"))
        scope["state"]["request_id"] = number
        answer = _Answer(send, number, is_openai=not scope["path"].startswith(PROTOCOL))
        with self._drain:
            try:
                await self._handle(scope, receive, answer.send)
            except ClientGoneError:
                return
            except GatewayError as error:
                await answer.refuse(error)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("request %s failed", number)
                await answer.refuse(
                    GatewayError("the gateway failed on this request; its log says why")
                )

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._protocol if scope["path"].startswith(PROTOCOL) else self._app
        held = _Held(self)
        try:
            try:
                received = await self._let_in(scope, receive, held)
            except GatewayError as error:
                self._telemetry.refused(
                    request_id=scope["state"]["request_id"],
                    route=ROUTE,
                    status=error.status,
                    code=error.code,
                )
                raise
            await app(scope, received, send)
        finally:
            self._buffered -= held.size

    async def _let_in(self, scope: Scope, receive: Receive, held: "_Held") -> Receive:
        if self._drain.draining and not scope["path"].startswith(ALWAYS):
            raise UnavailableError("the gateway is shutting down", retry_after=1.0)
        if scope["method"] in ("GET", "HEAD"):
            return receive
        held.grow(_declared(scope))
        return _after(await self._read(receive, held), receive)

    async def _read(self, receive: Receive, held: "_Held") -> bytes:
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                message = await receive()
                if not message.get("more_body", False):
                    held.grow(len(message.get("body", b"")))
                    return _content(message)
                body = bytearray(_content(message))
                while message.get("more_body", False):
                    held.grow(len(body))
                    message = await receive()
                    body += _content(message)
                held.grow(len(body))
                return bytes(body)
        except TimeoutError:
            raise TimedOutError(
                f"the body did not arrive within {self._settings.body_seconds:g} s"
            ) from None

    def reserve(self, size: int, more: int) -> None:
        """Count memory for a body that will have `size` bytes, `more` than it had.

        Raises:
            TooLargeError: The body is bigger than is allowed.
            OverloadedError: All bodies together are.
        """
        if size > self._settings.body_bytes:
            raise TooLargeError(f"the body is larger than {self._settings.body_bytes} bytes")
        if self._buffered + more > self._settings.buffered_bytes:
            raise OverloadedError("too many bodies are being received", retry_after=1.0)
        self._buffered += more


class _Held:
    """Memory that one body takes."""

    __slots__ = ("_edge", "size")

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.size = 0

    def grow(self, size: int) -> None:
        """Count up to `size` bytes; errors as those of `Edge.reserve`."""
        if size > self.size:
            self._edge.reserve(size, size - self.size)
            self.size = size


def _declared(scope: Scope) -> int:
    """The length of the body that the client announces; 0 if it does not.

    Raises:
        InvalidRequestError: It is not a number.
    """
    length = header(scope, b"content-length")
    if length and not length.isdigit():
        raise InvalidRequestError("content-length is not a number")
    return int(length or 0)


def _content(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message.get("body", b"")


def _after(body: bytes, receive: Receive) -> Receive:
    """What an application receives: the body in one piece, then what comes after it."""
    first: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def next_message() -> Message:
        nonlocal first
        if first is not None:
            message, first = first, None
            return message
        return await receive()

    return next_message


class _Answer:
    """Adds the request id to a response, and knows whether it has begun."""

    __slots__ = ("_id", "_is_openai", "_send", "_started")

    def __init__(self, send: Send, request_id: str, *, is_openai: bool) -> None:
        self._send = send
        self._is_openai = is_openai
        self._id = (b"x-request-id", request_id.encode())
        self._started = False

    async def send(self, message: Message) -> None:
        if not self._started and message["type"] == "http.response.start":
            self._started = True
            message["headers"] = [*message["headers"], self._id]
        await self._send(message)

    async def refuse(self, error: GatewayError) -> None:
        """Send an error; a response that has begun is broken off instead."""
        if self._started:
            raise error
        body = envelope(error) if self._is_openai else orjson.dumps({"error": error.message})
        close = [(b"connection", b"close")] if error.status == 408 else []
        await respond(self.send, error.status, body, extra=[*retry_after(error), *close])
