"""Requests to an API server, with what it may take to get an answer.

A request is made again when that can do no harm: the server did nothing (429), or its answer was
lost and a repetition leads to the same state (all but POST). Whoever sends a POST has to look
for what it made when an error says that it may have taken effect.
"""

import json
import re
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from local import patience
from local.faults import kubernetes as faults
from local.faults.kubernetes import Reply
from local.limits import limits
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.model import ProviderError

JSON = "application/json"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"
"""An object without spec and status: all that is needed to see whether it is there."""

APPLY = "application/apply-patch+yaml"
LONGEST_RETRY_AFTER = 10.0
DOWN_SECONDS = 15.0
"""How long a server that could not be reached is asked once only, so that many objects do not
wait one after the other."""

CONNECT_SECONDS = 3.0
NOT_DONE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED}
"""Statuses that say that nothing was done and that another try may help: an access entry reaches
the API server some seconds after EKS has taken it."""

UNKNOWN = {
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""Statuses that leave open whether the request took effect."""


class ApiError(ProviderError):
    """The API server said no.

    Attributes:
        status: HTTP status.
        reason: Kubernetes' word for it, such as ``NotFound``.
        causes: Field and message of every cause.
        lost: Whether the request may have taken effect all the same.
    """

    lost = False

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        details = mapping(answer.get("details"))
        self._answer = answer
        self.status = status
        self.reason = str(answer.get("reason") or status)
        self.causes = [
            (str(cause.get("field", "")), str(cause.get("message", "")))
            for cause in mappings(details.get("causes"))
        ]
        super().__init__(str(answer.get("message") or f"HTTP status {status}"))

    def about(self, name: str, other: str) -> "ApiError":
        """The same error, with another name in place of `name`."""
        if name == other or name not in str(self):
            return self
        message = str(self).replace(name, other)
        return ApiError(self.status, {**self._answer, "message": message})


class UnreachableError(ProviderError):
    """The API server does not answer.

    Attributes:
        lost: Whether the request may have taken effect all the same.
    """

    lost = False


class Api:
    """An API server as one user sees it; may be used by several threads at once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._down_until = 0.0
        self._pool = urllib3.PoolManager(
            maxsize=32,
            block=False,
            ssl_context=_ssl_context(access),
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=limits().answer_seconds),
        )

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._access.server

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read an object or a list."""
        return self.request("GET", path, query=query)

    def find(self, path: str) -> dict[str, Any] | None:
        """Read an object; None when there is none."""
        return self._found(path, JSON)

    def find_metadata(self, path: str) -> dict[str, Any] | None:
        """Read an object's metadata only; None when there is none."""
        return self._found(path, METADATA)

    def _found(self, path: str, accept: str) -> dict[str, Any] | None:
        try:
            return self.request("GET", path, accept=accept)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def apply(
        self, path: str, body: Mapping[str, Any], manager: str, *, force: bool, dry_run: bool
    ) -> dict[str, Any]:
        """Server-side apply: make the object, or the fields of `manager`, what `body` says."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self.request("PATCH", path, query=query, body=body, content_type=APPLY)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        """Send one request; one that failed is sent again, within `local.limits`, if it may be.

        Raises:
            ApiError: The server refused.
            UnreachableError: It cannot be reached.
        """
        url = f"{self._access.server}{path}"
        if query:
            url += f"?{urlencode(query)}"
        data = None if body is None else json.dumps(body)
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": "llm-platform"}
        call, began, lost = f"{method} {path.partition('?')[0]}", time.monotonic(), False
        most = 1 if began < self._down_until else limits().attempts
        attempt = 0
        while True:
            attempt += 1
            found = self._attempt(call, lambda: self._send(method, url, data, headers), attempt)
            if not isinstance(found, _Failed):
                return found
            lost = found.error.lost = lost or found.unknown
            may = found.may or (found.unknown and method != "POST")
            allowed = attempt < most and limits().allow(attempt, time.monotonic() - began)
            if not may or not allowed or not _paused(max(found.after, limits().pause(attempt))):
                if isinstance(found.error, UnreachableError):
                    self._down_until = time.monotonic() + DOWN_SECONDS
                raise found.error

    def _attempt(
        self, call: str, send: Callable[[], Reply], attempt: int
    ) -> "dict[str, Any] | _Failed":
        try:
            reply = faults.answer(call, send)
        except urllib3.exceptions.HTTPError as error:
            unknown, may = _of_connection(error)
            text = f"{self._unreachable(error)}{_tried(attempt)}"
            return _Failed(UnreachableError(text), unknown, may)
        if reply.status < HTTPStatus.BAD_REQUEST:
            return reply.document
        unknown, may = _of_status(reply)
        told = _told(call, reply, attempt, unknown or may)
        return _Failed(ApiError(reply.status, told), unknown, may, _retry_after(reply))

    def _send(self, method: str, url: str, data: str | None, headers: Mapping[str, str]) -> Reply:
        sent = dict(headers)
        if self._access.token is not None:
            sent["Authorization"] = f"Bearer {self._access.token()}"
        answer = self._pool.request(method, url, body=data, headers=sent, retries=False)
        try:
            decoded: Any = json.loads(answer.data) if answer.data else {}
        except ValueError:
            decoded = {"message": answer.data.decode(errors="replace")[:300]}
        return Reply(answer.status, decoded, answer.headers)

    def _unreachable(self, error: Exception) -> str:
        # the client's own words begin with the address of an object in memory
        cause = re.sub(r"^.*?<?HTTPS?Connection\w*\([^)]*\)>?[^:]*: ", "", str(error))
        cause = re.sub(r"\s*\(_ssl\.c:\d+\)", "", cause)
        return f"the Kubernetes API server {self._access.server} cannot be reached: {cause}"


@dataclass(frozen=True)
class _Failed:
    """An attempt that failed.

    Attributes:
        error: As it is raised when there is no other attempt.
        unknown: Whether it may have taken effect.
        may: Whether it has surely not, and another attempt may help.
        after: After how many seconds the server wants to be asked again.
    """

    error: ApiError | UnreachableError
    unknown: bool
    may: bool
    after: float = 0.0


def _paused(seconds: float) -> bool:
    """Wait before another attempt; False when the request was told to end."""
    try:
        patience.pause(patience.with_jitter(seconds))
    except patience.StoppedError:
        return False
    return True


def _of_connection(error: urllib3.exceptions.HTTPError) -> tuple[bool, bool]:
    """Whether the request may have taken effect, and whether it surely has not but may be tried."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return False, False
    never_sent = urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    return (False, True) if isinstance(error, never_sent) else (True, False)


def _of_status(reply: Reply) -> tuple[bool, bool]:
    """The same for an answer."""
    message = str(reply.document.get("message", ""))
    webhook = "failed calling webhook" in message or "no endpoints available" in message
    if reply.status in NOT_DONE or (reply.status in UNKNOWN and webhook):
        return False, True
    return reply.status in UNKNOWN, False


def _retry_after(reply: Reply) -> float:
    """How long the server wants to be left alone, in seconds."""
    text = reply.headers.get("Retry-After", "")
    return min(float(text), LONGEST_RETRY_AFTER) if text.isdigit() else 0.0


def _told(call: str, reply: Reply, attempt: int, is_trouble: bool) -> dict[str, Any]:
    """The answer; one that is about the server and not about the object names the call."""
    if not is_trouble:
        return reply.document
    message = str(reply.document.get("message") or f"HTTP status {reply.status}")
    return {**reply.document, "message": f"{call}: {message}{_tried(attempt)}"}


def _tried(attempt: int) -> str:
    return f" ({attempt} attempts; run the same command again to go on)" if attempt > 1 else ""


def _ssl_context(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.authority)
        if access.client_certificate is not None:
            _show_certificate(context, access.client_certificate)
    except (ssl.SSLError, ValueError) as error:
        raise ProviderError(f"a certificate of the kubeconfig cannot be used: {error}") from None
    return context


def _show_certificate(context: ssl.SSLContext, certificate: tuple[str, str]) -> None:
    # the ssl module reads client certificates from files only
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write("\n".join(certificate))
    try:
        context.load_cert_chain(file.name)
    finally:
        Path(file.name).unlink()
