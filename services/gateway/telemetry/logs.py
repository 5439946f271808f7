"""Structured logs: one JSON object a line, on standard error; requests through a thread.

Writing to a pipe that nobody reads blocks. So the line of a request is handed to a thread, and
dropped (and counted) where that one is far behind.
"""

import json
import logging
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from gateway.telemetry import metrics
from gateway.telemetry.settings import LogSettings

REQUESTS = "gateway.request"
"""Name of the log of requests."""
GATHER_SECONDS = 0.02

_SECRETS = (
    (re.compile(r"(llmp_[A-Za-z0-9]{1,64})_[A-Za-z0-9]+"), r"\1_[hidden]"),
    (re.compile(r"(?i)\b(bearer|basic)[ :=]+[^\s\"',;]+"), r"\1 [hidden]"),
    (re.compile(r"(?i)(://[^\s/:@]*:)[^\s/@]+@"), r"\1[hidden]@"),
)


def hide(text: str) -> str:
    """The text without keys, bearer tokens and passwords of URLs."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _timestamp(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonFormatter(logging.Formatter):
    """A record of `logging` as a line of JSON; secrets that slipped into it are hidden."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        line = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = hide(self.formatException(record.exc_info))
        return json.dumps(line)


def log_config(settings: LogSettings) -> dict[str, Any]:
    """For `logging.config.dictConfig`, and so for KServe's ``configure_logging``.

    Access logs of uvicorn are off: requests have a log of their own, and addresses with their
    query belong in none.
    """
    level = settings.level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.JsonFormatter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # KServe and uvicorn would otherwise bring handlers of their own.
            **{
                name: {"handlers": ["stderr"], "level": level, "propagate": False}
                for name in ("kserve", "kserve.trace", "uvicorn")
            },
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # It warns of every attempt to reach a collector, and then says that it failed.
            "opentelemetry": {"level": "ERROR"},
        },
    }


class LineWriter:
    """Writes lines from a thread, as many at once as there are."""

    def __init__(self, stream: TextIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self._lines: deque[str] = deque()
        self._awake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Hand over a line; never waits."""
        if len(self._lines) >= self._most:
            metrics.LOG_LINES_DROPPED.inc()
            return
        self._lines.append(line)
        if not self._awake.is_set():
            self._awake.set()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            # Lines of a busy moment are written together: one wake-up for many.
            self._ending.wait(GATHER_SECONDS)
            self._awake.clear()
            while self._lines:
                batch = [self._lines.popleft() for _ in range(min(len(self._lines), 512))]
                self._write("\n".join(batch) + "\n")
            if self._ending.is_set():
                return

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # The reader is gone, or the stream closed: nobody is left to tell but the metrics.
            metrics.LOG_LINES_DROPPED.inc(text.count("\n"))

    def close(self, seconds: float) -> None:
        """Write what is left, for so long at most."""
        self._ending.set()
        self._awake.set()
        self._thread.join(seconds)


class RequestLog:
    """One line a request."""

    def __init__(
        self,
        settings: LogSettings,
        stream: TextIO | None = None,
        *,
        chance: Callable[[], float],
    ) -> None:
        self._sample = settings.sample
        self._least = logging.getLevelNamesMapping()[settings.level.upper()]
        self._chance = chance
        self._writer = LineWriter(stream or sys.stderr, settings.queue)

    def wants(self, status: int) -> int:
        """The level of the line for a status; 0 where none is to be written."""
        if status >= 500:
            return logging.ERROR
        if status >= 400 and status != 499:
            return logging.WARNING if self._least <= logging.WARNING else 0
        if self._least > logging.INFO:
            return 0
        return logging.INFO if self._sample >= 1 or self._chance() < self._sample else 0

    def write(self, level: int, fields: dict[str, Any]) -> None:
        """Write a line; empty fields are left out."""
        line: dict[str, Any] = {
            "time": _timestamp(time.time()),
            "level": logging.getLevelName(level).lower(),
            "logger": REQUESTS,
            "message": "request",
        }
        line.update((name, value) for name, value in fields.items() if value not in ("", None))
        self._writer.put(json.dumps(line))

    def close(self) -> None:
        """Write what is left."""
        self._writer.close(2.0)
