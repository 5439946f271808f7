"""How long-running work tells what it does, without knowing who listens."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol


class Reporter(Protocol):
    """Receives the progress of a piece of work."""

    def started(self, step: str) -> None:
        """`step` has begun; `step` is a short noun phrase such as ``kube-apiserver``."""
        ...

    def note(self, step: str, text: str) -> None:
        """`step` goes on; `text` is what it does right now, such as ``compiling 812 packages``."""
        ...

    def finished(self, step: str, text: str, seconds: float) -> None:
        """`step` is done; `text` is how, such as ``from the cache``."""
        ...

    def failed(self, step: str, text: str) -> None:
        """`step` cannot be done; an error follows."""
        ...


class LineReporter:
    """Prints one line per event to standard error: for logs, CI and pipes."""

    def started(self, step: str) -> None:
        """Print that `step` has begun."""
        self._line(f"… {step}")

    def note(self, step: str, text: str) -> None:
        """Print what `step` does right now."""
        self._line(f"  {step}: {text}")

    def finished(self, step: str, text: str, seconds: float) -> None:
        """Print that `step` is done, how, and in which time."""
        self._line(f"✓ {step}: {text} ({seconds:.1f} s)")

    def failed(self, step: str, text: str) -> None:
        """Print that `step` failed."""
        self._line(f"✗ {step}: {text}")

    @staticmethod
    def _line(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class QuietReporter:
    """A reporter that nobody listens to."""

    def started(self, step: str) -> None:
        """Nothing."""

    def note(self, step: str, text: str) -> None:
        """Nothing."""

    def finished(self, step: str, text: str, seconds: float) -> None:
        """Nothing."""

    def failed(self, step: str, text: str) -> None:
        """Nothing; the error that follows says it all."""


@contextmanager
def reported(reporter: Reporter, step: str, done: str = "done") -> Generator[None]:
    """Report `step` as started, then as finished, or as failed when it raises."""
    began = time.monotonic()
    reporter.started(step)
    try:
        yield
    except BaseException as error:
        reporter.failed(step, str(error).partition("\n")[0] or type(error).__name__)
        raise
    reporter.finished(step, done, time.monotonic() - began)
