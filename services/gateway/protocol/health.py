"""Whether the gateway lives, and whether it can answer."""

from gateway.drain import Drain
from gateway.upstream import TritonUpstream


class Health:
    """Liveness and readiness, for REST and gRPC alike.

    It lives as long as it answers at all: Triton's trouble is no reason to restart the gateway.
    It is ready while Triton is and it does not drain.
    """

    def __init__(self, upstream: TritonUpstream, drain: Drain) -> None:
        self._upstream = upstream
        self._drain = drain

    async def is_ready(self, model: str = "", version: str = "") -> bool:
        """Whether requests, or those for one of Triton's models, can be answered."""
        return not self._drain.draining and await self._upstream.is_ready(model, version)
