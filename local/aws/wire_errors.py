"""Errors as each of AWS's protocols carries them."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from local.aws.calls import Request

REQUEST_ID = "00000000-0000-4000-8000-10ca1c10d000"
"""Names no request: the local cloud keeps no log by request id."""


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP.

    Attributes:
        status: Status line, such as ``200 OK``.
        headers: Names and values.
        body: The body.
    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status.split()[0])


def error(request: Request, status: str, code: str, message: str) -> Answer:
    """An error in the protocol of the service that was asked."""
    text = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if request.service == "s3":
        body = f"<Error>{text}<RequestId>{REQUEST_ID}</RequestId></Error>"
        kind = "application/xml"
    elif request.service == "ec2":
        body = f"<Errors><Error>{text}</Error></Errors><RequestID>{REQUEST_ID}</RequestID>"
        body, kind = f"<Response>{body}</Response>", "text/xml"
    elif request.protocol_is_xml:
        fault = "Receiver" if status.startswith("5") else "Sender"
        body = f"<Error><Type>{fault}</Type>{text}</Error><RequestId>{REQUEST_ID}</RequestId>"
        body, kind = f"<ErrorResponse>{body}</ErrorResponse>", "text/xml"
    else:
        body, kind = json.dumps({"__type": code, "message": message}), "application/x-amz-json-1.1"
    data = body.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(data))),
        ("x-amzn-ErrorType", code),
    ]
    return Answer(status, headers, data)


_JSON_THROTTLED = {"eks": ("429 Too Many Requests", "ThrottlingException")}
_SERVER_ERRORS = {
    "s3": "InternalError",
    "ec2": "InternalError",
    "eks": "ServerException",
    "kms": "KMSInternalException",
    "ecr": "ServerException",
}


def throttled(request: Request, message: str) -> Answer:
    """The answer to too many requests."""
    if request.service == "s3":
        return error(request, "503 Slow Down", "SlowDown", message)
    if request.service == "ec2":
        return error(request, "503 Service Unavailable", "RequestLimitExceeded", message)
    if request.protocol_is_xml:
        return error(request, "400 Bad Request", "Throttling", message)
    status, code = _JSON_THROTTLED.get(request.service, ("400 Bad Request", "ThrottlingException"))
    return error(request, status, code, message)


def server_error(request: Request, message: str) -> Answer:
    """The answer of a service that has failed."""
    default = "InternalFailure" if request.protocol_is_xml else "InternalServerError"
    code = _SERVER_ERRORS.get(request.service, default)
    return error(request, "500 Internal Server Error", code, message)
