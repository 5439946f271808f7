"""Asking a served model through an address that is not its name, with an authority of its own."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.cli.http_api import Server
from local.cluster import pki
from local.errors import LocalCloudError

NAME = "kubernetes.default.svc"
"""A name in the certificate that no resolver of this machine knows."""


class Echo(BaseHTTPRequestHandler):
    """Says what it was asked for."""

    def do_GET(self) -> None:
        body = json.dumps({"host": self.headers["Host"], "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        del format, args


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("tls") / "pki")


@pytest.fixture(scope="module")
def port(credentials: pki.Pki) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credentials.serving.cert, credentials.serving.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def served(port: int, authority: Path, name: str = NAME) -> Server:
    return Server(f"https://{name}", address=("127.0.0.1", port), authority=authority.read_text())


def test_the_name_is_asked_for_at_the_address(port: int, credentials: pki.Pki) -> None:
    answer = served(port, credentials.ca).call("GET", "/v1/models")

    assert answer == {"host": NAME, "path": "/v1/models"}


def test_another_authority_is_not_trusted(port: int, credentials: pki.Pki) -> None:
    with pytest.raises(LocalCloudError, match="certificate verify failed"):
        served(port, credentials.etcd_ca).call("GET", "/v1/models")


def test_another_name_is_not_believed(port: int, credentials: pki.Pki) -> None:
    with pytest.raises(LocalCloudError, match=r"not valid for 'models\.example\.com'"):
        served(port, credentials.ca, "models.example.com").call("GET", "/v1/models")
