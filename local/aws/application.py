"""The WSGI application: our own paths, then moto, one call at a time."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)

from local.aws import own_paths
from local.aws.backends import backend_dict
from local.aws.calls import CallLog, Request, read_request
from local.aws.facts import Facts

__all__ = ["MotoApplication", "MotoRequestHandler"]

StartResponse = Callable[..., Any]
Environment = dict[str, Any]

_CONCURRENT = frozenset({"s3", "sqs"})
"""Services whose calls may wait (uploads, long polling), so they do not hold the lock."""

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
        self._log = CallLog(facts.folder / "calls.jsonl" if facts.folder else None)

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
        if request.service in _CONCURRENT:
            return self._answer(environ, start_response, request)
        with self._lock:
            return self._answer(environ, start_response, request)

    def _answer(
        self, environ: Environment, start_response: StartResponse, request: Request
    ) -> Iterable[bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Any:
            started.append((status, headers))
            return _discard

        try:
            body = b"".join(self._moto(environ, remember))
            status, headers = started[-1]
        except NotImplementedError as error:
            status, headers, body = _not_emulated(request, str(error))
        except Exception as error:  # noqa: BLE001 a fault of moto must not look like AWS's own
            status, headers, body = _broken(request, error)
        unrouted = status.startswith("404") and not body and request.service != "s3"
        if unrouted and request.service and environ["REQUEST_METHOD"] != "HEAD":
            status, headers, body = _not_emulated(request, "")
        self._log.write(request, int(status.split()[0]), body)
        start_response(status, headers)
        return [body]


def _discard(_data: bytes) -> None:
    """The write function of WSGI, which Flask does not use."""


def _not_emulated(request: Request, detail: str) -> tuple[str, list[tuple[str, str]], bytes]:
    message = f"The local cloud does not emulate {request.service}:{request.action or 'this path'}"
    return _error(request, "501 Not Implemented", "NotEmulated", f"{message}. {detail}".strip())


def _broken(request: Request, error: Exception) -> tuple[str, list[tuple[str, str]], bytes]:
    message = (
        f"The local cloud failed at {request.service}:{request.action}: "
        f"{type(error).__name__}: {error}"
    )
    return _error(request, "501 Not Implemented", "EmulatorFault", message)


def _error(
    request: Request, status: str, code: str, message: str
) -> tuple[str, list[tuple[str, str]], bytes]:
    """An error that the service's protocol can carry; 501, so that no client retries it."""
    from xml.sax.saxutils import escape  # noqa: PLC0415 only here

    if request.service in {"ec2", "s3"}:
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        if request.service == "ec2":
            body = f"<Response><Errors>{body}</Errors></Response>"
        kind = "text/xml"
    elif request.protocol_is_xml:
        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body, kind = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>", "text/xml"
    else:
        body, kind = json.dumps({"__type": code, "message": message}), "application/x-amz-json-1.1"
    data = body.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(data))),
        ("x-amzn-ErrorType", code),
    ]
    return status, headers, data
