"""A small client of the API server for the processes of the node: standard library only.

The stand-ins' own client brings the engine's SDK along, which costs a second and 60 MiB for every
process that uses it; these processes start with the node and live as long as it.
"""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.providers.kubernetes.trees import mapping

JSON = "application/json"
MERGE = "application/merge-patch+json"
ANSWER_SECONDS = 30.0
WATCH_SECONDS = 240
"""How long a watch lasts before it is begun again; the server may end it earlier."""

Document = dict[str, Any]


class KubeError(Exception):
    """The API server refused, or cannot be reached.

    Attributes:
        status: HTTP status; 0 when there was no answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Credentials:
    """An API server and a client certificate for it, as files in PEM.

    Attributes:
        server: URL, such as ``https://127.0.0.1:6443``.
        ca: Certificate of its authority.
        cert: The client's certificate.
        key: The client's key.
    """

    server: str
    ca: str
    cert: str
    key: str


class Kube:
    """An API server; may be used by several threads at once."""

    def __init__(self, credentials: Credentials) -> None:
        self._place = urlsplit(credentials.server)
        self._context = ssl.create_default_context(cafile=credentials.ca)
        self._context.load_cert_chain(credentials.cert, credentials.key)

    def get(self, path: str, **query: str) -> Document:
        """Read an object or a list.

        Raises:
            KubeError: It cannot be had; status 404 when there is none.
        """
        return self.request("GET", _with(path, query))

    def find(self, path: str) -> Document | None:
        """Read an object; None when there is none."""
        try:
            return self.get(path)
        except KubeError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def create(self, path: str, body: Mapping[str, Any]) -> Document:
        """Make an object in the collection `path`."""
        return self.request("POST", path, body)

    def merge(self, path: str, body: Mapping[str, Any]) -> Document:
        """Change an object by a merge patch."""
        return self.request("PATCH", path, body, MERGE)

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone is fine."""
        try:
            self.request("DELETE", path)
        except KubeError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = JSON
    ) -> Document:
        """Send one request, once.

        Raises:
            KubeError: The server refused, or cannot be reached.
        """
        connection = self._connect(ANSWER_SECONDS)
        try:
            answer = self._send(connection, method, path, body, kind)
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(error) from None
        finally:
            connection.close()
        document: Document = _parsed(text)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise KubeError(answer.status, str(document.get("message") or f"HTTP {answer.status}"))
        return document

    def watch(self, path: str, version: str) -> Iterator[Document]:
        """Events of the collection `path` after resource version `version`, until it ends.

        Raises:
            KubeError: The server refused, or the connection broke.
        """
        query = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        connection = self._connect(WATCH_SECONDS + ANSWER_SECONDS)
        try:
            answer = self._send(connection, "GET", _with(path, query), None, JSON)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise KubeError(answer.status, answer.read().decode(errors="replace")[:300])
            while line := answer.readline():
                yield _parsed(line)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(error) from None
        finally:
            connection.close()

    def _connect(self, seconds: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._place.hostname or "", self._place.port, timeout=seconds, context=self._context
        )

    def _send(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        kind: str,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": JSON, "Content-Type": kind, "User-Agent": "llm-platform-node"}
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, headers)
        return connection.getresponse()


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _parsed(text: bytes) -> Document:
    try:
        document: Any = json.loads(text) if text else {}
    except ValueError:
        return {"message": text.decode(errors="replace")[:300]}
    return mapping(document)


def _unreachable(error: Exception) -> KubeError:
    return KubeError(0, f"the API server cannot be reached: {error}")
