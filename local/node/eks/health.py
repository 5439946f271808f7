"""``/healthz`` of a process, on loopback."""

import socketserver
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """An HTTP server that asks nobody for the name of its address: that can take seconds."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, and take the address for its name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


def serve_health(port: int, troubles: Sequence[Callable[[], str]]) -> None:
    """Answer ``/healthz`` in a thread.

    Args:
        port: Port on 127.0.0.1.
        troubles: Each says what is wrong, in words; empty for nothing.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wrong = [text for text in (trouble() for trouble in troubles) if text]
            body = ("; ".join(wrong) or "ok").encode()
            self.send_response(503 if wrong else 200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Health is asked all the time: nothing to write down."""

    server = Server((LOOPBACK, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
