"""SmolLM2 on llama.cpp, as a decoupled model of Triton's Python backend."""

import importlib.util
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
import xllamacpp

SAMPLING = {
    "max_tokens": (int,),
    "temperature": (int, float),
    "top_p": (int, float),
    "top_k": (int,),
    "seed": (int,),
    "stop": (str, list),
}
"""Sampling parameters that a request may give, with their types."""


class TritonPythonModel:
    """One llama.cpp server in this process; requests are answered by a few threads."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights; Triton calls this once."""
        parameters = json.loads(args["model_config"])["parameters"]
        settings = {key: entry["string_value"] for key, entry in parameters.items()}
        self.max_tokens = int(settings["max_tokens"])
        parallel = int(settings["parallel"])
        params = xllamacpp.CommonParams()
        params.model.path = str(find_weights(Path(__file__).parent, settings["weights_package"]))
        params.n_ctx = int(settings["context_tokens"])
        params.n_parallel = parallel
        params.cpuparams.n_threads = int(settings["threads"])
        params.cpuparams_batch.n_threads = int(settings["threads"])
        params.no_host = True
        self.server = xllamacpp.Server(params)
        self.workers = ThreadPoolExecutor(parallel, thread_name_prefix="request")
        self.counters = Counters(args["model_name"], args["model_version"])

    def execute(self, requests: list[Any]) -> None:
        """Hand every request to a thread; answers go out by its own response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                asked = read(request, self.max_tokens)
            except ValueError as error:
                refuse(sender, str(error))
            else:
                self.workers.submit(self.answer, asked, sender)

    def answer(self, asked: tuple[bool, dict[str, Any]], sender: Any) -> None:
        """Answer one request, piece by piece or in all."""
        stream, body = asked
        started = time.monotonic()
        pieces: list[str] = []
        state: dict[str, Any] = {"first": None, "reason": "", "usage": {}}

        def on_chunk(chunk: dict[str, Any]) -> bool:
            """One chunk of llama.cpp. True ends the generation."""
            state["usage"] = chunk.get("usage") or state["usage"]
            for choice in chunk.get("choices", []):
                text = choice.get("delta", {}).get("content") or ""
                state["reason"] = choice.get("finish_reason") or state["reason"]
                if text and state["first"] is None:
                    state["first"] = time.monotonic() - started
                if text and stream:
                    sender.send(response(text, ""))
                elif text:
                    pieces.append(text)
            return sender.is_cancelled()

        try:
            self.server.handle_chat_completions(body, on_chunk)
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, the client hears
            refuse(sender, f"generation failed: {error}")
            return
        self.counters.add(state["usage"], state["first"])
        final = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
        if sender.is_cancelled():
            sender.send(flags=final)
        else:
            sender.send(response("".join(pieces), state["reason"] or "stop"), flags=final)

    def finalize(self) -> None:
        """Let running requests end before the model goes."""
        self.workers.shutdown(wait=True)


class Counters:
    """Counters of this model at the server's metrics endpoint.

    Triton's Python backend ends the whole server when two threads count at once: hence the lock.
    """

    def __init__(self, model: str, version: str) -> None:
        self.lock = threading.Lock()
        labels = {"model": model, "version": version}
        names = {
            "prompt": ("llm_prompt_tokens_total", "Tokens of prompts"),
            "generated": ("llm_generated_tokens_total", "Tokens generated"),
            "first": ("llm_first_token_seconds_total", "Seconds until the first token, summed"),
            "answered": ("llm_answers_total", "Requests answered"),
        }
        self.families = {
            key: pb_utils.MetricFamily(
                name=name, description=text, kind=pb_utils.MetricFamily.COUNTER
            )
            for key, (name, text) in names.items()
        }
        self.metrics = {key: family.Metric(labels=labels) for key, family in self.families.items()}

    def add(self, usage: dict[str, int], first: float | None) -> None:
        """Count one answer."""
        amounts = {
            "prompt": usage.get("prompt_tokens", 0),
            "generated": usage.get("completion_tokens", 0),
            "first": first or 0,
            "answered": 1,
        }
        with self.lock:
            for key, amount in amounts.items():
                self.metrics[key].increment(amount)


def find_weights(folder: Path, package: str) -> Path:
    """The weights: a file beside this one, or in a package."""
    places = [folder]
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None:
        places.append(Path(spec.origin).parent)
    for place in places:
        found = sorted(place.glob("*.gguf"))
        if found:
            return found[0]
    message = f"no *.gguf beside model.py, and no package {package} that has one"
    raise pb_utils.TritonModelException(message)


def read(request: Any, max_tokens: int) -> tuple[bool, dict[str, Any]]:
    """What a request asks for: whether to stream, and llama.cpp's request.

    Raises:
        ValueError: A sampling parameter cannot be used.
    """
    text = scalar(request, "text_input").decode()
    stream = bool(scalar(request, "stream", default=False))
    given = sampling(scalar(request, "sampling_parameters", default=b"") or b"{}")
    limit = given.get("max_tokens", max_tokens)
    if not 0 < limit <= max_tokens:
        message = f"max_tokens is {limit}; allowed: 1 to {max_tokens}"
        raise ValueError(message)
    return stream, {
        **given,
        "max_tokens": limit,
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def sampling(text: bytes) -> dict[str, Any]:
    """The sampling parameters of a request.

    Raises:
        ValueError: They are no JSON object, or one is unknown or of the wrong type.
    """
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        message = "sampling_parameters is not a JSON object"
        raise ValueError(message)
    for key, value in given.items():
        if key not in SAMPLING:
            message = f"unknown sampling parameter {key}; allowed: {', '.join(sorted(SAMPLING))}"
            raise ValueError(message)
        if isinstance(value, bool) or not isinstance(value, SAMPLING[key]):
            message = f"sampling parameter {key} has the wrong type"
            raise ValueError(message)
    return given


def scalar(request: Any, name: str, default: Any = None) -> Any:
    """The one value of an input tensor, or `default` where there is none."""
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]


def response(text: str, reason: str) -> Any:
    """A response with a piece of text."""
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("text_output", np.array([text.encode()], dtype=np.object_)),
            pb_utils.Tensor("finish_reason", np.array([reason.encode()], dtype=np.object_)),
        ]
    )


def refuse(sender: Any, message: str) -> None:
    """End a request with an error."""
    error = pb_utils.InferenceResponse(error=pb_utils.TritonError(message))
    sender.send(error, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
