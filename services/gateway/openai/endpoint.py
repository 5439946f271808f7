"""What all routes do: who asks, the body, errors in OpenAI's form, a client that goes away."""

import asyncio
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from gateway.asgi import (
    EVENTS,
    JSON,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    header,
    respond,
    while_connected,
)
from gateway.contract import Call, ServedModel, Tenant
from gateway.errors import DeadlineError, GatewayError, TooLargeError
from gateway.openai.errors import MethodError, envelope, headers, internal
from gateway.openai.pipeline import Parts
from gateway.openai.stream import error_event

logger = logging.getLogger("gateway.openai")

_LAST_WORDS_SECONDS = 1.0


NOBODY = Tenant("", "")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take: bytes of its body, and seconds until its answer is over."""

    body_bytes: int = 4 * 1024 * 1024
    deadline_seconds: float = 300.0


@dataclass(slots=True)
class Exchange:
    """A request and the way back to its client.

    Attributes:
        id: Request id.
        since: `time.monotonic` when it came in.
        tenant: Who asks.
        call: Set once the request is understood.
        watched: Whether a watch tells the call's end; otherwise it is told as refused.
        started: Whether the response has begun.
    """

    scope: Scope
    receive: Receive
    send: Send
    id: str
    since: float = field(default_factory=time.monotonic)
    tenant: Tenant = NOBODY
    call: Call | None = None
    watched: bool = False
    started: bool = False

    def remaining(self) -> float:
        """Seconds until the call's deadline."""
        return self.call.deadline - time.monotonic() if self.call else 0.0


class Endpoint(ABC):
    """A route as an ASGI application.

    Attributes:
        route: Name of the route in telemetry.
        method: The one method that it answers.
        needs_key: Whether a key is asked for.
    """

    route = ""
    method = "POST"
    needs_key = True

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self.parts = parts
        self.limits = limits

    @abstractmethod
    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request. Raises `GatewayError` for what is refused."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        known = scope.get("state", {}).get("request_id")
        exchange = Exchange(scope, receive, send, known or secrets.token_hex(16))
        try:
            await self._answer(exchange)
        except ClientGoneError:
            raise
        except GatewayError as error:
            await self._refuse(exchange, error)
        except Exception:
            logger.exception("request %s failed", exchange.id)
            await self._refuse(exchange, internal())

    async def _answer(self, exchange: Exchange) -> None:
        scope = exchange.scope
        if scope["method"] not in {self.method, "HEAD" if self.method == "GET" else self.method}:
            raise MethodError(f"This path takes {self.method} only.")
        if self.needs_key:
            key = header(scope, b"x-api-key")
            given = header(scope, b"authorization") or (f"Bearer {key}" if key else None)
            exchange.tenant = self.parts.keys.authenticate(given)
        body = await self._body(exchange) if self.method == "POST" else b""
        await self.answer(exchange, body)

    async def _body(self, exchange: Exchange) -> bytes:
        body = b""
        more = True
        while more:
            message = await exchange.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            body += message.get("body", b"")
            if len(body) > self.limits.body_bytes:
                raise TooLargeError(f"The body is larger than {self.limits.body_bytes} bytes.")
            more = message.get("more_body", False)
        return body

    def begin(self, exchange: Exchange, model: ServedModel) -> Call:
        """The call of an exchange that is understood."""
        exchange.call = Call(
            id=exchange.id,
            route=self.route,
            tenant=exchange.tenant,
            model=model,
            started=exchange.since,
            deadline=exchange.since + self.limits.deadline_seconds,
            trace=header(exchange.scope, b"traceparent"),
            notes={"cache_control": header(exchange.scope, b"cache-control")},
        )
        return exchange.call

    async def whole(self, exchange: Exchange, work: Callable[[], Any]) -> None:
        """Answer with one JSON document.

        Args:
            exchange: The exchange.
            work: Coroutine function that makes the document; cancelled when the client leaves.
        """

        async def send_all() -> None:
            try:
                async with asyncio.timeout(exchange.remaining()):
                    body: bytes = await work()
            except TimeoutError:
                raise _late() from None
            exchange.started = True
            await respond(exchange.send, 200, body, JSON, _notes(exchange))

        await while_connected(exchange.receive, send_all())

    async def streamed(
        self,
        exchange: Exchange,
        chunks: AsyncGenerator[bytes],
        last: Callable[[], bytes],
    ) -> None:
        """Answer with events, each written at once.

        The response begins with the first chunk, so that what fails before it has a status.

        Args:
            exchange: The exchange.
            chunks: The events; closed in any case.
            last: Makes the end of a stream that came to its end.
        """

        async def send_all() -> None:
            try:
                async with asyncio.timeout(exchange.remaining()), aclosing(chunks):
                    async for chunk in chunks:
                        if not exchange.started:
                            await _start(exchange)
                        await exchange.send(_body(chunk, more=True))
            except TimeoutError:
                raise _late() from None
            await exchange.send(_body(last(), more=False))

        await while_connected(exchange.receive, send_all())

    async def _refuse(self, exchange: Exchange, error: GatewayError) -> None:
        if not exchange.watched:
            self.parts.telemetry.refused(
                request_id=exchange.id,
                route=self.route,
                status=error.status,
                code=error.code,
                tenant=exchange.tenant.name,
            )
        if not exchange.started:
            extra = [*headers(error), *_notes(exchange)]
            if error.status == MethodError.status:
                extra.append((b"allow", self.method.encode()))
            await respond(exchange.send, error.status, envelope(error), JSON, extra)
            return
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await exchange.send(_body(error_event(error), more=False))
        except TimeoutError:
            raise ClientGoneError from None


def _late() -> DeadlineError:
    return DeadlineError("The answer took longer than a request may take.")


def _body(chunk: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _start(exchange: Exchange) -> None:
    exchange.started = True
    fields = [*EVENTS, *_notes(exchange)]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": fields})


def _notes(exchange: Exchange) -> Headers:
    cache = exchange.call.notes.get("cache") if exchange.call else None
    return [(b"x-cache", str(cache).encode())] if cache and cache != "off" else []
