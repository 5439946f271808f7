"""What Triton's refusals mean to a client."""

import logging
import re
from typing import Any

import grpc

from gateway.errors import (
    DeadlineError,
    GatewayError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    TooLargeError,
    UnavailableError,
)

logger = logging.getLogger("gateway.upstream")

RETRY_SECONDS = 1.0
"""When a client may try again after Triton was away or full."""

_FULL = ("maximum queue size", "timeout expired", "too many requests", "in work or wait")
_BROKEN = ("stub process", "rst_stream", "socket closed", "goaway", "failed to initialize")
_DEAD = re.compile(r"[Ss]tub process '([^']+)_\d+_\d+' is not healthy")
_UNSENT = ("failed to connect", "connection refused", "name resolution", "dns resolution")


def dead_model(details: str) -> str:
    """Name of the Python model whose process is dead, if that is what Triton says; or empty."""
    found = _DEAD.search(details)
    return found.group(1) if found else ""


def never_sent(error: grpc.aio.AioRpcError) -> bool:
    """Whether the request surely did not leave the gateway, so that it may be tried again."""
    text = (error.details() or "").lower()
    return error.code() is grpc.StatusCode.UNAVAILABLE and any(each in text for each in _UNSENT)


def from_rpc(error: grpc.aio.AioRpcError, model: str) -> GatewayError:
    """The gateway's error for one of Triton's over gRPC."""
    return from_code(error.code(), error.details() or "", model)


def from_code(code: grpc.StatusCode, details: str, model: str) -> GatewayError:
    """The gateway's error for a status and message of Triton's.

    Args:
        code: Triton's status.
        details: Its message; sent to the client only where it speaks of the client's request.
        model: Name of Triton's model, for the log.
    """
    known: dict[Any, type[GatewayError]] = {
        grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
        grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
        grpc.StatusCode.ALREADY_EXISTS: InvalidRequestError,
        grpc.StatusCode.UNIMPLEMENTED: InvalidRequestError,
        grpc.StatusCode.NOT_FOUND: NotFoundError,
        grpc.StatusCode.RESOURCE_EXHAUSTED: TooLargeError,
    }
    if code is grpc.StatusCode.NOT_FOUND and " version " not in details:
        # The gateway serves it, so this is not the client's mistake.
        logger.warning("model %s: Triton does not have it: %s", model, details)
        return UnavailableError("the model is not loaded at the moment", retry_after=RETRY_SECONDS)
    if code in known:
        return known[code](details or "Triton refuses the request")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineError("the answer took longer than the request's deadline")
    text = details.lower()
    if any(each in text for each in _FULL):
        return OverloadedError(
            "the model's queue in Triton is full; try again later", retry_after=RETRY_SECONDS
        )
    gone = code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    if gone or any(each in text for each in _BROKEN):
        logger.warning("model %s: Triton is not available: %s: %s", model, code.name, details)
        return UnavailableError(
            "the model's server does not answer; try again later", retry_after=RETRY_SECONDS
        )
    logger.error("model %s: Triton failed: %s: %s", model, code.name, details)
    return GatewayError("the model failed on this request", code="model_error")


def from_message(message: str, model: str) -> GatewayError:
    """The gateway's error for a message that came inside a stream, without a status."""
    text = message.lower()
    if any(each in text for each in (*_FULL, *_BROKEN)):
        return from_code(grpc.StatusCode.UNAVAILABLE, message, model)
    if "unknown model" in text:
        return from_code(grpc.StatusCode.NOT_FOUND, message, model)
    return from_code(grpc.StatusCode.INVALID_ARGUMENT, message, model)
