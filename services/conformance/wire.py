"""HTTP as the suite needs it: every answer is a value, also the one that never came."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Lost = (OSError, http.client.HTTPException)
"""What reading from a server may raise when the connection is not what it should be."""
READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status; 0 where no answer came.
        headers: By name in lower case.
        body: All of it.
        failure: Why there is no answer, or no whole one; empty where there is.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    failure: str = ""

    @property
    def whole(self) -> bool:
        """Whether an answer came, of whatever status, to its end."""
        return not self.failure

    def json(self) -> Any:
        """The body read as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def told(self) -> str:
        """Status and the beginning of the body, or the failure, for people."""
        if self.failure:
            return self.failure
        text = " ".join(self.body[:200].decode(errors="replace").split())
        return f"{self.status} {text}".strip()


class Client:
    """Asks one server. Every question has a connection of its own, as from different clients."""

    def __init__(self, url: str, headers: Mapping[str, str], seconds: float) -> None:
        """Take the address.

        Args:
            url: ``http://HOST:PORT``, or with ``https`` and a path before the server's own.
            headers: Sent with every question; keys for instance.
            seconds: Longest silence of the server.

        Raises:
            ValueError: It is no such address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"{url!r} is no address of a server; allowed: http://HOST[:PORT][/PATH]"
            raise ValueError(message)
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = headers
        self.seconds = seconds

    def ask(self, method: str, path: str, body: bytes | None = None, seconds: float = 0) -> Answer:
        """Ask and wait for the whole answer; `seconds` instead of the usual patience."""
        connection = self._connection(seconds or self.seconds)
        try:
            response = self._begin(connection, method, path, body)
            headers = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Answer(response.status, headers, response.read())
            except Lost as error:
                return Answer(response.status, headers, b"", f"broken off: {_why(error)}")
        except Lost as error:
            return Answer(0, {}, b"", f"no answer: {_why(error)}")
        finally:
            connection.close()

    def get(self, path: str, seconds: float = 0) -> Answer:
        """Ask by GET."""
        return self.ask("GET", path, seconds=seconds)

    def post(self, path: str, body: Any) -> Answer:
        """Ask by POST with a body that is written as JSON."""
        return self.ask("POST", path, json.dumps(body).encode())

    def stream(self, path: str, body: Any) -> "Stream":
        """Begin a streamed answer."""
        connection = self._connection(self.seconds)
        try:
            response = self._begin(connection, "POST", path, json.dumps(body).encode())
        except Lost as error:
            connection.close()
            return Stream(connection, None, f"no answer: {_why(error)}")
        return Stream(connection, response, "")

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=seconds)

    def _begin(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None
    ) -> http.client.HTTPResponse:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._prefix + path, body, headers)
        except ConnectionError:
            if connection.sock is None:
                raise
            # A body that is too large may be refused before it is read to its end.
        return connection.getresponse()


class Stream:
    """Server-sent events of one answer. Leaving the block closes the connection.

    Attributes:
        status: HTTP status; 0 where no answer came.
        headers: By name in lower case.
        failure: Why the stream did not come to its end; empty while it goes on and at its end.
        times: When each event came; seconds of the monotonic clock.
        began: When the question had been sent.
    """

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse | None,
        failure: str,
    ) -> None:
        self._connection = connection
        self._response = response
        self.failure = failure
        self.status = response.status if response else 0
        given = response.getheaders() if response else []
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in given}
        self.times: list[float] = []
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        if self._response is not None:
            self._response.close()

    def events(self) -> Iterator[str]:
        """The data of every event, as it comes; ends at the end, or where the stream breaks."""
        left = b""
        data: list[str] = []
        while piece := self._read():
            *lines, left = (left + piece).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace").rstrip("\r")
                if text.startswith("data:"):
                    data.append(text[5:].removeprefix(" "))
                elif not text and data:
                    self.times.append(time.monotonic())
                    yield "\n".join(data)
                    data = []
        if not self.failure and (data or left):
            self.failure = "the stream ends in the middle of an event"

    def rest(self) -> bytes:
        """What was not read yet, for an answer that is no stream of events."""
        read = b""
        while piece := self._read():
            read += piece
        return read

    def _read(self) -> bytes:
        if self._response is None or self.failure:
            return b""
        try:
            return self._response.read1(READ)
        except Lost as error:
            self.failure = f"broken off: {_why(error)}"
            return b""


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the server said nothing for too long"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
