"""Triton over HTTP: JSON and binary tensors passed on as they are, metadata, configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import orjson
from grpc import StatusCode

from gateway.errors import (
    DeadlineError,
    GatewayError,
    OverloadedError,
    UnavailableError,
)
from gateway.upstream import failures
from gateway.upstream.settings import UpstreamSettings

_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    404: StatusCode.NOT_FOUND,
    405: StatusCode.INVALID_ARGUMENT,
    409: StatusCode.INVALID_ARGUMENT,
    413: StatusCode.RESOURCE_EXHAUSTED,
    415: StatusCode.INVALID_ARGUMENT,
    501: StatusCode.INVALID_ARGUMENT,
    503: StatusCode.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Triton answered: status 200, its body, and where the JSON part of the body ends."""

    body: bytes
    header_length: str = ""


class HttpConnection:
    """Calls of Triton's HTTP endpoint over connections that stay open.

    Args:
        settings: Where Triton is.
        failed: Told what Triton says about each of its failures.
    """

    def __init__(self, settings: UpstreamSettings, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._settings = settings
        self._base = f"{'https' if settings.tls else 'http'}://{settings.http}"
        self._session: Any = None

    def _open(self) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._settings.connections, keepalive_timeout=15
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        model: str,
        seconds: float,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask Triton.

        Args:
            method: ``GET`` or ``POST``.
            path: Percent-encoded, from ``/`` on.
            model: Name of Triton's model, for the log.
            seconds: After which nobody waits any more.
            body: Sent as it is.
            headers: Sent with it.

        Raises:
            GatewayError: One of those of `gateway.contract.Upstream.generate`.
        """
        try:
            async with self._open().request(
                method,
                self._base + path,
                data=body or None,
                headers=headers,
                timeout=aiohttp.ClientTimeout(
                    total=seconds, sock_connect=self._settings.connect_seconds
                ),
            ) as response:
                content: bytes = await response.read()
                if response.status != 200:
                    if response.status >= 500:
                        self._failed(_details(content))
                    raise refusal(response.status, content, model)
                return Answer(content, response.headers.get("Inference-Header-Content-Length", ""))
        except aiohttp.ServerTimeoutError as error:
            raise _lost(error, model) from None
        except TimeoutError:
            raise DeadlineError("the answer took longer than the request's deadline") from None
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(error, model) from None


def _lost(error: Exception, model: str) -> GatewayError:
    failures.logger.warning("model %s: Triton is not available: %s", model, type(error).__name__)
    return UnavailableError(
        "the model's server does not answer; try again later", retry_after=failures.RETRY_SECONDS
    )


def refusal(status: int, body: bytes, model: str) -> GatewayError:
    """The gateway's error for a status and body of Triton's over HTTP."""
    details = _details(body)
    if status == 429:
        return OverloadedError("Triton refuses more work", retry_after=failures.RETRY_SECONDS)
    return failures.from_code(_CODES.get(status, StatusCode.INTERNAL), details, model)


def _details(body: bytes) -> str:
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(found, dict):
        return ""
    return str(cast("dict[str, Any]", found).get("error", ""))
