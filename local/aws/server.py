"""The HTTP server. It listens at once, while moto, which takes seconds to import, is loaded."""

import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, cast

from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import own_paths
from local.aws.facts import Facts, set_facts
from local.aws.install import install, prepare


class Front:
    """Answers who the cloud is right away; other requests wait until moto is loaded."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._loaded = threading.Event()
        self._application: Any = None

    def load(self, server: BaseWSGIServer) -> None:
        """Import moto and let `server` read requests as moto wants them; for a thread."""
        try:
            install()
            from local.aws.application import (  # noqa: PLC0415 imports moto
                MotoApplication,
                MotoRequestHandler,
            )

            application = MotoApplication(self._facts)
            server.RequestHandlerClass = MotoRequestHandler
            self._application = application
        except Exception:  # noqa: BLE001 the thread ends here, and requests must not hang
            traceback.print_exc()
        finally:
            self._loaded.set()
        if self._application is not None:
            self._application.warm()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """WSGI entry point."""
        if environ["PATH_INFO"] == own_paths.IDENTITY:
            return own_paths.identity(start_response)
        self._loaded.wait()
        if self._application is None:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"the local cloud could not load moto; its log says why\n"]
        return self._application(environ, start_response)


def make(facts: Facts, port: int, host: str = "127.0.0.1") -> BaseWSGIServer:
    """A server that listens on `host`:`port` (0: any free one) when it returns.

    Raises:
        OSError: The port is taken.
    """
    set_facts(facts)
    prepare()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    front = Front(facts)
    # werkzeug would print and exit by itself when the port is taken, so it gets a bound socket
    with socket.create_server((host, port), backlog=128) as listener:
        number = listener.getsockname()[1]
        server = make_server(host, number, cast("Any", front), threaded=True, fd=listener.fileno())
        server.server_port = number
    threading.Thread(target=front.load, args=(server,), name="load moto", daemon=True).start()
    return server
