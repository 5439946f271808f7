"""The words that the parts of the gateway share, and what each part offers to the others.

A request becomes a `Call`. It passes, in this order: `Keys` (who asks), `Budgets` (may they),
`Guards` (may the prompt), the caches, `Admission` (is there room), `Upstream` (Triton), and the
guards of the output; `Telemetry` watches. Errors are those of `gateway.errors`.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """What a served model does."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    TENSOR = "tensor"
    """Any other: reached by the Open Inference Protocol only."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the backend of a model can do beyond plain text."""

    json_schema: bool = False
    tools: bool = False
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as clients see it.

    Attributes:
        name: What clients ask for.
        triton: Name of Triton's model.
        kind: What it does.
        context_tokens: Prompt and answer together, at most.
        max_output_tokens: Answer, at most.
        chat_template: Jinja template of the prompt; empty for models that do not chat.
        stop: Texts that always end an answer.
        capabilities: What the backend can do.
        owned_by: Who provides it.
        created: Seconds since 1970; when it was put into service.
        bos_token: What the template knows by this name.
        eos_token: What the template knows by this name.
        control_tokens: Tokens of the template; in the text of a message they are broken up, so that
            no message can pretend to be another.
        longest_token: Bytes that one token stands for, at most.
    """

    name: str
    triton: str
    kind: Kind
    context_tokens: int = 0
    max_output_tokens: int = 0
    chat_template: str = ""
    stop: tuple[str, ...] = ()
    capabilities: Capabilities = Capabilities()
    owned_by: str = "llm-platform"
    created: int = 0
    bos_token: str = ""
    eos_token: str = ""
    control_tokens: tuple[str, ...] = ()
    longest_token: int = 128


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who asks: a tenant, by one of its keys.

    Attributes:
        name: The tenant.
        key: Public part of the key; safe to log.
        models: Names that it may ask for; empty for all.
        budget: Name of its budget; empty for the default one.
        guards: Name of its chain of guards; empty for the default one.
        account: What its use is counted under: the first key of a rotation; empty for `key`.
    """

    name: str
    key: str
    models: frozenset[str] = frozenset()
    budget: str = ""
    guards: str = ""
    account: str = ""


@dataclass(slots=True)
class Call:
    """One request on its way.

    Attributes:
        id: Request id, ``X-Request-Id`` of the answer.
        route: ``chat``, ``completion``, ``embedding`` or ``infer``.
        tenant: Who asks.
        model: What is asked.
        started: `time.monotonic` when it came in.
        deadline: `time.monotonic` after which nobody waits for it.
        trace: W3C ``traceparent``: until `Telemetry.begin` what the client sent (or empty), from
            then on what Triton gets; empty when it is not traced.
        notes: What parts add for the log and the metrics: ``cache``, ``guards`` …; and
            ``cache_control``, the request's header of that name (``no-cache``, ``no-store``).
        kept: What a part keeps for itself until its next turn; never logged, may hold a prompt.
    """

    id: str
    route: str
    tenant: Tenant
    model: ServedModel
    started: float
    deadline: float
    trace: str = ""
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    kept: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `content` is text, `extra` whatever else its role carries."""

    role: str
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. None leaves the backend's default."""

    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: int | None = None
    """Alternatives wanted for every token; None for no log probabilities at all."""
    json_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What Triton is asked for: a prompt as the model reads it, template and all."""

    prompt: str
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """Log probability of one token, and of its alternatives, best first."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer. The last one has a finish reason, and the counts of tokens.

    Attributes:
        text: May be empty.
        finish_reason: Empty until the last piece, then ``stop`` or ``length``.
        prompt_tokens: Tokens of the prompt; 0 until they are known.
        output_tokens: Tokens of this piece.
        logprobs: Of the tokens of this piece, where they were asked for.
    """

    text: str
    finish_reason: str = ""
    prompt_tokens: int = 0
    output_tokens: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector a text, of length 1, and how many tokens the texts had."""

    vectors: Sequence[Sequence[float]]
    tokens: int


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


@dataclass(frozen=True, slots=True)
class Question:
    """What a chat or completion asked, as far as it decides the answer: the key of the caches.

    Attributes:
        system: The system messages.
        messages: All others.
        sampling: How the answer is drawn.
        prompt: The text that the model reads.
        tools: Whether tools were offered: the answer may be a call of one.
    """

    system: str
    messages: tuple[Message, ...]
    sampling: Sampling
    prompt: str
    tools: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as a cache keeps it: what the model said, before the guards of the output.

    Attributes:
        text: All of it.
        finish_reason: ``stop`` or ``length``.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.
        charged: Whether these tokens count against the key's budget; only an answer out of a
            cache may be free. The usage that the client reads names them either way.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    charged: bool = True


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
