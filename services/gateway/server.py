"""The gateway's process: KServe's `ModelServer` with the gateway's routes, limits and drain."""

import asyncio
import gc
import logging
import resource
import signal
import socket
from contextlib import nullcontext
from typing import Any

import uvicorn
import uvloop

from gateway.assembly import Parts
from gateway.edge import Edge
from gateway.grpc_server import GrpcServer
from gateway.http_server import BoundedProtocol
from gateway.kserving import (
    BaseKServeModel,
    ModelRepository,
    ModelServer,
    RESTServer,
    app,
    metrics_handler,
)
from gateway.openai.endpoint import Limits
from gateway.openai.routes import register
from gateway.protocol.calls import Calls
from gateway.protocol.grpc_service import GrpcProtocol
from gateway.protocol.health import Health
from gateway.protocol.relay import Relay
from gateway.protocol.rest import RestProtocol

logger = logging.getLogger("gateway")


class ListenError(Exception):
    """A port cannot be used."""


class TritonModel(BaseKServeModel):
    """A model of the catalogue in KServe's registry; it is as healthy as Triton says."""

    def __init__(self, name: str, triton: str, health: Health) -> None:
        super().__init__(name)
        self._triton = triton
        self._health = health
        self.ready = True

    async def healthy(self) -> bool:
        """Whether Triton has it ready."""
        return await self._health.is_ready(self._triton)


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the gateway, which has more than one server to end."""

    def capture_signals(self) -> Any:
        return nullcontext()


class _Rest(RESTServer):
    """KServe's REST server with the gateway's routes in place of KServe's own.

    KServe's first protocol (``/v1/models``) would hide OpenAI's, its routes for loading models are
    an operator's, its handlers send what exceptions say to clients, and its middleware measures
    every request twice.
    """

    def __init__(self, server: "GatewayServer", edge: Any) -> None:
        super().__init__(
            edge, server.dataplane, server.model_repository_extension, server.http_port
        )
        listen = server.parts.settings.listen
        self.config = uvicorn.Config(
            edge,
            http=BoundedProtocol.limited(listen.header_bytes, listen.header_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=listen.connections,
            timeout_keep_alive=listen.keep_alive_seconds,
            timeout_graceful_shutdown=1,
        )
        self.uvicorn = self._server = _Uvicorn(self.config)

    def create_application(self) -> None:
        """KServe's application is complete already."""


class GatewayServer(ModelServer):
    """KServe's server of the catalogue's models.

    Args:
        parts: The gateway's parts; closed when it ends.
    """

    def __init__(self, parts: Parts) -> None:
        listen = parts.settings.listen
        super().__init__(
            http_port=listen.http_port,
            grpc_port=listen.grpc_port,
            workers=1,
            registered_models=ModelRepository(),
            enable_latency_logging=False,
            grace_period=int(listen.drain),
        )
        self.parts = parts
        self._health = Health(parts.upstream, parts.drain)
        calls = Calls(parts)
        relay = Relay(calls)
        register(app, parts, Limits(listen.body_bytes, listen.deadline_seconds))
        app.add_api_route("/", self.dataplane.live, include_in_schema=False)
        app.add_api_route("/metrics", metrics_handler, include_in_schema=False)
        self._edge = Edge(
            listen, parts.drain, parts.telemetry, RestProtocol(calls, relay, self._health), app
        )
        self._rest = _Rest(self, self._edge)
        self._grpc = GrpcServer(
            listen, self, GrpcProtocol(calls, relay, self._health, parts.drain), self._health
        )
        for model in parts.catalogue.models.values():
            gate = parts.admission.gate(model.name)
            parts.telemetry.watch_queue(
                model.name,
                waiting=lambda gate=gate: gate.waiting,
                busy=lambda gate=gate: gate.active,
            )

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain; a second signal ends it at once.

        Raises:
            ListenError: A port cannot be used.
        """
        _raise_open_files()
        models = self.parts.catalogue.models.values()
        self._register_and_check_atleast_one_model_is_ready(
            [TritonModel(each.name, each.triton, self._health) for each in models]
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        listen = self.parts.settings.listen
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_report)
        signals = _Signals(loop)
        try:
            door = _bind(listen.host, listen.http_port)
            try:
                await self._grpc.start()
            except OSError as error:
                door.close()
                raise ListenError(f"listen.grpc_port: {error}") from None
            # What has been made so far lives as long as the process: no need to look at it again.
            gc.collect()
            gc.freeze()
            serving = asyncio.create_task(self._rest.uvicorn.serve([door]))
            logger.info(
                "answers on http://%s:%d and grpc://%s:%d",
                listen.host,
                listen.http_port,
                listen.host,
                listen.grpc_port,
            )
            await _first(serving, signals.first)
            await self._end(signals)
            self._rest.uvicorn.should_exit = True
            await serving
        finally:
            await self.parts.close()

    async def _end(self, signals: "_Signals") -> None:
        """Refuse what is new, finish what is running."""
        listen = self.parts.settings.listen
        drain = self.parts.drain
        drain.begin()
        logger.info("ending: %d requests are still being answered", drain.running)
        finishing = asyncio.create_task(self._finish(listen.drain, listen.linger_seconds))
        await _first(finishing, signals.second)
        finishing.cancel()
        await self._grpc.stop()
        if drain.running:
            logger.warning("ended with %d requests unanswered", drain.running)

    async def _finish(self, seconds: float, linger: float) -> None:
        await asyncio.gather(self.parts.drain.finish(seconds), asyncio.sleep(linger))


class _Signals:
    """SIGTERM and SIGINT, as futures: the first one, and the one after it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.first: asyncio.Future[None] = loop.create_future()
        self.second: asyncio.Future[None] = loop.create_future()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._came)

    def _came(self) -> None:
        for future in (self.first, self.second):
            if not future.done():
                future.set_result(None)
                return


async def _first(*waited: asyncio.Future[Any]) -> None:
    """Wait until one of them is done; raises what a done task raised."""
    done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    for each in done:
        each.result()


def _raise_open_files() -> None:
    """Each connection is an open file, and a shell's limit is often a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ListenError(f"listen.http_port: port {port} of {host}: {reason}") from None


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    logger.error("%s", context.get("message"), exc_info=context.get("exception"))
