"""Which failed calls of AWS are made again: bounded, with jitter, and never so that one doubles.

boto3's own modes repeat every call after a 5xx or a lost connection, also a CreateVpc that may
have taken effect. Here a call whose outcome is not known is repeated only when a repetition can
do no harm: it reads, it sets something to a value, it removes, or it carries a client token.
Whoever makes the other calls learns by :func:`watching` that something may have been made.
"""

import logging
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from local import patience
from local.limits import limits

LOG = logging.getLogger("local.aws")

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException.Throttled",
        "PriorRequestNotComplete", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling",
        "ThrottlingException", "TooManyRequestsException", "TransactionInProgressException",
    }
)  # fmt: skip
"""Codes that say that nothing was done, because there were too many calls."""

REPEATABLE = (
    "AssociateAccessPolicy", "AssociateKmsKey", "AssumeRole", "Attach", "BatchGet", "Change",
    "CreateQueue", "CreateTags", "CreateTopic", "Delete", "Describe", "Detach", "Disable",
    "Disassociate", "Enable", "Get", "Head", "List", "Lookup", "Modify", "Put", "Release",
    "Remove", "Replace", "Revoke", "Schedule", "Search", "Set", "Subscribe", "Tag", "Unsubscribe",
    "Untag", "Update",
)  # fmt: skip
"""Beginnings of operations that lead to the same state however often they are carried out."""

ATTEMPTS_TO_REACH = 3
"""How often an endpoint is tried at which nobody listens: it will not be back in seconds."""

_TOKENS = ("ClientToken", "clientToken", "clientRequestToken", "ClientRequestToken")


class Outcome(Enum):
    """What is known of a call that failed."""

    NOT_DONE = "not done"
    """AWS did nothing, and it is worth another try."""

    UNKNOWN = "unknown"
    """It may have taken effect."""

    REFUSED = "refused"
    """AWS did nothing and will not."""


@dataclass
class Watch:
    """What happened to the calls of one request.

    Attributes:
        lost: Changing calls whose outcome stayed unknown at least once.
    """

    lost: list[str] = field(default_factory=list[str])


_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watching() -> Generator[Watch]:
    """Learn which of the calls made here may have taken effect although they failed."""
    watch = Watch()
    token = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(token)


def outcome(error: BaseException | None, response: tuple[Any, Mapping[str, Any]] | None) -> Outcome:
    """What is known of a call, by botocore's exception or its parsed response."""
    if response is not None:
        status = int(response[0].status_code)
        told: Mapping[str, Any] = response[1].get("Error") or {}
        code = str(told.get("Code", ""))
        if code in THROTTLED or status == 429:
            return Outcome.NOT_DONE
        return Outcome.UNKNOWN if status in {500, 502, 503, 504} else Outcome.REFUSED
    if isinstance(error, SSLError):
        return Outcome.REFUSED
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError):
        return Outcome.NOT_DONE
    lost = isinstance(error, HTTPClientError | ResponseParserError | ConnectionError)
    return Outcome.UNKNOWN if lost else Outcome.REFUSED


def is_repeatable(operation: str, idempotent_members: list[str], body: Any) -> bool:
    """Whether a call may be made again although it may have taken effect.

    Args:
        operation: Name of the operation.
        idempotent_members: Its parameters that are tokens and that botocore fills in.
        body: The request's body; a token that the caller chose is found in it.
    """
    if operation.startswith(REPEATABLE) or idempotent_members:
        return True
    if not isinstance(body, dict):
        return False
    form = cast("dict[str, Any]", body)
    return any(form.get(name) for name in _TOKENS)


def attach(client: Any) -> None:
    """Have the calls of a client repeated as this module says, and by nothing else.

    The client has to be made with one attempt per call.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(
        f"needs-retry.{service}", _Retries(), unique_id=f"llm-platform-retries-{service}"
    )


class _Retries:
    """Handler of botocore's event; answers with the pause before the next attempt, or None."""

    def __call__(
        self,
        response: Any = None,
        operation: Any = None,
        attempts: int = 1,
        caught_exception: BaseException | None = None,
        request_dict: Any = None,
        **_: Any,
    ) -> float | None:
        if caught_exception is None and (response is None or response[0].status_code < 300):
            return None
        known = outcome(caught_exception, response)
        context = request_dict["context"]
        began = context.setdefault(
            "llm_platform_began", time.monotonic() - _spent(caught_exception)
        )
        repeatable = is_repeatable(
            operation.name, operation.idempotent_members, request_dict.get("body")
        )
        if known is Outcome.UNKNOWN:
            context["llm_platform_lost"] = context.get("llm_platform_lost", 0) + 1
            watch = _WATCH.get()
            if watch is not None and not operation.name.startswith(_READING):
                watch.lost.append(operation.name)
        _tell(response, attempts, context.get("llm_platform_lost", 0))
        if caught_exception is not None and attempts > 1:
            note_attempts(caught_exception, attempts)
        may = known is Outcome.NOT_DONE or (known is Outcome.UNKNOWN and repeatable)
        nobody_there = isinstance(caught_exception, EndpointConnectionError)
        if nobody_there and attempts >= ATTEMPTS_TO_REACH:
            return None
        if not may or not limits().allow(attempts, time.monotonic() - began):
            return None
        seconds = patience.with_jitter(limits().pause(attempts))
        LOG.info("%s: attempt %d failed (%s), again", operation.name, attempts, known.value)
        patience.pause(seconds)
        return 0.0


_READING = ("Describe", "Get", "List", "Head", "Lookup", "Search", "BatchGet")


def _spent(error: BaseException | None) -> float:
    """About how long the first attempt took."""
    return limits().answer_seconds if error is not None and "Timeout" in type(error).__name__ else 0


def _tell(response: Any, attempts: int, lost: int) -> None:
    """Note in an error's metadata how often the call was made and how often its end is unknown."""
    if response is not None:
        metadata: dict[str, Any] = response[1].setdefault("ResponseMetadata", {})
        metadata["Attempts"], metadata["LostAnswers"] = attempts, lost


def note_attempts(error: BaseException, attempts: int) -> None:
    """Note how often a failed call was made."""
    if isinstance(error, ClientError):
        untyped: Any = error
        untyped.response.setdefault("ResponseMetadata", {})["Attempts"] = attempts
    else:
        error.__notes__ = [f"{attempts} attempts"]


def attempts_of(error: BaseException) -> int:
    """How often a failed call was made."""
    if isinstance(error, ClientError):
        untyped: Any = error
        return int(untyped.response.get("ResponseMetadata", {}).get("Attempts", 1))
    notes: list[str] = getattr(error, "__notes__", [])
    return int(notes[-1].partition(" ")[0]) if notes else 1


def was_lost_before(error: ClientError) -> bool:
    """Whether the call had been made before, and that attempt may have taken effect."""
    untyped: Any = error
    return bool(untyped.response.get("ResponseMetadata", {}).get("LostAnswers"))
