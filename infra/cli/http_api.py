"""HTTP to the gateway and to Triton: one request, read as it comes; errors in words."""

import http.client
import json
import socket
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from infra.cli.sse import error_message
from llm_platform.problems import InvalidInputsError, Problem
from local.errors import LocalCloudError

CONNECT_SECONDS = 5.0
READ_BYTES = 64 * 1024
LONGEST_ERROR = 64 * 1024


class Refusal(Exception):  # noqa: N818 - an answer of the server, not a fault of this program
    """A status other than 200.

    Attributes:
        status: HTTP status.
        message: The server's own words.
        retry_after: Value of ``Retry-After``; empty when there is none.
    """

    def __init__(self, status: int, message: str, retry_after: str = "") -> None:
        super().__init__(f"{message} ({status})")
        self.status = status
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True)
class Server:
    """A server to ask.

    Attributes:
        url: Its address, with a path before the API's if there is one.
        key: API key, empty for none.
        start: The command that starts it, for errors.
        address: Host and port to connect to in place of those of `url`, whose host remains what is
            asked for, in TLS too; none for those of `url`.
        authority: Certificate in PEM of who vouches for it; empty for those that Python trusts.
    """

    url: str
    key: str = ""
    start: str = "make serve"
    address: tuple[str, int] | None = None
    authority: str = ""

    def check(self) -> None:
        """Refuse an address that is none.

        Raises:
            InvalidInputsError: It is none.
        """
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number
            good = False
        if not good:
            problem = Problem("--url", f"{self.url!r} is no address", "http://HOST:PORT or https")
            raise InvalidInputsError("command line", [problem])

    def call(self, method: str, path: str, body: Any = None, seconds: float = 30.0) -> Any:
        """Ask and read the whole answer.

        Returns:
            The JSON of the answer; None when it is empty.

        Raises:
            Refusal: The server refuses.
            LocalCloudError: It cannot be reached, or does not answer in `seconds`.
        """
        with self.asked(method, path, body, seconds) as response:
            data = response.read()
        try:
            return json.loads(data) if data.strip() else None
        except ValueError:
            raise LocalCloudError(
                f"what answers at {self.url} is no server of this kind: {path} gives no JSON",
                "give the address of another one by --url",
            ) from None

    @contextmanager
    def asked(
        self, method: str, path: str, body: Any, seconds: float
    ) -> Generator[http.client.HTTPResponse]:
        """Ask; the answer is read while the context lasts, and given up when it ends.

        Args:
            method: HTTP method.
            path: Path of the API, with a leading slash.
            body: What is sent as JSON; None for nothing.
            seconds: Longest time without a byte.
        """
        self.check()
        with self._unreachable(), self._connected() as connection:
            headers, data = self._headers(), None
            if body is not None:
                headers["Content-Type"] = "application/json"
                data = json.dumps(body).encode()
            _wait_at_most(connection, seconds)
            connection.request(method, urlsplit(self.url).path.rstrip("/") + path, data, headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response)
            yield response

    @contextmanager
    def _connected(self) -> Generator[http.client.HTTPConnection]:
        # Not urllib: it would send loopback requests to a proxy that the environment names.
        parts = urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
        try:
            if self.address is None and not self.authority:
                connection.connect()
            else:
                connection.sock = self._socket(connection, secure=parts.scheme == "https")
            yield connection
        finally:
            connection.close()

    def _socket(self, to: http.client.HTTPConnection, *, secure: bool) -> socket.socket:
        """A socket to `address`, with a certificate of the host that is asked for."""
        opened = socket.create_connection(self.address or (to.host, to.port), CONNECT_SECONDS)
        if not secure:
            return opened
        try:
            context = ssl.create_default_context(cadata=self.authority or None)
            return context.wrap_socket(opened, server_hostname=to.host)
        except BaseException:
            opened.close()
            raise

    @contextmanager
    def _unreachable(self) -> Generator[None]:
        try:
            yield
        except TimeoutError:
            raise LocalCloudError(
                f"{self.url} does not answer in time", "try again; see its logs if it stays so"
            ) from None
        except ConnectionRefusedError:
            raise LocalCloudError(
                f"nothing answers at {self.url}", f"start it: {self.start}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise LocalCloudError(
                f"{self.url} cannot be reached, or broke off: {str(error) or type(error).__name__}",
                f"see whether it runs: {self.start}",
            ) from None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body in pieces, each as soon as it is there."""
    while data := response.read1(READ_BYTES):
        yield data


def _wait_at_most(connection: http.client.HTTPConnection, seconds: float) -> None:
    sock: socket.socket = connection.sock
    sock.settimeout(seconds)


def _refusal(response: http.client.HTTPResponse) -> Refusal:
    data = response.read(LONGEST_ERROR)
    try:
        body: Any = json.loads(data)
    except ValueError:
        body = None
    words = error_message(body) or f"{response.status} {response.reason}"
    return Refusal(response.status, words, response.headers.get("Retry-After") or "")
