"""All handlers, by type token."""

import importlib
import pkgutil

from local.providers.aws import resources
from local.providers.aws.handler import Handler


def _load() -> dict[str, Handler]:
    """Handlers of every module in ``resources`` that has any."""
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(resources.__path__, f"{resources.__name__}."):
        for handler in getattr(importlib.import_module(module.name), "HANDLERS", ()):
            found[handler.urn_type] = handler
    return found


HANDLERS = _load()
"""Type token → its handler."""
