"""Faults of the emulated AWS: around the answer to one request."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llm_platform.problems import InvalidInputsError
from local.aws import wire_errors
from local.aws.calls import Request
from local.aws.wire_errors import Answer
from local.faults.decisions import Fault, Faults
from local.faults.plan import Effect, Kind, Side

MESSAGE = "fault plan of the local cloud"


class AwsFaults:
    """Lets requests through, but for those that the plan in `folder` spoils; None: never any."""

    def __init__(self, folder: Path | None) -> None:
        self._faults = None if folder is None else Faults(folder, Side.AWS)

    def answer(
        self, request: Request, environ: dict[str, Any], carry_out: Callable[[], Answer]
    ) -> tuple[Answer, str]:
        """What the client gets, and the fault in words; empty when there is none.

        Args:
            request: What is asked for.
            environ: WSGI's environment of the request.
            carry_out: Has the request answered as it should be.

        Raises:
            ConnectionAbortedError: The client gets nothing; its connection is to be closed by
                :func:`close`.
        """
        if self._faults is None:
            return carry_out(), ""
        try:
            fault = self._faults.due(f"{request.service}:{request.action}")
        except InvalidInputsError as error:
            return wire_errors.error(request, "501 Not Implemented", "FaultPlan", str(error)), ""
        if fault is None:
            return carry_out(), ""
        return self._spoiled(fault, request, environ, carry_out), str(fault)

    def _spoiled(
        self,
        fault: Fault,
        request: Request,
        environ: dict[str, Any],
        carry_out: Callable[[], Answer],
    ) -> Answer:
        if fault.kind is Kind.THROTTLE:
            return wire_errors.throttled(request, f"Rate exceeded ({MESSAGE})")
        if fault.kind is Kind.SLOW:
            time.sleep(fault.seconds)
            return carry_out()
        if fault.effect is Effect.AFTER:
            carry_out()
        if fault.kind is Kind.ERROR:
            return wire_errors.server_error(request, f"An internal error occurred ({MESSAGE})")
        if fault.kind is Kind.TIMEOUT:
            _hold(environ, fault.seconds)
        raise ConnectionAbortedError(str(fault))


def _hold(environ: dict[str, Any], seconds: float) -> None:
    """Leave the client without an answer until it goes away, or for `seconds`."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.settimeout(seconds)
    try:
        # nothing more comes from a client that waits for an answer, but its end
        connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return


def close(environ: dict[str, Any]) -> None:
    """Close the connection of a request instead of answering it."""
    connection: socket.socket = environ["werkzeug.socket"]
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # the client has gone first
        return
