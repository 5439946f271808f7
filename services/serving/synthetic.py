"""A model that costs the same whatever the size of its batch: for measuring what batching gains."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.backend import Settings, require
from serving.batching import BatchModel, response


class SyntheticModel(BatchModel):
    """FP32 value [n, 1] to the same, after a fixed time."""

    def load(self, files: dict[str, Path], settings: Settings) -> None:
        """Make the model ready."""
        self._seconds = settings.number("milliseconds") / 1000

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer a batch of requests."""
        time.sleep(self._seconds)
        return [response({"result": require(request, "value")}) for request in requests]
