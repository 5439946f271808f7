"""Asks the servers in containers, from inside their network: ``python -m local.images.probe``.

The first argument says what to ask; one JSON document answers on standard output. It runs in a
process of its own, because a process joins a network namespace with all its threads or not.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

TIMEOUT = 60.0


def main(arguments: Sequence[str]) -> int:
    """Ask, and print what came."""
    what, port, *rest = arguments
    print(json.dumps(QUESTIONS[what](int(port), *rest)))  # noqa: T201 - read by who started it
    return 0


def ready(port: int, path: str, seconds: str) -> dict[str, Any]:
    """Wait until a GET is answered by 200; says how long that took."""
    began = time.monotonic()
    last = "nothing yet"
    while time.monotonic() - began < float(seconds):
        try:
            status, _ = _ask(port, "GET", path)
        except (OSError, HTTPException) as error:
            last = str(error)
        else:
            if status == 200:
                return {"ok": True, "seconds": time.monotonic() - began}
            last = f"HTTP {status}"
        time.sleep(0.1)
    return {"ok": False, "last": last}


def post(port: int, path: str, body: str) -> dict[str, Any]:
    """POST a JSON document; says status, answer and time."""
    began = time.monotonic()
    try:
        status, text = _ask(port, "POST", path, body)
    except (OSError, HTTPException) as error:
        return {"ok": False, "status": 0, "text": str(error)}
    return {
        "ok": status == 200, "status": status, "text": text, "seconds": time.monotonic() - began
    }  # fmt: skip


def _ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {"ready": ready, "post": post}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
