"""Which version of a model answers, so that what another one said is never given."""

import asyncio
import time
from collections.abc import Callable

from gateway.contract import Upstream
from gateway.errors import GatewayError

REFRESH_SECONDS = 5.0
"""How old a fingerprint may be when an answer is looked up."""


class Versions:
    """Fingerprints of Triton's models, asked at most every few seconds.

    Args:
        upstream: Who is asked.
        changed: Told the name of a model whose fingerprint is another than before.
        clock: Seconds, of a clock that never goes back.
    """

    def __init__(
        self,
        upstream: Upstream,
        changed: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self._changed = changed
        self._clock = clock
        self._answers: dict[str, tuple[str, float]] = {}
        self._last: dict[str, str] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, model: str, *, age: float = REFRESH_SECONDS) -> str:
        """Fingerprint of one of Triton's models, not older than `age` seconds.

        Returns:
            Empty when it cannot be known: then there is no cache for this model.
        """
        asked = self._clock()
        async with self._asking.setdefault(model, asyncio.Lock()):
            # what came while this call waited for its turn is fresh enough
            answer, when = self._answers.get(model, ("", float("-inf")))
            if when > asked - age:
                return answer
            try:
                found = await self._upstream.fingerprint(model)
            except GatewayError:
                found = ""
            self._answers[model] = (found, self._clock())
        if found:
            if self._last.get(model, found) != found:
                self._changed(model)
            self._last[model] = found
        return found
