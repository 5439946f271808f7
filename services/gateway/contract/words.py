"""What the parts of the gateway speak of: requests, models, prompts, answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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
