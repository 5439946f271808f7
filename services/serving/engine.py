"""llama.cpp in this process: continuous batching over a number of slots."""

import importlib
import secrets
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.sampling import RequestError, Sampling

LOWEST_LOGPROB = -9999.0
"""Stands for the log probability of what cannot come."""


class EngineError(Exception):
    """llama.cpp failed."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine is run.

    Attributes:
        slots: Answers made at the same time; each has its own part of the context.
        context_tokens: Prompt and answer of one request.
        threads: Threads that compute. More than free cores make it slower, not faster.
        batch_tokens: Tokens of prompts read in one step: between two steps other slots go on, and
            an abandoned request is noticed.
        prefix_cache_mb: Memory for prefixes of slots that were taken by other requests.
    """

    slots: int
    context_tokens: int
    threads: int
    batch_tokens: int = 32
    prefix_cache_mb: int = 256


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its log probability; `top` are the likeliest in its place, best first."""

    id: int
    text: str
    logprob: float
    top: tuple["Token", ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer.

    Attributes:
        text: May be empty.
        finish_reason: Empty until the last chunk, then ``stop`` or ``length``.
        prompt_tokens: Tokens of the prompt; 0 until they are known.
        known_tokens: How many of them were read for an earlier prompt.
        output_tokens: Tokens of the answer so far.
        logprobs: Of the tokens of this chunk, where they were asked for.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    known_tokens: int
    output_tokens: int
    logprobs: tuple[Token, ...]


class Engine:
    """One model in memory. `generate` may be called from several threads."""

    def __init__(self, weights: Path, settings: EngineSettings) -> None:
        """Load a GGUF file.

        Raises:
            EngineError: llama.cpp cannot load it.
        """
        self.settings = settings
        try:
            self._server: Any = _open(weights, settings)
        except Exception as error:
            message = f"llama.cpp cannot load {weights}: {error}"
            raise EngineError(message) from error

    def generate(
        self, prompt: str, sampling: Sampling, on_chunk: Callable[[Chunk | None], bool]
    ) -> None:
        """Answer a prompt.

        Args:
            prompt: As the model reads it, template and all.
            sampling: How the answer is drawn.
            on_chunk: Takes every piece, and None as a sign of life while the prompt is read.
                True ends the answer and frees its slot.

        Raises:
            RequestError: The prompt is longer than the context, or cannot be used otherwise.
            EngineError: llama.cpp failed.
        """
        refused: list[dict[str, Any]] = []
        broken: list[BaseException] = []

        def on_data(data: dict[str, Any]) -> bool:
            """One message of llama.cpp, on its way through C++: nothing may be raised here."""
            if "error" in data or "choices" not in data:
                refused.append(data.get("error", data))
                return True
            try:
                return on_chunk(_chunk(data))
            except BaseException as error:  # noqa: BLE001 - raised again below, outside C++
                broken.append(error)
                return True

        self._server.handle_completions(sampling.request(prompt), on_data)
        if broken:
            raise broken[0]
        if refused:
            raise _error(refused[0], sampling)

    def close(self) -> None:
        """Free the memory. No answer may be running."""
        self._server = None


def _open(weights: Path, settings: EngineSettings) -> Any:
    """llama.cpp with a model."""
    llama: Any = importlib.import_module("xllamacpp")
    params: Any = llama.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = settings.context_tokens * settings.slots
    params.n_parallel = settings.slots
    params.n_batch = settings.batch_tokens
    params.n_ubatch = settings.batch_tokens
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    params.cache_ram_mib = settings.prefix_cache_mb
    # Errors only: the rest tells of every request.
    params.verbosity = 1
    # It also listens to HTTP on a loopback port of its own, which nobody has a use for.
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe(32)]
    params.ui = False
    params.endpoint_slots = False
    with _signals_kept():
        return llama.Server(params)


@contextmanager
def _signals_kept() -> Generator[None]:
    """Keep what signals mean: llama.cpp makes two of them end its engine."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                # None is a handler that Python knows nothing of and cannot put back.
                signal.signal(number, signal.SIG_IGN if handler is None else handler)


def _chunk(data: dict[str, Any]) -> Chunk | None:
    """A piece of an answer from llama.cpp's message; None while the prompt is read."""
    choice: dict[str, Any] = data["choices"][0]
    text: str = choice.get("text") or ""
    reason: str = choice.get("finish_reason") or ""
    if "prompt_progress" in data and not text and not reason:
        return None
    timings: dict[str, Any] = data.get("timings") or {}
    usage: dict[str, Any] = data.get("usage") or {}
    logprobs: dict[str, Any] = choice.get("logprobs") or {}
    prompt_tokens: int = timings.get("cache_n", 0) + timings.get("prompt_n", 0)
    return Chunk(
        text=text,
        finish_reason=reason,
        prompt_tokens=usage.get("prompt_tokens", prompt_tokens),
        known_tokens=timings.get("cache_n", 0),
        output_tokens=usage.get("completion_tokens", timings.get("predicted_n", 0)),
        logprobs=tuple(_tokens(logprobs.get("content") or ())),
    )


def _tokens(content: Sequence[dict[str, Any]]) -> Iterator[Token]:
    for each in content:
        top = tuple(_tokens(each.get("top_logprobs", [])))
        # Impossible tokens have none: JSON has no infinity.
        yield Token(each["id"], each["token"], each["logprob"] or LOWEST_LOGPROB, top)


def _error(error: dict[str, Any], sampling: Sampling) -> Exception:
    """The error for what llama.cpp refused."""
    text = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        message = (
            f"the prompt has {error.get('n_prompt_tokens')} tokens; allowed: {error.get('n_ctx')} "
            "with the answer"
        )
        return RequestError(message)
    if error.get("code") == 400:
        what = "the JSON schema" if sampling.json_schema is not None else "the request"
        return RequestError(f"llama.cpp cannot use {what}: {text}")
    return EngineError(text)
