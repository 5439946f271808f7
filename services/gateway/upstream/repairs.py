"""Brings Python models back whose process died."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from gateway.errors import GatewayError
from gateway.upstream.failures import dead_model

logger = logging.getLogger("gateway.upstream")

PAUSE_SECONDS = 10.0
"""A model is loaded anew that often at most: one that dies at every start must not keep Triton
busy, and other replicas of the gateway may be at it."""


class Repairs:
    """Has Triton load a model anew when it says that the model's process is dead.

    Args:
        reload: Loads a model anew, by Triton's name.
        enabled: Whether to.
    """

    def __init__(self, reload: Callable[[str], Awaitable[None]], *, enabled: bool) -> None:
        self._reload = reload
        self._enabled = enabled
        self._last: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    def failed(self, details: str) -> None:
        """Triton said this about a failure."""
        model = dead_model(details) if self._enabled else ""
        now = time.monotonic()
        if not model or now - self._last.get(model, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return
        self._last[model] = now
        task = asyncio.create_task(self._repair(model))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _repair(self, model: str) -> None:
        logger.warning("model %s: its process in Triton died; it is loaded anew", model)
        since = time.monotonic()
        try:
            await self._reload(model)
        except GatewayError as error:
            logger.error("model %s: could not be loaded anew: %s", model, error.message)
        else:
            logger.warning("model %s: loaded anew in %.1f s", model, time.monotonic() - since)
