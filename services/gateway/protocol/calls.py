"""What every inference request of the protocol goes through, whichever way it came."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.access import credentials
from gateway.asgi import CLIENT_GONE, ClientGoneError, traceparent
from gateway.assembly import Parts
from gateway.contract import Call, Kind, ServedModel, Tenant, Watch
from gateway.errors import GatewayError

ROUTE = "infer"
BYTES_PER_TOKEN = 4
WATCHED = "watched"
"""Note of a call whose end its watch tells."""


@dataclass(slots=True)
class Served:
    """A call that holds its slot.

    Attributes:
        call: The call.
        watch: Watches it.
        tokens: What it used, as far as that is known; settled with its budget.
        finish_reason: Of an answer in text.
    """

    call: Call
    watch: Watch
    tokens: int = 0
    finish_reason: str = ""


def size_tokens(call: Call, size: int) -> int:
    """Tokens that a request which is only passed on counts for.

    Embedding models read text, which is not looked into here: four bytes are taken for a token.
    Other tensors count for none.
    """
    return size // BYTES_PER_TOKEN if call.model.kind is Kind.EMBEDDING else 0


class Calls:
    """Keys, budgets, admission and telemetry for calls of the protocol."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def tenant(self, headers: Mapping[str, str]) -> Tenant:
        """Who asks.

        Raises:
            UnauthenticatedError: Nobody that is known.
        """
        return self.parts.keys.authenticate(credentials(headers))

    def find(self, name: str, headers: Mapping[str, str]) -> tuple[Tenant, ServedModel]:
        """Who asks, and for which model.

        Raises:
            UnauthenticatedError: The key is no good.
            NotFoundError: There is no such model.
            ForbiddenError: It is not for this tenant.
        """
        tenant = self.tenant(headers)
        return tenant, self.parts.catalogue.find(name, tenant)

    def begin(
        self, request_id: str, name: str, headers: Mapping[str, str], seconds: float | None = None
    ) -> Call:
        """A new call.

        Args:
            request_id: Its id.
            name: The model, as clients call it.
            headers: By their names in small letters.
            seconds: How long the client waits; None if it does not say.

        Raises:
            GatewayError: As `find`.
        """
        tenant, model = self.find(name, headers)
        started = time.monotonic()
        longest = self.parts.settings.listen.deadline_seconds
        return Call(
            id=request_id,
            route=ROUTE,
            tenant=tenant,
            model=model,
            started=started,
            deadline=started + (longest if seconds is None else min(seconds, longest)),
            trace=traceparent(headers.get("traceparent", "")),
        )

    def refused(self, request_id: str, call: Call | None, error: GatewayError) -> None:
        """Count and log what was refused before it was watched.

        Args:
            request_id: Of the request.
            call: The call, where it came so far.
            error: What the client is told.
        """
        if call is None or WATCHED not in call.notes:
            self.parts.telemetry.refused(
                request_id=request_id,
                route=ROUTE,
                status=error.status,
                code=error.code,
                tenant=call.tenant.name if call else "",
            )

    @asynccontextmanager
    async def served(
        self, call: Call, tokens: int = 0, before: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[Served]:
        """Count the call, hold a slot for it, and watch it until the block ends.

        Args:
            call: The call.
            tokens: At most that many will be used.
            before: What is done once the call is counted and before it waits for its slot.

        Raises:
            GatewayError: A budget is used up, there is no room, or what the block raises.
        """
        watch = self.parts.telemetry.begin(call)
        call.notes[WATCHED] = True
        served = Served(call, watch)
        try:
            reservation = await self.parts.budgets.reserve(call, tokens)
            try:
                if before is not None:
                    await before()
                async with self.parts.admission.slot(call):
                    watch.queued(call.notes.get("queue_seconds", 0.0))
                    yield served
            finally:
                await reservation.settle(served.tokens)
        except GatewayError as error:
            watch.end(status=error.status, code=error.code)
            raise
        except (asyncio.CancelledError, ClientGoneError, GeneratorExit):
            watch.end(status=CLIENT_GONE)
            raise
        except BaseException:
            watch.end(status=500, code=GatewayError.code)
            raise
        watch.end(status=200, finish_reason=served.finish_reason)
