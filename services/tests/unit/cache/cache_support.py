"""What tests of the caches need: calls, questions, and a Triton that says what it is told."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gateway.cache import AnswerCaches, CacheSettings, SemanticCacheSettings
from gateway.cache.metrics import CacheMetrics
from gateway.contract import (
    Answer,
    Call,
    Embeddings,
    Generation,
    Kind,
    Message,
    Piece,
    Question,
    Sampling,
    ServedModel,
    Tenant,
)
from gateway.errors import UnavailableError
from prometheus_client import CollectorRegistry

GREEDY = Sampling(max_tokens=16, temperature=0.0)


def a_call(tenant: str = "acme", model: str = "chat", seconds: float = 60.0, **notes: Any) -> Call:
    now = time.monotonic()
    return Call(
        id="request",
        route="chat",
        tenant=Tenant(tenant, "key"),
        model=ServedModel(model, f"triton-{model}", Kind.CHAT),
        started=now,
        deadline=now + seconds,
        notes=notes,
    )


def a_question(text: str = "What is a cache?", **changed: Any) -> Question:
    system = changed.pop("system", "")
    tools = changed.pop("tools", False)
    messages = changed.pop("messages", (Message("user", text),))
    sampling = changed.pop("sampling", GREEDY)
    prompt = f"<system>{system}</system>" + "".join(f"<{m.role}>{m.content}" for m in messages)
    return Question(system, tuple(messages), sampling, changed.pop("prompt", prompt), tools)


def an_answer(text: str = "A place to keep things.", **changed: Any) -> Answer:
    return Answer(text, changed.pop("finish_reason", "stop"), 5, changed.pop("output_tokens", 6))


@dataclass
class Triton:
    """Answers with `says`, and embeds a text by its words: the more they share, the nearer."""

    version: str = "1"
    embedding_version: str = "1"
    says: str = "A place to keep things."
    away: bool = False
    slow: float = 0.0
    embedded: list[str] = field(default_factory=list[str])
    generated: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])

    async def is_ready(self, model: str = "") -> bool:
        return not self.away

    async def fingerprint(self, model: str) -> str:
        self.asked.append(model)
        if self.away or (model == "minilm" and not self.embedding_version):
            raise UnavailableError("away")
        return self.embedding_version if model == "minilm" else self.version

    async def generate(self, call: Call, generation: Generation) -> AsyncGenerator[Piece]:
        self.generated.append(generation.prompt)
        if self.away:
            raise UnavailableError("away")
        for word in self.says.split(" "):
            yield Piece(word + " ")
        yield Piece("", "stop", 5, 6)

    async def embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        if self.away:
            raise UnavailableError("away")
        await asyncio.sleep(self.slow)
        self.embedded.extend(texts)
        return Embeddings([embedding(text) for text in texts], len(texts))


def embedding(text: str) -> list[float]:
    vector = np.zeros(64)
    for word in re.findall(r"\w+", text.lower()):
        vector[hashlib.sha256(word.encode()).digest()[0] % 64] += 1
    return (vector / (np.linalg.norm(vector) or 1)).tolist()


def caches(
    triton: Triton,
    *,
    exact: dict[str, Any] | None = None,
    semantic: dict[str, Any] | None = None,
    registry: CollectorRegistry | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AnswerCaches:
    """Caches with the settings given; a cache without any is off."""
    return AnswerCaches(
        CacheSettings.model_validate({"enabled": exact is not None, **(exact or {})}),
        SemanticCacheSettings.model_validate({"enabled": semantic is not None, **(semantic or {})}),
        triton,
        CacheMetrics(registry or CollectorRegistry()),
        clock=clock,
    )


class Later:
    """A clock that can be put forward.

    Attributes:
        seconds: By how much it is.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.seconds


async def ask(
    cache: AnswerCaches, question: Question, answer: Answer | None = None, call: Call | None = None
) -> tuple[str, Answer | None]:
    """A whole request: what the cache noted, and what was answered."""
    call = call or a_call()
    try:
        found = await cache.find(call, question)
        if found is None and answer is not None:
            await cache.keep(call, question, answer)
    finally:
        cache.release(call)
    return call.notes["cache"], found or answer


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """Value of a metric; 0 when it was never counted."""
    return registry.get_sample_value(name, labels) or 0.0
