"""Telling a reporter how the processes of a cloud come up."""

import time
from collections.abc import Sequence

from local.cluster.health import Sick
from local.cluster.processes import ProcessSpec
from local.reporter import Reporter


class ProcessProgress:
    """Reports the start of some processes, one step for each."""

    def __init__(self, processes: Sequence[ProcessSpec], reporter: Reporter) -> None:
        self._reporter = reporter
        self._began = time.monotonic()
        for spec in processes:
            reporter.started(spec.title)

    def ready(self, spec: ProcessSpec) -> None:
        """`spec` answers as it should."""
        seconds = time.monotonic() - self._began
        self._reporter.finished(spec.title, "ready", seconds)

    def failed(self, sick: Sick) -> None:
        """`sick` is to blame for what does not work."""
        self._reporter.failed(sick.process.title, sick.why)
