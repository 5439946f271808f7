"""The gateway's errors in the form that OpenAI's clients read."""

import math

import orjson

from gateway.errors import GatewayError

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
# OpenAI's clients try again on 429 and 5xx by themselves, and wait at most this long.
_CLIENTS_WAIT = 60


class MethodError(GatewayError):
    """The path is known, but not with this method."""

    status = 405
    code = "method_not_allowed"


def envelope(error: GatewayError) -> bytes:
    """The body that describes an error."""
    kind = _TYPES.get(error.status)
    if kind is None:
        kind = "invalid_request_error" if error.status < 500 else "server_error"
    body = {
        "message": error.message,
        "type": kind,
        "param": error.param or None,
        "code": error.code,
    }
    return orjson.dumps({"error": body})


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """Headers that go with an error: when it makes sense to try again."""
    found: list[tuple[bytes, bytes]] = []
    if error.status == 401:
        found.append((b"www-authenticate", b"Bearer"))
    if error.retry_after is not None:
        seconds = max(1, math.ceil(error.retry_after))
        found.append((b"retry-after", str(seconds).encode()))
        if seconds > _CLIENTS_WAIT:
            found.append((b"x-should-retry", b"false"))
    return found


def internal() -> GatewayError:
    """What the client is told when the gateway itself is at fault."""
    return GatewayError("The gateway failed on this request; its log says why.")
