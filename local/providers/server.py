"""gRPC side of a stand-in provider: one servicer per package."""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local.patience import Patience, StoppedError, using
from local.providers import model, wire
from local.providers.values import from_struct, to_struct

LOG = logging.getLogger("local.providers")
BIGGEST_MESSAGE = 400 * 1024 * 1024
"""As the engine's own limit: states may hold whole CRDs."""

SPARE_THREADS = 64
"""For requests that wait for their turn, and for Cancel; made when they are needed."""

Answer = TypeVar("Answer")


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one package.

    All provider instances of a package share this process, each over a connection of its own, so
    sessions are told apart by the peer's address. A session stays after the engine's Cancel, but
    waits no more. More threads than requests that are worked on, so that a Cancel always finds one.
    """

    def __init__(self, package: model.Package) -> None:
        self._package = package
        self._sessions: dict[str, model.Session] = {}
        self._engines: dict[str, str] = {}
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(package.threads)

    # Life of the plugin

    def Handshake(  # noqa: N802 - named by the protocol, as are the methods below
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Agree on the protocol: plain values, but for packages of components."""
        with self._lock:
            self._engines[context.peer()] = request.engine_address
        rich = self._package.builds_components
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=rich, accept_resources=rich, accept_outputs=rich
        )

    def Attach(  # noqa: N802
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remember where the engine listens."""
        with self._lock:
            self._engines[context.peer()] = request.address
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """Tell the version."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._package.version)

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Tell name and version only: SDKs come from the official provider."""
        del request, context
        schema = {"name": self._package.name, "version": self._package.version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Cancel(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """End the waits of this connection's session; the process stays for the next operation."""
        with self._lock:
            session = self._sessions.get(context.peer())
        if session is not None:
            LOG.info("cancelled: %s", context.peer())
            session.cancel()
        return empty_pb2.Empty()

    # Configuration

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Validate a provider's inputs."""

        def answer() -> provider_pb2.CheckResponse:
            config = from_struct(request.news)
            failures = self._package.check_config(config)
            return provider_pb2.CheckResponse(
                inputs=to_struct(config), failures=map(wire.failure, failures)
            )

        return self._answer(context, f"provider {request.name}: check", answer)

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare a provider's inputs."""

        def answer() -> provider_pb2.DiffResponse:
            old, new = from_struct(request.old_inputs), from_struct(request.news)
            return wire.diff_response(self._package.diff_config(old, new))

        return self._answer(context, f"provider {request.name}: diff", answer)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Make the session of this connection."""

        def answer() -> provider_pb2.ConfigureResponse:
            session = self._package.configure(from_struct(request.args))
            with self._lock:
                self._sessions[context.peer()] = session
            rich = self._package.builds_components
            return provider_pb2.ConfigureResponse(
                acceptSecrets=rich,
                acceptResources=rich,
                acceptOutputs=rich,
                supportsPreview=True,
            )

        return self._answer(context, f"provider {self._package.name}: configure", answer)

    # Resources

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Validate inputs and fill in defaults."""

        def answer() -> provider_pb2.CheckResponse:
            checked = self._session(context).check(
                model.CheckRequest(
                    **wire.names(request),
                    old_inputs=from_struct(request.olds),
                    inputs=from_struct(request.news),
                    random_seed=request.randomSeed,
                )
            )
            return provider_pb2.CheckResponse(
                inputs=to_struct(checked.inputs), failures=map(wire.failure, checked.failures)
            )

        return self._answer(context, wire.what(request, "check"), answer)

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare inputs."""

        def answer() -> provider_pb2.DiffResponse:
            diff = self._session(context).diff(
                model.DiffRequest(
                    **wire.names(request),
                    id=request.id,
                    old_inputs=from_struct(request.old_inputs),
                    old_outputs=from_struct(request.olds),
                    inputs=from_struct(request.news),
                    ignore_changes=tuple(request.ignoreChanges),
                )
            )
            return wire.diff_response(diff)

        return self._answer(context, wire.what(request, "diff"), answer)

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource."""

        def answer() -> provider_pb2.CreateResponse:
            state = self._session(context).create(
                model.CreateRequest(
                    **wire.names(request),
                    inputs=from_struct(request.properties),
                    preview=request.preview,
                    timeout=request.timeout,
                )
            )
            return provider_pb2.CreateResponse(id=state.id, properties=to_struct(state.outputs))

        return self._answer(context, wire.what(request, "create"), answer)

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Report a resource; an empty answer means that it is gone."""

        def answer() -> provider_pb2.ReadResponse:
            inputs = from_struct(request.inputs)
            state = self._session(context).read(
                model.ReadRequest(
                    **wire.names(request),
                    id=request.id,
                    inputs=inputs,
                    outputs=from_struct(request.properties),
                    timeout=request.timeout,
                )
            )
            if state is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=state.id,
                properties=to_struct(state.outputs),
                inputs=to_struct(inputs if state.inputs is None else state.inputs),
            )

        return self._answer(context, wire.what(request, "read"), answer)

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place."""

        def answer() -> provider_pb2.UpdateResponse:
            state = self._session(context).update(
                model.UpdateRequest(
                    **wire.names(request),
                    id=request.id,
                    old_inputs=from_struct(request.old_inputs),
                    old_outputs=from_struct(request.olds),
                    inputs=from_struct(request.news),
                    ignore_changes=tuple(request.ignoreChanges),
                    preview=request.preview,
                    timeout=request.timeout,
                )
            )
            return provider_pb2.UpdateResponse(properties=to_struct(state.outputs))

        return self._answer(context, wire.what(request, "update"), answer)

    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove a resource."""

        def answer() -> empty_pb2.Empty:
            self._session(context).delete(
                model.DeleteRequest(
                    **wire.names(request),
                    id=request.id,
                    old_inputs=from_struct(request.old_inputs),
                    old_outputs=from_struct(request.properties),
                    timeout=request.timeout,
                )
            )
            return empty_pb2.Empty()

        return self._answer(context, wire.what(request, "delete"), answer)

    # Functions and components

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a function."""

        def answer() -> provider_pb2.InvokeResponse:
            result = self._session(context).invoke(request.tok, from_struct(request.args))
            response = provider_pb2.InvokeResponse()
            # The field is named by a keyword of Python.
            getattr(response, "return").CopyFrom(to_struct(result))
            return response

        return self._answer(context, request.tok, answer)

    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Make a component."""
        with self._lock:
            engine = self._engines.get(context.peer(), "")
        return self._answer(
            context,
            wire.what(request, "construct"),
            lambda: self._package.construct(request, engine),
        )

    # Helpers

    def _session(self, context: grpc.ServicerContext) -> model.Session:
        with self._lock:
            session = self._sessions.get(context.peer())
        if session is None:
            raise model.ProviderError("the provider was not configured over this connection")
        return session

    def _answer(
        self, context: grpc.ServicerContext, what: str, answer: Callable[[], Answer]
    ) -> Answer:
        with self._lock:
            session = self._sessions.get(context.peer())
        try:
            with self._turns, using(session.patience if session else Patience()):
                return answer()
        except StoppedError as error:
            LOG.info("%s: %s", what, error)
            context.abort(grpc.StatusCode.UNKNOWN, f"{what}: {error}")
        except model.PartialError as error:
            wire.abort_partial(context, what, error)
        except model.ProviderError as error:
            LOG.info("%s: %s", what, error)
            context.abort(grpc.StatusCode.UNKNOWN, f"{what}: {error}")
        except Exception as error:  # the user gets a sentence, the log the trace
            LOG.exception("%s", what)
            cause = f"fault of the local stand-in, {type(error).__name__}: {error}"
            context.abort(grpc.StatusCode.UNKNOWN, f"{what}: {cause} (trace in providers.log)")


def serve(
    package: model.Package, interceptors: Sequence[grpc.ServerInterceptor] = ()
) -> tuple[grpc.Server, int]:
    """Start a server for `package` on a free loopback port; returns it and the port."""
    server = grpc.server(
        ThreadPoolExecutor(package.threads + SPARE_THREADS, thread_name_prefix=package.name),
        interceptors=list(interceptors),
        options=[
            ("grpc.max_receive_message_length", BIGGEST_MESSAGE),
            ("grpc.max_send_message_length", BIGGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(package), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
