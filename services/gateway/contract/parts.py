"""What each part of the gateway offers to the others."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.contract.words import (
    Answer,
    Call,
    Embeddings,
    Generation,
    Message,
    Piece,
    Question,
    Sampling,
    Tenant,
)


class Upstream(Protocol):
    """Triton."""

    async def is_ready(self, model: str = "") -> bool:
        """Whether the server, or one of its models, is ready; False when it does not answer."""
        ...

    def generate(self, call: Call, generation: Generation) -> AsyncGenerator[Piece]:
        """Answer a prompt piece by piece. Closing the generator cancels the work in Triton.

        Raises:
            InvalidRequestError: Triton refuses the input.
            UnavailableError: It does not answer, or died.
            OverloadedError: Its own queue is full.
            DeadlineError: The call's deadline passed.
        """
        ...

    async def embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        """Embed texts. Errors as for `generate`."""
        ...

    async def fingerprint(self, model: str) -> str:
        """What the answers of one of Triton's models depend on besides the request.

        A digest of the versions that are ready and of the model's configuration: another one
        means that kept answers are void. Asked at most every few seconds.

        Raises:
            UnavailableError: Triton does not answer, or the model is not loaded.
        """
        ...


class Reservation(Protocol):
    """Tokens set aside for one call."""

    async def settle(self, tokens: int) -> None:
        """Say how many were used; what is left over goes back. Safe to call once only."""
        ...


class Budgets(Protocol):
    """Requests and tokens that a key may use in a window, over all replicas."""

    async def reserve(self, call: Call, tokens: int) -> Reservation:
        """Count the request and set `tokens` aside.

        Raises:
            BudgetExceededError: A budget is used up; says until when.
            UnavailableError: The shared store is away and the setting is to fail closed.
        """
        ...


class Keys(Protocol):
    """API keys: hashed, per tenant, read anew when their file changes."""

    # `gateway.access` also has `credentials(headers)`, which takes ``x-api-key`` where there is no
    # ``Authorization``, and `authorize(tenant, model)`, which refuses models of others.

    def authenticate(self, authorization: str | None) -> Tenant:
        """Who an ``Authorization`` header (or gRPC metadata of that name) belongs to.

        Raises:
            UnauthenticatedError: To nobody.
        """
        ...


class OutputGuard(Protocol):
    """Guards of one answer. Text that may still turn out bad is held back, a window at most."""

    def feed(self, text: str) -> str:
        """Take a piece of the answer; returns what may be sent now.

        Raises:
            BlockedError: The answer must end here.
        """
        ...

    def end(self) -> str:
        """The answer is over; returns what was held back. Raises as `feed`."""
        ...


class Guards(Protocol):
    """The tenant's chain of guards."""

    async def prompt(self, call: Call, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages, masked where the chain masks; flags go into ``call.notes["guards"]``.

        Raises:
            BlockedError: A guard refuses them.
        """
        ...

    def output(self, call: Call) -> OutputGuard:
        """Guards for the answer to this call."""
        ...


class AnswerCache(Protocol):
    """The exact and the semantic cache together. Off by default; see docs/gateway-caches.md.

    ``find``; on None generate, and ``keep`` if the answer came to its end; in any case
    ``release`` once the call is over. `gateway.cache.replay` makes a kept answer a stream.
    """

    async def find(self, call: Call, question: Question) -> Answer | None:
        """The kept answer, or None.

        May wait for another call that is just generating the very same answer, never beyond
        this call's deadline. Says what it did in ``call.notes["cache"]``, the value of the
        header ``x-cache``: ``hit``, ``semantic``, ``miss``, ``bypass`` (this question is not
        for a cache) or ``off``. Never raises but when it is cancelled.
        """
        ...

    async def keep(self, call: Call, question: Question, answer: Answer) -> None:
        """Keep a whole answer. Never raises: a cache that is away is a cache that misses."""
        ...

    def release(self, call: Call, *, failed: bool = False) -> None:
        """The call is over, however it ended: nobody waits for its answer any longer.

        May be called more than once, and for calls that never asked.

        Args:
            call: The call.
            failed: Whether it was refused or broke off, so that those who waited for its answer
                had better all try by themselves. When its client left, one of them does.
        """
        ...


class Admission(Protocol):
    """Slots of a model, and a queue of bounded length and time before them."""

    def slot(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Hold a slot while the context lasts.

        Raises:
            OverloadedError: The queue is full, or it took too long.
            UnavailableError: The gateway drains.
        """
        ...


class Telemetry(Protocol):
    """Metrics, traces and logs of calls; no prompt text unless it is switched on."""

    def begin(self, call: Call) -> "Watch":
        """A call begins; gives it its ``trace``."""
        ...

    def refused(
        self, *, request_id: str, route: str, status: int, code: str, tenant: str = ""
    ) -> None:
        """A request that never became a call: no good key, no such model, not understood."""
        ...

    def watch_queue(
        self, model: str, *, waiting: Callable[[], int], busy: Callable[[], int]
    ) -> None:
        """Where to read, whenever metrics are asked for, a model's queue length and busy slots."""
        ...


class Watch(Protocol):
    """Watches one call."""

    def asked(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        stream: bool = False,
    ) -> None:
        """What was asked, as the guards left it: for the trace alone; need not be called."""
        ...

    def queued(self, seconds: float) -> None:
        """It holds its slot, after so long a wait (0 for none).

        From here on ``call.trace`` is that of the model's own work, so Triton is asked afterwards.
        """
        ...

    def piece(self, piece: Piece) -> None:
        """A piece was sent: time to first token, time between tokens, tokens.

        Embeddings and tensors say their tokens by one piece without text.
        """
        ...

    def end(self, *, status: int, code: str = "", finish_reason: str = "") -> None:
        """It is over: answered, refused, or given up by the client (499). Called once."""
        ...
