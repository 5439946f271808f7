"""What a request is, and the record of all of them in ``calls.jsonl``."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from local.aws.targets import find_target

_MAX_BODY = 1 << 20
_REST_SERVICES = {"eks": "eks", "s3": "s3", "elasticfilesystem": "efs", "scheduler": "scheduler"}


@dataclass(frozen=True)
class Request:
    """What a request asks for.

    Attributes:
        service: Name that the request was signed for, such as ``eks``; "" when unsigned.
        region: Region that it was signed for.
        action: Operation, such as ``CreateCluster``; "" when it cannot be told.
        parameters: Parameters of the request by name; values of JSON bodies stay as they are.
        protocol_is_xml: Whether answers of this service are XML.
    """

    service: str
    region: str
    action: str
    parameters: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    protocol_is_xml: bool = False


def read_request(environ: dict[str, Any]) -> Request:
    """Tell service, action and parameters; leaves the body readable for moto."""
    region, service = _scope(environ)
    if service in _REST_SERVICES:
        return _rest(environ, service, region)
    body = _body(environ)
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return Request(service, region, target.rpartition(".")[2], _json(body))
    if body[:1] == b"{":
        return Request(service, region, _json(body).get("Action", ""), _json(body))
    form = parse_qs(body.decode("utf-8", "replace") or str(environ.get("QUERY_STRING", "")))
    parameters: dict[str, Any] = {name: values[0] for name, values in form.items()}
    action = str(parameters.get("Action", ""))
    return Request(service, region, action, parameters, protocol_is_xml=bool(action))


def _scope(environ: dict[str, Any]) -> tuple[str, str]:
    """Region and service of the signature's credential scope."""
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    credential = header.partition("Credential=")[2].partition(",")[0]
    if not credential:
        query = parse_qs(str(environ.get("QUERY_STRING", "")))
        credential = query.get("X-Amz-Credential", [""])[0]
    parts = unquote(credential).split("/")
    return (parts[2], parts[3].lower()) if len(parts) == 5 else ("", "")


def _body(environ: dict[str, Any]) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or not 0 < int(length) <= _MAX_BODY:
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json(body: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _rest(environ: dict[str, Any], service: str, region: str) -> Request:
    body = _body(environ) if service != "s3" else b""
    try:
        matched: Any = get_service_router(_REST_SERVICES[service]).match(MotoRequest(environ))
    except HTTPException:
        method, path = environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")
        return Request(service, region, "", {"path": f"{method} {path}"}, service == "s3")
    action, parameters = str(matched[0].name), {**_json(body), **_texts(matched[1])}
    return Request(service, region, action, parameters, service == "s3")


def _texts(found: Any) -> dict[str, Any]:
    return {str(name): unquote(str(value)) for name, value in found.items()}


class CallLog:
    """Appends one line per call; each line is on disk's way when the answer goes out.

    A line holds time, service, action, HTTP status and the main resource of the call: never a
    body, never another parameter. A call that a fault plan spoiled says how, as ``fault``; its
    status is 0 when the client got no answer.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: io.TextIOWrapper | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, request: Request, status: int, answer: bytes, fault: str = "") -> None:
        """Record `request`, answered with `status` and the body `answer`, spoiled by `fault`."""
        if self._file is None:
            return
        line: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": request.service,
            "action": request.action,
            "status": status,
            "target": find_target(request.service, request.action, request.parameters, answer),
        }
        if fault:
            line["fault"] = fault
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
