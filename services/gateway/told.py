"""What whoever starts the gateway says beside its settings file."""

from typing import NamedTuple


class Told(NamedTuple):
    """Arguments of the command line that win over the settings file.

    KServe gives them to the transformer of an InferenceService.
    """

    http_port: int | None = None
    """Port of REST."""
    predictor_host: str | None = None
    """Host of Triton, with a port of its HTTP endpoint or without."""
