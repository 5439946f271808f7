"""The platform's program, as the engine runs it inside this process.

What loads the provider SDKs is imported when it runs.
"""

import gc
import threading
from importlib import import_module

from infra.settings import Settings


class Program:
    """Callable that builds the platform; loads the provider SDKs while the cloud starts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def load_in_background(self) -> None:
        """Import what the program needs (about three seconds) beside other work."""
        # the SDKs and the program only ever add objects: looking for garbage as often as usual
        # finds none, and takes a fifth of the time of the program
        gc.set_threshold(50_000, 20, 20)
        threading.Thread(target=_load, daemon=True).start()

    def __call__(self) -> None:
        """Build the platform from the configuration that the engine passes in."""
        from infra.__main__ import run  # noqa: PLC0415
        from local.source_positions import forget_source_positions  # noqa: PLC0415

        forget_source_positions()
        run()


def _load() -> None:
    import_module("infra.stack")
