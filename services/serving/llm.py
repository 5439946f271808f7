"""A language model on llama.cpp as a decoupled model of Triton's Python backend.

Inputs, outputs and defaults are those of Triton's vLLM backend; docs/models.md lists them.
"""

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.backend import leave_with_server, read_settings, triton, version_folder
from serving.engine import Chunk, Engine, EngineError, EngineSettings, Token
from serving.metrics import Counters
from serving.sampling import Limits, RequestError, Sampling, check_prompt, read_sampling
from serving.weights import WeightsError, load_weights

COUNTERS = {
    "llm_admitted_total": "Requests let in",
    "llm_prompt_tokens_total": "Tokens of prompts",
    "llm_known_prompt_tokens_total": "Tokens of prompts that were read for an earlier one",
    "llm_generated_tokens_total": "Tokens generated",
    "llm_first_token_seconds_total": "Seconds until the first token, summed",
    "llm_queue_seconds_total": "Seconds until a slot was free, summed",
    "llm_answers_total": "Requests answered",
    "llm_cancelled_total": "Requests given up by their clients",
    "llm_refused_total": "Requests refused",
}
WAITING = "llm_waiting_requests"
GAUGES = {WAITING: "Requests let in that no slot answers yet"}
"""Triton's own queue is always empty: it hands every request on at once."""
ASK_SECONDS = 0.1
"""How often Triton is asked whether the client is still there: every time costs both processes."""
RETURNED = (
    "return_finish_reason",
    "return_cumulative_logprob",
    "return_logprobs",
    "return_num_input_tokens",
    "return_num_output_tokens",
)
"""Inputs that ask for an output."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be answered.

    Attributes:
        prompt: What the model reads.
        sampling: How the answer is drawn.
        stream: One response a piece instead of one in all.
        echo: Whether the prompt comes before the answer.
        returned: Names of `RETURNED` that are true.
    """

    prompt: str
    sampling: Sampling
    stream: bool
    echo: bool
    returned: frozenset[str]


class LlmModel:
    """What Triton calls. The work is done by threads, as many at most as requests are let in."""

    def initialize(self, args: dict[str, str]) -> None:
        """Check the weights, load them."""
        utilities = triton()
        leave_with_server()
        # Triton ends its models by a message. What a terminal or a supervisor sends to the whole
        # process group is meant for Triton, which lets running requests end first.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        settings = read_settings(args)
        engine = EngineSettings(
            slots=settings.number("slots"),
            context_tokens=settings.number("context_tokens"),
            threads=settings.number("threads"),
        )
        self._limits = Limits(
            context_tokens=engine.context_tokens,
            max_tokens=settings.number("max_tokens"),
            prompt_bytes=settings.number("prompt_bytes"),
        )
        folder = version_folder(args)
        try:
            self._engine = Engine(load_weights(folder, "model")["model"], engine)
        except (WeightsError, EngineError) as error:
            raise utilities.TritonModelException(str(error)) from error
        self._room = _Room(engine.slots + settings.number("waiting", lowest=0))
        self._workers = ThreadPoolExecutor(2 * engine.slots, thread_name_prefix="request")
        labels = {"model": args["model_name"], "version": args["model_version"]}
        self._counters = Counters(utilities, COUNTERS, labels, GAUGES)

    def execute(self, requests: Sequence[Any]) -> None:
        """Hand every request to a thread; answers go out by its own response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                asked = read_request(request, self._limits)
            except RequestError as error:
                self._counters.add({"llm_refused_total": 1})
                refuse(sender, str(error), "INVALID_ARG")
                continue
            if not self._room.enter():
                self._counters.add({"llm_refused_total": 1})
                message = f"{self._room.size} requests are in work or wait; try again later"
                refuse(sender, message, "UNAVAILABLE")
                continue
            self._counters.add({"llm_admitted_total": 1, WAITING: 1})
            self._workers.submit(self._answer, asked, sender, time.monotonic())

    def finalize(self) -> None:
        """Let running requests end, then take back the metrics and free the memory."""
        self._workers.shutdown(wait=True)
        self._counters.close()
        self._engine.close()

    def _answer(self, asked: Asked, sender: Any, entered: float) -> None:
        """Answer one request, whatever happens with exactly one final response."""
        answer = _Answer(asked, sender, entered, lambda: self._counters.add({WAITING: -1}))
        try:
            if not answer.is_cancelled():
                self._engine.generate(asked.prompt, asked.sampling, answer.take)
            response = answer.last()
        except RequestError as error:
            response = refusal(str(error), "INVALID_ARG")
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, the client hears
            message = f"generation failed: {type(error).__name__}: {error}"
            response = refusal(message, "INTERNAL")
        # Before the client hears of the end: it may ask again at once, or read the metrics.
        self._room.leave()
        self._counters.add(answer.counted())
        sender.send(response, flags=triton().TRITONSERVER_RESPONSE_COMPLETE_FINAL)


class _Room:
    """How many requests are let in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._inside = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Whether there is room; takes it."""
        with self._lock:
            if self._inside >= self.size:
                return False
            self._inside += 1
            return True

    def leave(self) -> None:
        """Give room back."""
        with self._lock:
            self._inside -= 1


class _Answer:
    """One answer on its way out."""

    def __init__(
        self, asked: Asked, sender: Any, entered: float, begins: Callable[[], None]
    ) -> None:
        self._asked = asked
        self._begins = begins
        self._sender = sender
        self._entered = entered
        self._began = 0.0
        self._first = 0.0
        self._chunks: list[Chunk] = []
        self._sent_tokens = 0
        self._logprob = 0.0
        self._cancelled = False
        self._asked_at = 0.0

    def is_cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        self._cancelled = self._cancelled or self._sender.is_cancelled()
        return self._cancelled

    def take(self, chunk: Chunk | None) -> bool:
        """Take a piece from the engine and send it; True if nobody waits for more."""
        now = time.monotonic()
        if not self._began:
            self._began = now
            self._begins()
        if chunk is None:
            return self.is_cancelled()
        if chunk.output_tokens:
            self._first = self._first or now
        self._chunks.append(chunk)
        if self._asked.stream and (chunk.text or chunk.logprobs) and not chunk.finish_reason:
            self._sender.send(self._response(chunk, chunk.text, chunk.logprobs))
        if chunk.finish_reason:
            return True
        if now - self._asked_at < ASK_SECONDS:
            return False
        self._asked_at = now
        return self.is_cancelled()

    def last(self) -> Any:
        """The last response.

        Raises:
            RequestError: The answer is not what was asked for.
        """
        last = self._chunks[-1] if self._chunks else None
        if last is None or not last.finish_reason:
            self._cancelled = True
            return refusal("the client gave up", "CANCELLED")
        if self._asked.sampling.json_schema is not None and last.finish_reason == "stop":
            self._check_json()
        if self._asked.stream:
            return self._response(last, last.text, last.logprobs)
        text = "".join(chunk.text for chunk in self._chunks)
        logprobs = [token for chunk in self._chunks for token in chunk.logprobs]
        return self._response(
            last, self._asked.prompt + text if self._asked.echo else text, logprobs
        )

    def _check_json(self) -> None:
        """llama.cpp leaves a constraint out when it cannot make it; that is no answer then."""
        try:
            json.loads("".join(chunk.text for chunk in self._chunks))
        except ValueError:
            message = "llama.cpp could not hold the answer to the JSON schema"
            raise RequestError(message) from None

    def _response(self, chunk: Chunk, text: str, logprobs: Sequence[Token]) -> Any:
        """A response with the outputs that were asked for."""
        new = chunk.output_tokens - self._sent_tokens
        self._sent_tokens = chunk.output_tokens
        alternatives = self._asked.sampling.logprobs
        # As vLLM has it: none is known unless log probabilities were asked for.
        self._logprob += math.nan if alternatives is None else sum(t.logprob for t in logprobs)
        returned = self._asked.returned
        outputs: list[tuple[str, Any]] = [("text_output", _text(text))]
        if "return_finish_reason" in returned:
            # "None" is vLLM's word for a piece that is not the last.
            outputs.append(("finish_reason", _text(chunk.finish_reason or "None")))
        if "return_cumulative_logprob" in returned:
            total = np.array([self._logprob], dtype=np.float32)
            outputs.append(("cumulative_logprob", total))
        if "return_logprobs" in returned:
            listed = None if alternatives is None else _vllm(logprobs, alternatives)
            outputs.append(("logprobs", _text(json.dumps(listed))))
        if "return_num_input_tokens" in returned:
            count = np.array([chunk.prompt_tokens], dtype=np.uint32)
            outputs.append(("num_input_tokens", count))
        if "return_num_output_tokens" in returned:
            outputs.append(("num_output_tokens", np.array([new], dtype=np.uint32)))
        utilities = triton()
        return utilities.InferenceResponse(
            [utilities.Tensor(name, value) for name, value in outputs]
        )

    def counted(self) -> Mapping[str, float]:
        """What the counters add for it."""
        last = self._chunks[-1] if self._chunks else None
        return {
            "llm_prompt_tokens_total": last.prompt_tokens if last else 0,
            "llm_known_prompt_tokens_total": last.known_tokens if last else 0,
            "llm_generated_tokens_total": last.output_tokens if last else 0,
            "llm_first_token_seconds_total": max(self._first - self._entered, 0),
            "llm_queue_seconds_total": max(self._began - self._entered, 0),
            "llm_answers_total": int(last is not None and bool(last.finish_reason)),
            "llm_cancelled_total": int(self._cancelled),
            WAITING: 0 if self._began else -1,
        }


def read_request(request: Any, limits: Limits) -> Asked:
    """What a request asks for.

    Raises:
        RequestError: It cannot be answered as it is.
    """
    prompt = check_prompt(_scalar(request, "text_input", b""), limits)
    stream = bool(_scalar(request, "stream", default=False))
    exclude = _scalar(request, "exclude_input_in_output", default=None)
    if stream and exclude is not None and not exclude:
        message = "exclude_input_in_output must be true when stream is"
        raise RequestError(message)
    return Asked(
        prompt=prompt,
        sampling=read_sampling(_scalar(request, "sampling_parameters", b""), limits),
        stream=stream,
        echo=not stream and not exclude,
        returned=frozenset(name for name in RETURNED if _scalar(request, name, default=False)),
    )


def refuse(sender: Any, message: str, code: str) -> None:
    """End a request with an error; `code` is one of those of `TritonError`."""
    final = triton().TRITONSERVER_RESPONSE_COMPLETE_FINAL
    sender.send(refusal(message, code), flags=final)


def refusal(message: str, code: str) -> Any:
    """A response that is an error; `code` is one of those of `TritonError`."""
    utilities = triton()
    error = utilities.TritonError(message, getattr(utilities.TritonError, code))
    return utilities.InferenceResponse(error=error)


def _vllm(tokens: Sequence[Token], alternatives: int) -> list[dict[str, dict[str, Any]]]:
    """Log probabilities as vLLM writes them: a dictionary a token, the chosen one first."""
    listed: list[dict[str, dict[str, Any]]] = []
    for token in tokens:
        ranked = {each.id: (rank, each) for rank, each in enumerate(token.top, start=1)}
        rank = ranked.get(token.id, (len(ranked) + 1, token))[0]
        chosen = {token.id: (rank, token)}
        best = {key: each for key, each in ranked.items() if each[0] <= alternatives}
        listed.append(
            {
                str(key): {
                    "logprob": each.logprob,
                    "rank": place,
                    "decoded_token": each.text,
                }
                for key, (place, each) in {**chosen, **best}.items()
            }
        )
    return listed


def _text(value: str) -> Any:
    return np.array([value.encode(errors="replace")], dtype=np.object_)


def _scalar(request: Any, name: str, default: Any) -> Any:
    """The one value of an input tensor, or `default` where there is none."""
    tensor = triton().get_input_tensor_by_name(request, name)
    if tensor is None:
        return default
    values = tensor.as_numpy().reshape(-1)
    if len(values) != 1:
        message = f"{name} has {len(values)} values; allowed: 1"
        raise RequestError(message)
    return values[0]
