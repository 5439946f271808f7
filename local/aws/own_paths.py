"""Paths of our own on the emulator's port: who the cloud is, and what its Kubernetes asks."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from local.aws.facts import current

PREFIX = "/_llmp/"
IDENTITY = f"{PREFIX}identity"
_MAX_BODY = 1 << 20


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI entry point of everything below `PREFIX` but `IDENTITY`."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if (method, path) == ("POST", f"{PREFIX}token-review"):
        return _review(environ, start_response)
    if (method, path) == ("GET", f"{PREFIX}eks"):
        from local.aws.eks.overview import overview  # noqa: PLC0415 imports moto

        return _reply(start_response, "200 OK", overview())
    return _reply(start_response, "404 Not Found", {"error": f"no {method} {path}"})


def identity(start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Who the cloud is; needs nothing of moto."""
    return _reply(start_response, "200 OK", {"cloud_id": current().cloud_id})


def _review(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    from local.aws import token_review  # noqa: PLC0415 imports moto

    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(min(length, _MAX_BODY))
    try:
        review: Any = json.loads(body)
        reply = token_review.review(review)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"not a TokenReview: {type(error).__name__}"
        return _reply(start_response, "400 Bad Request", {"error": message})
    return _reply(start_response, "200 OK", reply)


def _reply(
    start_response: Callable[..., Any], status: str, document: dict[str, Any]
) -> Iterable[bytes]:
    data = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, headers)
    return [data]
