"""The API server: objects read, and fields applied under the rollout's own name."""

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from llm_platform.serving.routes import FIELD_MANAGER
from rollout.errors import RefusedError, RolloutError, UnreachableError

ACCESS_VARIABLE = "ROLLOUT_ACCESS"
"""Environment variable that names a file with an `Access` in JSON, for use outside a cluster."""
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
APPLY = "application/apply-patch+yaml"
ANSWER_SECONDS = 10.0
ATTEMPTS = 4
PAUSES = (0.2, 0.5, 1.0)


class ConflictError(RolloutError):
    """The object has changed since it was read."""


class ForbiddenError(RolloutError):
    """The account may not do this."""


@dataclass(frozen=True)
class Access:
    """An API server and a user of it.

    Attributes:
        server: URL.
        authority: Certificate authority in PEM; empty: the system's.
        certificate: File with client certificate and key in PEM; empty: none.
        token: Bearer token; empty: none, or `token_file` has it.
        token_file: File that holds a token that changes.
    """

    server: str
    authority: str = ""
    certificate: str = ""
    token: str = ""
    token_file: str = ""


def own_access(environ: Mapping[str, str]) -> Access:
    """The access of the pod that this runs in, or the one of `ACCESS_VARIABLE`.

    Raises:
        RefusedError: There is neither.
    """
    if file := environ.get(ACCESS_VARIABLE):
        return Access(**json.loads(Path(file).read_text(encoding="utf-8")))
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not ACCOUNT.is_dir():
        raise RefusedError(
            f"no API server is known: this is no pod with a service account, and {ACCESS_VARIABLE} "
            "names no file"
        )
    bracketed = f"[{host}]" if ":" in host else host
    return Access(
        server=f"https://{bracketed}:{port or 443}",
        authority=(ACCOUNT / "ca.crt").read_text(encoding="ascii"),
        token_file=str(ACCOUNT / "token"),
    )


class Api:
    """An API server. All requests may be repeated: reads, and applies that say how it shall be."""

    def __init__(self, access: Access) -> None:
        self._access = access
        parts = urlsplit(access.server)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._tls = ssl.create_default_context(cadata=access.authority or None)
        if access.certificate:
            self._tls.load_cert_chain(access.certificate)

    def find(self, path: str) -> dict[str, Any] | None:
        """Read an object; None when there is none."""
        status, answer = self._sent("GET", path, None)
        if status == HTTPStatus.NOT_FOUND:
            return None
        return _accepted(status, answer, f"GET {path}")

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make the fields of ours what `body` says, whoever had them.

        With ``metadata.resourceVersion`` in it, only if the object has not changed.

        Raises:
            ConflictError: It has changed.
        """
        query = f"?fieldManager={quote(FIELD_MANAGER)}&force=true&fieldValidation=Strict"
        status, answer = self._sent("PATCH", path + query, body)
        return _accepted(status, answer, f"PATCH {path}")

    def _sent(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                status, answer = self._once(method, path, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if last:
                    words = f"the API server {self._access.server} does not answer: {error}"
                    raise UnreachableError(words) from None
            else:
                trouble = status in {408, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
                if last or not trouble:
                    return status, answer
            time.sleep(PAUSES[attempt])
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=ANSWER_SECONDS, context=self._tls
        )
        try:
            headers = {"Accept": "application/json", "User-Agent": FIELD_MANAGER}
            if token := self._token():
                headers["Authorization"] = f"Bearer {token}"
            data = None
            if body is not None:
                headers["Content-Type"], data = APPLY, json.dumps(body)
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        finally:
            connection.close()

    def _token(self) -> str:
        if self._access.token_file:
            return Path(self._access.token_file).read_text(encoding="ascii").strip()
        return self._access.token


def _accepted(status: int, answer: dict[str, Any], call: str) -> dict[str, Any]:
    if status < HTTPStatus.BAD_REQUEST:
        return answer
    words = f"{call}: {answer.get('message') or f'HTTP status {status}'}"
    if status == HTTPStatus.CONFLICT:
        raise ConflictError(words)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise ForbiddenError(words)
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND}:
        raise RefusedError(words)
    raise UnreachableError(words)


def host_name() -> str:
    """Name of the pod or machine."""
    return os.environ.get("HOSTNAME") or socket.gethostname()
