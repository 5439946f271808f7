"""Telling how far the models are while a server starts, and noticing early that it will not."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from local.cluster.processes import KeeperStatus, ProcessStatus, State, log_file
from local.reporter import Reporter
from local.serving.plan import TRITON

TELL_SECONDS = 2.0
REPEAT_SECONDS = 10.0
"""The same words are said again only after so long, so that one sees that it goes on."""
_LOADED = re.compile(r"successfully loaded '([^']+)'")


class StartWatch:
    """The keeper's status during a start, as `health.wait` asks for it.

    A process that has ended once will not do better the next time: its models, its settings and
    its ports are the same. So it counts as failed at once, instead of after many restarts.
    """

    def __init__(
        self,
        status: Callable[[], KeeperStatus | None],
        folder: Path,
        models: Sequence[str],
        reporter: Reporter,
    ) -> None:
        self._status = status
        self._log = log_file(folder, TRITON)
        self._from = self._log.stat().st_size if self._log.exists() else 0
        self._models = models
        self._reporter = reporter
        self._began = self._told_at = time.monotonic()
        self._told: str = ""

    def __call__(self) -> KeeperStatus | None:
        """The status; and a word on the models when two seconds have brought something new."""
        known = self._status()
        silent = time.monotonic() - self._told_at
        if silent >= TELL_SECONDS:
            words = self._words()
            if words != self._told or silent >= REPEAT_SECONDS:
                seconds = time.monotonic() - self._began
                self._reporter.note("models", f"{words} ({seconds:.0f} s)")
                self._told, self._told_at = words, time.monotonic()
        return impatient(known) if known else None

    def _words(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._from)
            text = log.read().decode(errors="replace")
        return loaded_words(text, self._models)


def impatient(known: KeeperStatus) -> KeeperStatus:
    """`known`, with processes that ended by themselves taken for failed."""
    return replace(known, processes={k: _judged(v) for k, v in known.processes.items()})


def loaded_words(log: str, models: Sequence[str]) -> str:
    """How many of the models Triton's log says are loaded, and which are still to come."""
    loaded = set(_LOADED.findall(log))
    waiting = [name for name in models if name not in loaded]
    if not waiting:
        return "all models are loaded"
    return f"{len(models) - len(waiting)} of {len(models)} loaded, next {waiting[0]}"


def _judged(entry: ProcessStatus) -> ProcessStatus:
    ended = entry.state is State.WAITING or entry.restarts > 0
    return replace(entry, state=State.FAILED) if ended and entry.last_end else entry
