"""Answers in a Redis that all replicas share: nice to have, never needed."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, RedisError

from gateway.cache.settings import RedisSettings
from gateway.contract import Answer

LOG = logging.getLogger(__name__)
VERSION = 1
"""Of the values' form; values of another form are not read."""


def encode(answer: Answer) -> bytes:
    """An answer as it lies in Redis: JSON, in clear text."""
    return json.dumps(
        [VERSION, answer.text, answer.finish_reason, answer.prompt_tokens, answer.output_tokens],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8", "surrogatepass")


def decode(value: bytes) -> Answer | None:
    """An answer out of Redis; None when it is none, or of another form."""
    try:
        fields: Any = json.loads(value.decode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    match fields:
        case [int(version), str(text), str(reason), int(prompt), int(output)]:
            return Answer(text, reason, prompt, output) if version == VERSION else None
        case _:
            return None


class RedisStore:
    """Answers by key, in Redis. What it cannot get in time it does not have.

    Args:
        settings: Where it is.
        ttl: Seconds that an answer lives.
        failed: Told whenever it was away.
        clock: Seconds, of a clock that never goes back.
    """

    def __init__(
        self,
        settings: RedisSettings,
        ttl: float,
        failed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._ttl = ttl
        self._failed = failed
        self._clock = clock
        self._away_until = float("-inf")
        self._client = _client(settings)

    async def get(self, key: str) -> Answer | None:
        """The answer of a key."""
        value = await self._ask(lambda: self._client.get(self._settings.prefix + key))
        return decode(value) if isinstance(value, bytes) else None

    async def put(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        milliseconds = max(1, int(self._ttl * 1000))
        await self._ask(
            lambda: self._client.set(self._settings.prefix + key, encode(answer), px=milliseconds)
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _ask(self, command: Callable[[], Any]) -> Any:
        if self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self._settings.timeout_ms / 1000):
                return await command()
        except (RedisError, OSError, TimeoutError) as problem:
            self._away_until = self._clock() + self._settings.pause_seconds
            self._failed()
            LOG.warning(
                "the shared store of answers is away (%s); not asked again for %g s",
                type(problem).__name__,
                self._settings.pause_seconds,
            )
            return None


class _Credentials(CredentialProvider):
    """User and password, read for every connection: a new password needs no restart."""

    def __init__(self, username: str, file: Path) -> None:
        self._username = username
        self._file = file

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        try:
            password = self._file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            message = f"{self._file} cannot be read: {type(problem).__name__}"
            raise AuthenticationError(message) from None
        return (self._username, password) if self._username else (password,)


def _client(settings: RedisSettings) -> Any:
    """A client that never tries twice and never waits longer than the timeout."""
    seconds = settings.timeout_ms / 1000
    options: dict[str, Any] = {
        "max_connections": settings.connections,
        "timeout": seconds,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    if settings.password_file:
        options["credential_provider"] = _Credentials(settings.username, settings.password_file)
    if settings.ca_file:
        options["ssl_ca_certs"] = str(settings.ca_file)
    # untyped: the client's stubs leave its results open
    pool: Any = BlockingConnectionPool
    return Redis(connection_pool=pool.from_url(settings.url, **options))
