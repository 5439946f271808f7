"""Prometheus: raw samples of selectors, and values of expressions."""

import http.client
import json
import math
import urllib.error
import urllib.request
from typing import Any, cast
from urllib.parse import urlencode

from rollout.counters import Series

ANSWER_SECONDS = 10.0


class NoMetricsError(Exception):
    """Prometheus does not answer, or not what was asked; a gate then waits."""


class Prometheus:
    """A Prometheus, by the URL of its API's root."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def samples(self, selector: str, seconds: float, now: float) -> list[Series]:
        """The samples of every series of a selector, of the last `seconds`.

        Raises:
            NoMetricsError: There is no answer.
        """
        found = self._query(f"{selector}[{max(1, math.ceil(seconds))}s]", now)
        return [
            Series(each["metric"], [(float(t), float(v)) for t, v in each["values"]])
            for each in _entries(found, "matrix")
        ]

    def value(self, expression: str, now: float) -> float | None:
        """The value of an expression; None when it has none, or several.

        Raises:
            NoMetricsError: There is no answer.
        """
        found = self._query(expression, now)
        if found.get("resultType") == "scalar":
            return float(found["result"][1])
        entries = _entries(found, "vector")
        return float(entries[0]["value"][1]) if len(entries) == 1 else None

    def _query(self, query: str, now: float) -> dict[str, Any]:
        data = urlencode({"query": query, "time": f"{now:.3f}", "timeout": "8s"}).encode()
        request = urllib.request.Request(f"{self._url}/api/v1/query", data)  # noqa: S310 - settings
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                document: Any = json.load(answer)
        except urllib.error.HTTPError as error:
            raise NoMetricsError(f"Prometheus: {_told(error)}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoMetricsError(f"Prometheus at {self._url} does not answer: {error}") from None
        if not isinstance(document, dict) or "data" not in document:
            raise NoMetricsError(f"what answers at {self._url} is no Prometheus")
        return cast("dict[str, Any]", document["data"])


def _entries(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    if found.get("resultType") != kind:
        raise NoMetricsError(f"Prometheus gave a {found.get('resultType')}, not a {kind}")
    return cast("list[dict[str, Any]]", found["result"])


def _told(error: urllib.error.HTTPError) -> str:
    """What it says is wrong with a query."""
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP status {error.code}"
