"""The Open Inference Protocol over gRPC: ``inference.GRPCInferenceService``."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

import grpc

from gateway.asgi import request_id
from gateway.contract import Call
from gateway.drain import Drain
from gateway.errors import GatewayError, NotFoundError, OverloadedError, UnavailableError
from gateway.protocol import describe, messages_check
from gateway.protocol.calls import Calls
from gateway.protocol.health import Health
from gateway.protocol.relay import Relay
from gateway.upstream import messages

logger = logging.getLogger("gateway.grpc")

CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""gRPC's status for each of HTTP's."""

REQUESTS_PER_STREAM = 64
"""Requests of one stream that are answered at a time; then no more are read."""


def code_of(error: GatewayError) -> grpc.StatusCode:
    """GRPC's status for an error: overload is UNAVAILABLE, a budget RESOURCE_EXHAUSTED."""
    if error.status == 429:
        overloaded = isinstance(error, OverloadedError)
        return grpc.StatusCode.UNAVAILABLE if overloaded else grpc.StatusCode.RESOURCE_EXHAUSTED
    return CODES.get(error.status, grpc.StatusCode.INTERNAL)


def trailing(error: GatewayError, request_id: str) -> tuple[tuple[str, str], ...]:
    """Metadata that goes with an error: its code, and after how many seconds to try again."""
    pairs = (("x-request-id", request_id), ("error-code", error.code))
    if error.retry_after is None:
        return pairs
    return (*pairs, ("retry-after", str(max(1, math.ceil(error.retry_after)))))


class GrpcProtocol:
    """The methods of the service; requests and responses are serialised messages."""

    def __init__(self, calls: Calls, relay: Relay, health: Health, drain: Drain) -> None:
        self._calls = calls
        self._relay = relay
        self._health = health
        self._drain = drain

    def handler(self) -> Any:
        """The service for `grpc.aio.Server.add_generic_rpc_handlers`."""
        unary: dict[str, Callable[[bytes, Mapping[str, str], str, Any], Awaitable[bytes]]] = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._model_infer,
        }
        methods: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(self._answered(method))
            for name, method in unary.items()
        }
        methods["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(self._streamed)
        return grpc.method_handlers_generic_handler(messages.SERVICE, methods)

    def _answered(
        self, method: Callable[[bytes, Mapping[str, str], str, Any], Awaitable[bytes]]
    ) -> Any:
        async def answer(request: bytes, context: Any) -> bytes:
            headers, request_id = _metadata(context)
            try:
                with self._drain:
                    return await method(request, headers, request_id, context)
            except Exception as error:
                await abort(context, error, request_id)
                raise

        return answer

    async def _server_live(self, raw: bytes, headers: Any, request_id: str, context: Any) -> bytes:
        messages_check.parse(raw, messages.ServerLiveRequest)
        return messages.ServerLiveResponse(live=True).SerializeToString()

    async def _server_ready(self, raw: bytes, headers: Any, request_id: str, context: Any) -> bytes:
        messages_check.parse(raw, messages.ServerReadyRequest)
        ready = await self._health.is_ready()
        return messages.ServerReadyResponse(ready=ready).SerializeToString()

    async def _model_ready(self, raw: bytes, headers: Any, request_id: str, context: Any) -> bytes:
        request = messages_check.parse(raw, messages.ModelReadyRequest)
        model = self._calls.parts.catalogue.models.get(request.name)
        if model is None:
            raise NotFoundError(f"there is no model {request.name[:128]!r}")
        ready = await self._health.is_ready(model.triton, request.version)
        return messages.ModelReadyResponse(ready=ready).SerializeToString()

    async def _server_metadata(
        self, raw: bytes, headers: Mapping[str, str], request_id: str, context: Any
    ) -> bytes:
        messages_check.parse(raw, messages.ServerMetadataRequest)
        self._calls.tenant(headers)
        return messages.ServerMetadataResponse(**describe.server()).SerializeToString()

    async def _model_metadata(
        self, raw: bytes, headers: Mapping[str, str], request_id: str, context: Any
    ) -> bytes:
        request = messages_check.parse(raw, messages.ModelMetadataRequest)
        call = self._calls.begin(request_id, request.name, headers, context.time_remaining())
        metadata = await self._relay.metadata(call, request.version)
        described = describe.model(request.name, metadata)
        return messages.ModelMetadataResponse(**described).SerializeToString()

    async def _model_infer(
        self, raw: bytes, headers: Mapping[str, str], request_id: str, context: Any
    ) -> bytes:
        call: Call | None = None
        try:
            self._refuse_new()
            request = messages_check.parse(raw)
            seconds = context.time_remaining()
            call = self._calls.begin(request_id, request.model_name, headers, seconds)
            return await self._relay.infer(call, request, raw)
        except GatewayError as error:
            self._calls.refused(request_id, call, error)
            raise

    def _refuse_new(self) -> None:
        if self._drain.draining:
            raise UnavailableError("the gateway is shutting down", retry_after=1.0)

    async def _streamed(self, requests: Any, context: Any) -> AsyncGenerator[bytes]:
        headers, request_id = _metadata(context)
        strict = headers.get("triton_grpc_error", "").lower() == "true"
        session = _Session(self, headers, request_id, context, strict=strict)
        try:
            with self._drain:
                async with aclosing(session.answers(requests)) as answers:
                    async for answer in answers:
                        yield answer
        except Exception as error:
            await abort(context, error, request_id)
            raise

    async def one(
        self, raw: bytes, headers: Mapping[str, str], request_id: str, seconds: float | None
    ) -> AsyncGenerator[Any]:
        """The answers to one request of a stream."""
        call: Call | None = None
        try:
            self._refuse_new()
            request = messages_check.parse(raw)
            call = self._calls.begin(request_id, request.model_name, headers, seconds)
            async with aclosing(self._relay.stream(call, request)) as responses:
                async for response in responses:
                    yield response
        except GatewayError as error:
            self._calls.refused(request_id, call, error)
            raise


class _Session:
    """One stream of a client: its requests are answered side by side, as Triton does.

    An error is a message of the stream that names the request. With ``triton_grpc_error`` in the
    metadata, or where nothing else is being answered and there is no room, it ends the stream.
    """

    def __init__(
        self,
        protocol: GrpcProtocol,
        headers: Mapping[str, str],
        request_id: str,
        context: Any,
        *,
        strict: bool,
    ) -> None:
        self._protocol = protocol
        self._headers = headers
        self._id = request_id
        self._context = context
        self._strict = strict
        self._count = 0
        self._running: set[asyncio.Task[None]] = set()
        # Nothing is read ahead of the client: a slow one slows Triton's stream down.
        self._ready: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(maxsize=1)

    async def answers(self, requests: Any) -> AsyncGenerator[bytes]:
        """All answers, in the order in which they come."""
        reader = asyncio.create_task(self._read(requests))
        try:
            while (item := await self._ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            left = [reader, *self._running]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _read(self, requests: Any) -> None:
        try:
            async for raw in requests:
                while len(self._running) >= REQUESTS_PER_STREAM:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                self._count += 1
                task = asyncio.create_task(self._answer(raw, self._count))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                if _is_sequence(raw):
                    await asyncio.wait([task])  # its requests must stay in their order
            if self._running:
                await asyncio.wait(self._running)
            await self._ready.put(None)
        except Exception as error:  # noqa: BLE001 - raised where the answers are sent
            await self._ready.put(error)

    async def _answer(self, raw: bytes, number: int) -> None:
        request_id = self._id if number == 1 else f"{self._id}.{number}"
        one = self._protocol.one(raw, self._headers, request_id, self._context.time_remaining())
        try:
            async with aclosing(one) as responses:
                async for response in responses:
                    answer = messages.ModelStreamInferResponse(infer_response=response)
                    await self._ready.put(answer.SerializeToString())
        except GatewayError as error:
            alone = len(self._running) == 1 and error.status in (401, 429, 503)
            await self._ready.put(error if self._strict or alone else _said(error, raw))
        except Exception as error:  # noqa: BLE001 - as above
            await self._ready.put(error)


def _is_sequence(raw: bytes) -> bool:
    return b"sequence_id" in raw


def _said(error: GatewayError, raw: bytes) -> bytes:
    """An error as a message of the stream, with id and model of its request."""
    answer = messages.ModelStreamInferResponse(error_message=error.message)
    with suppress(GatewayError):
        request = messages_check.parse(raw)
        answer.infer_response.id = request.id
        answer.infer_response.model_name = request.model_name
    return answer.SerializeToString()


def _metadata(context: Any) -> tuple[dict[str, str], str]:
    """Metadata of a call in text, and its request id."""
    headers = {
        key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)
    }
    return headers, request_id(headers.get("x-request-id", ""))


async def abort(context: Any, error: Exception, request_id: str = "") -> None:
    """End a call with an error; what nobody foresaw is logged, and INTERNAL."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, GatewayError):
        logger.error("request %s failed", request_id, exc_info=error)
        error = GatewayError("the gateway failed on this request; its log says why")
    await context.abort(code_of(error), error.message[:2000], trailing(error, request_id))
