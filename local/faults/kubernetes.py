"""Faults of the Kubernetes API: around one request of a stand-in, on the client's side."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from llm_platform.problems import InvalidInputsError
from local.faults.decisions import Fault, Faults
from local.faults.plan import Effect, Kind, Side
from local.limits import limits

MESSAGE = "fault plan of the local cloud"


@dataclass(frozen=True)
class Reply:
    """What an API server answers.

    Attributes:
        status: HTTP status.
        document: The body, decoded.
        headers: Headers by name.
    """

    status: int
    document: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


_USED: list[Faults] = []


def use(folder: Path) -> None:
    """Have the requests of this process follow the plan that may lie in `folder`."""
    _USED[:] = [Faults(folder, Side.KUBERNETES)]


def stop_using() -> None:
    """Have nothing go wrong in this process any more."""
    _USED.clear()


def answer(call: str, carry_out: Callable[[], Reply]) -> Reply:
    """The answer to a request, or what the plan makes of it.

    Args:
        call: Method and path, such as ``GET /api/v1/nodes``.
        carry_out: Sends the request.

    Raises:
        urllib3.exceptions.HTTPError: What a lost connection or answer raises.
    """
    if not _USED:
        return carry_out()
    try:
        fault = _USED[0].due(call)
    except InvalidInputsError as error:
        return Reply(501, status_document(501, "FaultPlan", str(error)))
    return carry_out() if fault is None else _spoiled(fault, carry_out)


def _spoiled(fault: Fault, carry_out: Callable[[], Reply]) -> Reply:
    if fault.kind is Kind.THROTTLE:
        text = f"the server has received too many requests ({MESSAGE})"
        headers = {"Retry-After": str(int(fault.seconds))}
        return Reply(429, status_document(429, "TooManyRequests", text), headers)
    if fault.kind is Kind.SLOW:
        time.sleep(fault.seconds)
        return carry_out()
    if fault.effect is Effect.AFTER:
        carry_out()
    if fault.kind is Kind.ERROR:
        text = f"Internal error occurred: {MESSAGE}"
        return Reply(500, status_document(500, "InternalError", text))
    if fault.kind is Kind.TIMEOUT:
        time.sleep(min(fault.seconds, limits().answer_seconds))
        raise urllib3.exceptions.TimeoutError(f"Read timed out ({MESSAGE})")
    raise urllib3.exceptions.ProtocolError(f"Connection aborted ({MESSAGE})")


def status_document(code: int, reason: str, message: str) -> dict[str, Any]:
    """The object with which an API server says that something went wrong."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
