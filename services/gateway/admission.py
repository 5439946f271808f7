"""Slots of a model, and a queue of bounded length and time before them."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.contract import Call
from gateway.drain import Drain
from gateway.errors import OverloadedError, UnavailableError

DEFAULT_PRIORITY = 5

Priority = Annotated[int, Field(ge=1, le=9)]


class ModelAdmission(BaseModel):
    """Room for the requests of one model.

    Attributes:
        slots: Requests that are at Triton at the same time.
        queue: Requests that wait for a slot; one more is refused at once.
        queue_seconds: How long one waits; then it is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: int = Field(default=64, ge=1, le=100_000)
    queue: int = Field(default=64, ge=0, le=100_000)
    queue_seconds: float = Field(default=10.0, gt=0, le=3600)


class AdmissionSettings(ModelAdmission):
    """Room for requests; `slots`, `queue` and `queue_seconds` hold for every model by itself.

    Attributes:
        models: Other figures for single models, by their name for clients.
        priorities: By tenant, 1 to 9; of those that wait, the lowest goes first. 5 if not named.
    """

    models: dict[str, ModelAdmission] = Field(default_factory=dict)
    priorities: dict[str, Priority] = Field(default_factory=dict)


class Gate:
    """The slots and the queue of one model.

    Attributes:
        active: Slots that are taken.
        waiting: Requests in the queue.
    """

    def __init__(self, settings: ModelAdmission) -> None:
        self._settings = settings
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._served_seconds = 1.0
        self.active = 0
        self.waiting = 0

    async def enter(self, call: Call, priority: int) -> None:
        """Take a slot, or wait for one; leaves how long in ``call.notes["queue_seconds"]``.

        Raises:
            OverloadedError: The queue is full, or it took too long.
        """
        if self.active < self._settings.slots:
            self.active += 1
            return
        if self.waiting >= self._settings.queue:
            raise self._refused("all slots of the model are taken and its queue is full")
        since = time.monotonic()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (priority, next(self._order), turn))
        self.waiting += 1
        patience = min(self._settings.queue_seconds, max(0.0, call.deadline - since))
        try:
            async with asyncio.timeout(patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(0.0)  # it was handed over just when nobody wanted it any more
            turn.cancel()
            if isinstance(error, TimeoutError):
                raise self._refused("no slot of the model became free in time") from None
            raise
        finally:
            self.waiting -= 1
            call.notes["queue_seconds"] = time.monotonic() - since

    def leave(self, seconds: float) -> None:
        """Give a slot back; it goes to the first of those that wait.

        Args:
            seconds: How long it was held; 0 when it was not used.
        """
        if seconds:
            self._served_seconds += (seconds - self._served_seconds) / 16
        while self._queue:
            _, _, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self.active -= 1

    def _refused(self, reason: str) -> OverloadedError:
        ahead = self.waiting + 1
        seconds = min(60.0, max(1.0, self._served_seconds * ahead / self._settings.slots))
        return OverloadedError(reason, retry_after=round(seconds))


class Slot:
    """Holds a slot while its block lasts."""

    __slots__ = ("_call", "_drain", "_gate", "_priority", "_since")

    def __init__(self, gate: Gate, call: Call, priority: int, drain: Drain) -> None:
        self._gate = gate
        self._call = call
        self._priority = priority
        self._drain = drain
        self._since = 0.0

    async def __aenter__(self) -> None:
        if self._drain.draining:
            raise UnavailableError("the gateway is shutting down; ask another one", retry_after=1.0)
        await self._gate.enter(self._call, self._priority)
        self._since = time.monotonic()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gate.leave(time.monotonic() - self._since)


class QueueAdmission:
    """`gateway.contract.Admission`: one gate for every model."""

    def __init__(self, settings: AdmissionSettings, drain: Drain) -> None:
        self._settings = settings
        self._drain = drain
        self._gates: dict[str, Gate] = {}

    def slot(self, call: Call) -> Slot:
        """Hold a slot of the call's model while the context lasts; errors as in the contract."""
        priority = self._settings.priorities.get(call.tenant.name, DEFAULT_PRIORITY)
        return Slot(self.gate(call.model.name), call, priority, self._drain)

    def gate(self, model: str) -> Gate:
        """The gate of a model, by its name for clients."""
        gate = self._gates.get(model)
        if gate is None:
            gate = self._gates[model] = Gate(self._settings.models.get(model, self._settings))
        return gate

    def load(self) -> Mapping[str, tuple[int, int]]:
        """Taken slots and waiting requests of each model that was asked for so far."""
        return {name: (gate.active, gate.waiting) for name, gate in self._gates.items()}


def make_admission(section: AdmissionSettings, drain: Drain) -> QueueAdmission:
    """Admission by the settings."""
    return QueueAdmission(section, drain)
