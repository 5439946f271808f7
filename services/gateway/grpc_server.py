"""KServe's gRPC server with the gateway's service, health and reflection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from gateway.errors import GatewayError, NotFoundError
from gateway.kserving import GRPCServer
from gateway.listen import ListenSettings
from gateway.protocol.grpc_service import GrpcProtocol, abort
from gateway.protocol.health import Health
from gateway.protocol.messages_check import parse
from gateway.upstream import messages

HEALTH = "grpc.health.v1.Health"
SERVICES = (messages.SERVICE, HEALTH, reflection.SERVICE_NAME)
WATCH_SECONDS = 1.0
"""How soon a client that watches health is told of a change."""


class GrpcServer(GRPCServer):
    """KServe's gRPC server on the gateway's address, with the gateway's handlers."""

    def __init__(
        self, listen: ListenSettings, server: Any, protocol: GrpcProtocol, health: Health
    ) -> None:
        kserve: Any = super()
        kserve.__init__(
            listen.grpc_port, server.dataplane, server.model_repository_extension, kwargs={}
        )
        self._listen = listen
        self._handlers = (
            protocol.handler(),
            _HealthService(health).handler(),
            _reflection_handler(),
        )

    async def start(self, max_workers: int = 0) -> None:
        """Listen; returns as soon as it does.

        Raises:
            OSError: The port cannot be used.
        """
        listen = self._listen
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", listen.body_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", listen.header_bytes),
                ("grpc.absolute_max_metadata_size", listen.header_bytes),
                # Two processes on one port would share its requests without a word.
                ("grpc.so_reuseport", 0),
                ("grpc.http2.min_ping_interval_without_data_ms", 5000),
            ],
            maximum_concurrent_rpcs=listen.connections,
        )
        self._server.add_generic_rpc_handlers(self._handlers)
        try:
            self._server.add_insecure_port(f"{host}:{listen.grpc_port}")
        except RuntimeError as error:
            raise OSError(f"port {listen.grpc_port} of {listen.host} cannot be used") from error
        await self._server.start()

    async def stop(self, sig: Any = None, seconds: float = 0.0) -> None:
        """End; calls that are still running are cancelled after so many seconds."""
        await self._server.stop(seconds)


class _HealthService:
    """``grpc.health.v1.Health``: ready or not, for every service alike."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def handler(self) -> Any:
        methods: dict[str, Any] = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(HEALTH, methods)

    async def _response(self, raw: bytes) -> bytes:
        request = parse(raw, health_pb2.HealthCheckRequest)
        if request.service not in ("", *SERVICES):
            raise NotFoundError(f"there is no service {request.service[:128]!r}")
        states: Any = health_pb2.HealthCheckResponse
        state = states.SERVING if await self._health.is_ready() else states.NOT_SERVING
        return states(status=state).SerializeToString()

    async def _check(self, raw: bytes, context: Any) -> bytes:
        try:
            return await self._response(raw)
        except GatewayError as error:
            await abort(context, error)
            raise

    async def _watch(self, raw: bytes, context: Any) -> AsyncIterator[bytes]:
        told = b""
        while True:
            try:
                now = await self._response(raw)
            except NotFoundError:
                states: Any = health_pb2.HealthCheckResponse
                now = states(status=states.SERVICE_UNKNOWN).SerializeToString()
            except GatewayError as error:
                await abort(context, error)
                raise
            if now != told:
                told = now
                yield now
            await asyncio.sleep(WATCH_SECONDS)


def _reflection_handler() -> Any:
    """Reflection, from a pool of all that is served here."""
    pool: Any = descriptor_pool.DescriptorPool()
    for described in (messages.FILE_DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        file: Any = descriptor_pb2.FileDescriptorProto()
        described.CopyToProto(file)
        pool.Add(file)
    servicer: Any = reflection.aio.ReflectionServicer(SERVICES, pool)

    async def info(requests: Any, context: Any) -> AsyncIterator[bytes]:
        async def parsed() -> AsyncIterator[Any]:
            async for raw in requests:
                yield parse(raw, reflection_pb2.ServerReflectionRequest)

        try:
            async for response in servicer.ServerReflectionInfo(parsed(), context):
                yield response.SerializeToString()
        except GatewayError as error:
            await abort(context, error)
            raise

    return grpc.method_handlers_generic_handler(
        reflection.SERVICE_NAME,
        {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(info)},
    )
