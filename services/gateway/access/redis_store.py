"""Use counted in a server that speaks Redis' protocol, shared by all replicas."""

from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from gateway.access.settings import RedisSettings
from gateway.access.stores import StoreError, Ticket
from gateway.access.windows import Decision, Limit

# One hash a window: `newest` and `oldest` bucket, totals `0` (requests) and `1` (tokens), and
# `0:BUCKET`, `1:BUCKET`. The arithmetic is that of gateway.access.windows.
ADVANCE = """
local function advance(key, now, width, buckets)
  local bucket = math.floor(now / width)
  local head = redis.call('HMGET', key, 'newest', 'oldest', '0', '1')
  local newest, oldest = tonumber(head[1]), tonumber(head[2])
  local totals = {tonumber(head[3]) or 0, tonumber(head[4]) or 0}
  local empty = totals[1] == 0 and totals[2] == 0
  if empty or bucket - newest > buckets or newest - bucket > buckets + 1 then
    redis.call('DEL', key)
    return bucket, bucket, {0, 0}
  end
  if bucket > newest then
    for passed = oldest, bucket - buckets - 1 do
      local gone = redis.call('HMGET', key, '0:' .. passed, '1:' .. passed)
      totals[1] = totals[1] - (tonumber(gone[1]) or 0)
      totals[2] = totals[2] - (tonumber(gone[2]) or 0)
      redis.call('HDEL', key, '0:' .. passed, '1:' .. passed)
    end
    oldest = math.max(oldest, bucket - buckets)
    newest = bucket
    redis.call('HSET', key, 'newest', newest, 'oldest', oldest, '0', totals[1], '1', totals[2])
  end
  return newest, oldest, totals
end
"""

# ARGV: now (0 for the server's clock), tokens, then for each window
# width, buckets, most requests, most tokens (-1 for no limit).
RESERVE = (
    ADVANCE
    + """
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local amounts = {1, tonumber(ARGV[2])}
local longest, limit, quantity = 0, 0, 0
local states = {}
for index, key in ipairs(KEYS) do
  local at = 4 * index - 1
  local width, buckets = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local newest, oldest, totals = advance(key, now, width, buckets)
  states[index] = {newest, oldest, totals, (buckets + 2) * width / 1000}
  for kind = 1, 2 do
    local most = tonumber(ARGV[at + 1 + kind])
    local need = totals[kind] + amounts[kind] - most
    if most >= 0 and need > 0 then
      if amounts[kind] > most then
        return {0, -1, index - 1, kind - 1}
      end
      local bucket = oldest
      while need > 0 and bucket <= newest do
        need = need - (tonumber(redis.call('HGET', key, (kind - 1) .. ':' .. bucket)) or 0)
        bucket = bucket + 1
      end
      local wait = (bucket + buckets) * width - now
      if wait > longest then
        longest, limit, quantity = wait, index - 1, kind - 1
      end
    end
  end
end
if longest > 0 then
  return {0, longest, limit, quantity}
end
local answer = {1}
for index, key in ipairs(KEYS) do
  local newest, oldest, totals, life = unpack(states[index])
  redis.call('HSET', key, 'newest', newest, 'oldest', oldest)
  redis.call('HINCRBY', key, '0', 1)
  redis.call('HINCRBY', key, '1', amounts[2])
  redis.call('HINCRBY', key, '0:' .. newest, 1)
  redis.call('HINCRBY', key, '1:' .. newest, amounts[2])
  redis.call('PEXPIRE', key, life)
  answer[index + 1] = newest
end
return answer
"""
)

# ARGV: tokens, then for each window buckets, mark.
CHANGE = """
for index, key in ipairs(KEYS) do
  local buckets, mark = tonumber(ARGV[2 * index]), tonumber(ARGV[2 * index + 1])
  local head = redis.call('HMGET', key, 'newest', 'oldest')
  local newest, oldest = tonumber(head[1]), tonumber(head[2])
  if newest and mark >= newest - buckets and mark <= newest then
    local before = tonumber(redis.call('HGET', key, '1:' .. mark)) or 0
    local after = math.max(0, before + tonumber(ARGV[1]))
    redis.call('HSET', key, '1:' .. mark, after, 'oldest', math.min(oldest, mark))
    redis.call('HINCRBY', key, '1', after - before)
  end
end
"""


def _client(settings: RedisSettings, timeout_seconds: float) -> Any:
    """A client that never tries twice and never waits longer than the timeout."""
    options: dict[str, Any] = {
        "max_connections": settings.connections,
        "timeout": timeout_seconds,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
    }
    if settings.password_file:
        options["credential_provider"] = FileCredentials(settings.username, settings.password_file)
    if settings.ca_file:
        options["ssl_ca_certs"] = str(settings.ca_file)
    pool: Any = BlockingConnectionPool
    return Redis(connection_pool=pool.from_url(settings.url, **options))


class FileCredentials(CredentialProvider):
    """User and password, read for every connection: a new password needs no restart.

    Raises:
        StoreError: The file cannot be read now.
    """

    def __init__(self, username: str, file: Path) -> None:
        self._username = username
        self._file = file
        self.get_credentials()

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """See `CredentialProvider`."""
        try:
            password = self._file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"budgets.redis.password_file: {self._file} cannot be read: {error}"
            raise StoreError(message) from None
        return (self._username, password) if self._username else (password,)


class RedisStore:
    """Counts by one script a request, which the server runs as a whole, by its own clock."""

    waits = True

    def __init__(self, settings: RedisSettings, *, timeout_seconds: float) -> None:
        self._redis = _client(settings, timeout_seconds)
        self._prefix = settings.prefix
        self._reserve = self._redis.register_script(RESERVE)
        self._change = self._redis.register_script(CHANGE)

    def _keys(self, account: str, limits: tuple[Limit, ...]) -> list[str]:
        # Braces: a cluster keeps all keys of an account on one server.
        return [f"{self._prefix}:{{{account}}}:{limit.window.name}" for limit in limits]

    async def reserve(
        self, account: str, limits: tuple[Limit, ...], tokens: int, *, now: int = 0
    ) -> Decision:
        """See `Store`; `now` is for tests, 0 means the server's clock."""
        arguments: list[int] = [now, tokens]
        for limit in limits:
            arguments += [
                limit.window.width,
                limit.window.buckets,
                -1 if limit.requests is None else limit.requests,
                -1 if limit.tokens is None else limit.tokens,
            ]
        answer = await self._run(self._reserve, self._keys(account, limits), arguments)
        if answer[0]:
            return Decision(granted=True, marks=tuple(answer[1:]))
        wait = None if answer[1] < 0 else answer[1]
        return Decision(granted=False, wait=wait, limit=answer[2], quantity=answer[3])

    async def change(self, ticket: Ticket, tokens: int) -> None:
        """See `Store`."""
        arguments = [tokens]
        for limit, mark in zip(ticket.limits, ticket.marks, strict=True):
            arguments += [limit.window.buckets, mark]
        await self._run(self._change, self._keys(ticket.account, ticket.limits), arguments)

    async def _run(self, script: Any, keys: list[str], arguments: list[int]) -> list[int]:
        try:
            return await script(keys=keys, args=arguments)
        except (RedisError, OSError) as error:
            message = f"the store of budgets: {type(error).__name__}: {error}"
            raise StoreError(message) from error

    async def ping(self) -> None:
        """See `Store`."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            message = f"the store of budgets: {type(error).__name__}: {error}"
            raise StoreError(message) from error

    async def close(self) -> None:
        """See `Store`."""
        await self._redis.aclose(close_connection_pool=True)
