"""The gRPC connection to Triton: calls, deadlines, trying again where nothing was sent."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import grpc

from gateway.errors import DeadlineError, UnavailableError
from gateway.upstream import failures, messages
from gateway.upstream.settings import UpstreamSettings

_FIRST_PAUSE = 0.05
"""Seconds before the first new attempt; doubled for each further one."""
_aio: Any = grpc.aio
_END: Any = _aio.EOF


class Channel:
    """Calls of Triton's ``inference.GRPCInferenceService``.

    Requests and responses may be messages or serialised ones; what is only passed on is never
    parsed. A lost connection is rebuilt in the background, at the latest after a second.

    Args:
        settings: Where Triton is.
        failed: Told what Triton says about each of its failures.
    """

    def __init__(self, settings: UpstreamSettings, failed: Callable[[str], None]) -> None:
        size = settings.message_megabytes * 1024 * 1024
        keepalive = int(settings.keepalive_seconds * 1000)
        self._settings = settings
        self._failed = failed
        self._retries = settings.connect_retries
        self._options = [
            ("grpc.max_send_message_length", size),
            ("grpc.max_receive_message_length", size),
            ("grpc.keepalive_time_ms", keepalive),
            ("grpc.keepalive_timeout_ms", 5000),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", int(settings.connect_seconds * 1000)),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
        ]
        self._open_methods: _Methods | None = None
        self._running: dict[str, set[_OpenStream]] = {}

    @property
    def _methods(self) -> "_Methods":
        # grpc.aio ties a channel to the event loop that runs when it is made.
        if self._open_methods is None:
            self._open_methods = _Methods(self._settings, self._options)
        return self._open_methods

    async def close(self) -> None:
        """End all calls and the connection."""
        if self._open_methods is not None:
            await self._open_methods.channel.close()

    async def is_ready(self, model: str, version: str, seconds: float) -> bool:
        """Whether the server, or one of its models, is ready; False when it does not answer."""
        if model:
            method, kind = self._methods.model_ready, messages.ModelReadyResponse
            request = messages.ModelReadyRequest(name=model, version=version)
        else:
            method, kind = self._methods.ready, messages.ServerReadyResponse
            request = messages.ServerReadyRequest()
        try:
            answer = await method(request.SerializeToString(), timeout=seconds)
        except grpc.aio.AioRpcError:
            return False
        return bool(kind.FromString(answer).ready)

    async def infer(self, request: bytes, *, model: str, deadline: float, trace: str) -> bytes:
        """One request, one answer, both serialised.

        Args:
            request: A ``ModelInferRequest``.
            model: Name of Triton's model, for the log.
            deadline: `time.monotonic` after which nobody waits.
            trace: ``traceparent``, or empty.

        Raises:
            GatewayError: One of those of `gateway.contract.Upstream.generate`.
        """

        async def attempt() -> bytes:
            return await self._methods.infer(
                request, timeout=remaining(deadline), metadata=sent(trace)
            )

        return await self._retried(attempt, model, deadline)

    async def _retried(
        self, attempt: Callable[[], Awaitable[bytes]], model: str, deadline: float
    ) -> bytes:
        pause, left = _FIRST_PAUSE, self._retries
        while True:
            try:
                return await attempt()
            except grpc.aio.AioRpcError as error:
                if not left or not failures.never_sent(error) or time.monotonic() > deadline:
                    self._failed(error.details() or "")
                    raise failures.from_rpc(error, model) from None
            await asyncio.sleep(pause)
            pause, left = pause * 2, left - 1

    async def stream(
        self, request: bytes, *, model: str, deadline: float, trace: str, piecewise: bool = True
    ) -> AsyncGenerator[bytes]:
        """One request, any number of answers; closing the generator cancels the work in Triton.

        Arguments and errors as for `infer`. It is tried again only before it was sent.

        Args:
            request: A ``ModelInferRequest``.
            model: Name of Triton's model.
            deadline: `time.monotonic` after which nobody waits.
            trace: ``traceparent``, or empty.
            piecewise: Whether answers come all the time, so that silence means trouble.
        """
        pause, left = _FIRST_PAUSE, self._retries
        running = self._running.setdefault(model, set())
        while True:
            call = self._methods.stream(
                request, timeout=remaining(deadline), metadata=sent(trace, strict=True)
            )
            opened = _OpenStream(call, self._settings.silence_seconds if piecewise else 0.0)
            running.add(opened)
            try:
                opened.reads()
                while (response := await call.read()) is not _END:
                    left = 0
                    opened.waits_for_the_client()
                    yield response
                    opened.reads()
                return
            except asyncio.CancelledError:
                if not opened.abandoned:
                    raise
                raise UnavailableError(
                    "the model does not answer any more; try again later",
                    retry_after=failures.RETRY_SECONDS,
                ) from None
            except grpc.aio.AioRpcError as error:
                if not left or not failures.never_sent(error) or time.monotonic() > deadline:
                    self._failed(error.details() or "")
                    raise failures.from_rpc(error, model) from None
            finally:
                running.discard(opened)
                opened.close()
            await asyncio.sleep(pause)
            pause, left = pause * 2, left - 1

    def abandon(self, model: str) -> None:
        """Give up all streams of a model that will never answer them."""
        for opened in tuple(self._running.get(model, ())):
            opened.abandon()


class _OpenStream:
    """A stream to Triton that is given up when it is silent for too long.

    Triton never ends the streams of a Python model whose process died.

    Attributes:
        abandoned: Whether it was given up.
    """

    def __init__(self, call: Any, silence: float) -> None:
        self._call = call
        self._silence = silence
        self._reading_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(silence, self._look) if silence else None
        self.abandoned = False

    def reads(self) -> None:
        """The next response is waited for."""
        self._reading_since = self._loop.time()

    def waits_for_the_client(self) -> None:
        """The client reads; its time is not the model's silence."""
        self._reading_since = 0.0

    def abandon(self) -> None:
        """Give it up."""
        self.abandoned = True
        self._call.cancel()

    def close(self) -> None:
        """End it; what is still running in Triton is cancelled."""
        if self._timer is not None:
            self._timer.cancel()
        self._call.cancel()

    def _look(self) -> None:
        silent = self._loop.time() - self._reading_since if self._reading_since else 0.0
        if silent >= self._silence:
            self.abandon()
        else:
            self._timer = self._loop.call_later(self._silence - silent, self._look)


class _Methods:
    """A channel, and the methods that are called on it."""

    def __init__(self, settings: UpstreamSettings, options: Sequence[tuple[str, int]]) -> None:
        self.channel: Any = (
            grpc.aio.secure_channel(settings.grpc, grpc.ssl_channel_credentials(), options)
            if settings.tls
            else grpc.aio.insecure_channel(settings.grpc, options)
        )
        self.infer: Any = self.channel.unary_unary(f"/{messages.SERVICE}/ModelInfer")
        self.ready: Any = self.channel.unary_unary(f"/{messages.SERVICE}/ServerReady")
        self.model_ready: Any = self.channel.unary_unary(f"/{messages.SERVICE}/ModelReady")
        # One request a stream looks the same on the wire, and takes fewer steps here.
        self.stream: Any = self.channel.unary_stream(f"/{messages.SERVICE}/ModelStreamInfer")


def remaining(deadline: float) -> float:
    """Seconds that are left.

    Raises:
        DeadlineError: None.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError("the request's deadline passed before it reached the model")
    return left


def sent(trace: str, *, strict: bool = False) -> tuple[tuple[str, str], ...]:
    """Metadata for Triton.

    Args:
        trace: ``traceparent``, or empty.
        strict: Whether an error ends the stream with its status, instead of coming as a message.
    """
    pairs = (("traceparent", trace),) if trace else ()
    return (*pairs, ("triton_grpc_error", "true")) if strict else pairs
