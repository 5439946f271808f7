"""The WSGI application: our own paths, then moto, one call at a time."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)

from local.aws import own_paths, wire_errors
from local.aws.backends import backend_dict
from local.aws.calls import CallLog, Request, read_request
from local.aws.facts import Facts
from local.aws.tokens import Tokens
from local.aws.wire_errors import Answer
from local.faults.aws import AwsFaults, close

__all__ = ["MotoApplication", "MotoRequestHandler"]

StartResponse = Callable[..., Any]
Environment = dict[str, Any]

_CONCURRENT = frozenset({"sqs"})
"""Services whose calls may wait (long polling), so they hold no lock."""
_OWN_LOCK = frozenset({"s3"})
"""Services whose calls may take long (uploads), so each holds a lock that others do not need."""

_SERVICES = (
    *("ec2", "iam", "eks", "sts", "s3", "kms", "logs"),
    *("sqs", "sns", "events", "ecr", "ssm", "budgets", "ce"),
)


class MotoApplication:
    """Answers every request of the emulated cloud.

    Moto's backends are not made for concurrent changes, so calls are answered one at a time:
    what two calls check and then change is never interleaved.
    """

    def __init__(self, facts: Facts) -> None:
        self._moto = cast(
            "Callable[[Environment, StartResponse], Iterable[bytes]]",
            DomainDispatcherApplication(create_backend_app),
        )
        self._lock = threading.RLock()
        self._own_locks = {service: threading.Lock() for service in _OWN_LOCK}
        self._log = CallLog(facts.folder / "calls.jsonl" if facts.folder else None)
        self._faults = AwsFaults(facts.faults)
        self._tokens = Tokens()

    def warm(self) -> None:
        """Load the services of the platform, so that their first call need not; takes a second.

        May run while requests are answered already.
        """
        for service in _SERVICES:
            get_service_router(service)
            backend_dict(service)

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI entry point."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(own_paths.PREFIX):
            with self._lock:
                return own_paths.answer(environ, start_response)
        request = read_request(environ)
        try:
            answer, fault = self._faults.answer(
                request, environ, lambda: self._carried_out(environ, request)
            )
        except ConnectionAbortedError as error:
            self._log.write(request, 0, b"", str(error))
            close(environ)
            raise
        self._log.write(request, answer.code, answer.body, fault)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _carried_out(self, environ: Environment, request: Request) -> Answer:
        if request.service in _CONCURRENT:
            return self._answer(environ, request)
        if request.service in self._own_locks:
            with self._own_locks[request.service]:
                return self._answer(environ, request)
        with self._lock:
            answer = self._tokens.answered(request)
            if answer is None:
                answer = self._answer(environ, request)
                self._tokens.keep(request, answer)
            return answer

    def _answer(self, environ: Environment, request: Request) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Any:
            started.append((status, headers))
            return _discard

        try:
            body = b"".join(self._moto(environ, remember))
            answer = Answer(*started[-1], body)
        except NotImplementedError as error:
            return _not_emulated(request, str(error))
        except Exception as error:  # noqa: BLE001 a fault of moto must not look like AWS's own
            return _broken(request, error)
        unrouted = answer.code == 404 and not body and request.service not in {"s3", ""}
        if unrouted and environ["REQUEST_METHOD"] != "HEAD":
            return _not_emulated(request, "")
        return answer


def _discard(_data: bytes) -> None:
    """The write function of WSGI, which Flask does not use."""


def _not_emulated(request: Request, detail: str) -> Answer:
    """501 for what is not there, so that no client tries it again."""
    message = f"The local cloud does not emulate {request.service}:{request.action or 'this path'}"
    text = f"{message}. {detail}".strip()
    return wire_errors.error(request, "501 Not Implemented", "NotEmulated", text)


def _broken(request: Request, error: Exception) -> Answer:
    message = (
        f"The local cloud failed at {request.service}:{request.action}: "
        f"{type(error).__name__}: {error}"
    )
    return wire_errors.error(request, "501 Not Implemented", "EmulatorFault", message)
