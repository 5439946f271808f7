"""Requests to an API server, with what it may take to get an answer."""

import json
import random
import re
import ssl
import tempfile
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from local.providers.kubernetes.access import Access
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.model import ProviderError

JSON = "application/json"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"
"""An object without spec and status: all that is needed to see whether it is there."""

APPLY = "application/apply-patch+yaml"
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.25
DOWN_SECONDS = 15.0
"""How long a server that could not be reached is asked once only, so that many objects do not
wait one after the other."""

TIMEOUT = urllib3.Timeout(connect=3, read=60)
BUSY = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class ApiError(ProviderError):
    """The API server said no.

    Attributes:
        status: HTTP status.
        reason: Kubernetes' word for it, such as ``NotFound``.
        causes: Field and message of every cause.
    """

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
    """The API server does not answer."""


class Api:
    """An API server as one user sees it; may be used by several threads at once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._down_until = 0.0
        self._pool = urllib3.PoolManager(
            maxsize=32, block=False, ssl_context=_ssl_context(access), timeout=TIMEOUT
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
        body: Mapping[str, Any] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        """Send one request; a busy or failing server is asked again, a bounded number of times.

        Raises:
            ApiError: The server refused.
            UnreachableError: It cannot be reached.
        """
        url = f"{self._access.server}{path}"
        if query:
            url += f"?{urlencode(query)}"
        data = None if body is None else json.dumps(body)
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": "llm-platform"}
        pause = FIRST_PAUSE_SECONDS
        attempts = 1 if time.monotonic() < self._down_until else ATTEMPTS
        for attempt in range(attempts):
            last = attempt == attempts - 1
            try:
                status, answer = self._send(method, url, data, headers)
            except urllib3.exceptions.HTTPError as error:
                if last or isinstance(error, urllib3.exceptions.SSLError):
                    self._down_until = time.monotonic() + DOWN_SECONDS
                    raise UnreachableError(self._unreachable(error)) from None
            else:
                if status < HTTPStatus.BAD_REQUEST:
                    return answer
                if last or not _worth_another_try(status, answer):
                    raise ApiError(status, answer)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _send(
        self, method: str, url: str, data: str | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        sent = dict(headers)
        if self._access.token is not None:
            sent["Authorization"] = f"Bearer {self._access.token()}"
        answer = self._pool.request(method, url, body=data, headers=sent, retries=False)
        try:
            decoded: Any = json.loads(answer.data) if answer.data else {}
        except ValueError:
            decoded = {"message": answer.data.decode(errors="replace")[:300]}
        return answer.status, decoded

    def _unreachable(self, error: Exception) -> str:
        # the client's own words begin with the address of an object in memory
        cause = re.sub(r"^.*?<?HTTPS?Connection\w*\([^)]*\)>?[^:]*: ", "", str(error))
        cause = re.sub(r"\s*\(_ssl\.c:\d+\)", "", cause)
        return f"the Kubernetes API server {self._access.server} cannot be reached: {cause}"


def _worth_another_try(status: int, answer: Mapping[str, Any]) -> bool:
    if status in BUSY or status == HTTPStatus.UNAUTHORIZED:
        # an access entry reaches the API server some seconds after EKS has taken it
        return True
    message = str(answer.get("message", ""))
    webhook = "failed calling webhook" in message or "no endpoints available" in message
    return status == HTTPStatus.INTERNAL_SERVER_ERROR and (webhook or "etcdserver" in message)


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
