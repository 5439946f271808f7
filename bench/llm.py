"""Tokens a second and time to the first token: ``services/.venv/bin/python bench/llm.py``.

The language model on Triton beside bare xllamacpp in this process, on the same weights, with the
same slots, threads and context, in turn and several rounds; medians and their ratio are printed.
The prefix table compares prompts whose beginning the model has just read with new ones. The
machine should be idle.
"""

import argparse
import importlib
import itertools
import json
import queue
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "services/tests/live"))

import lab  # noqa: E402 - found only after the line above
from serving.checking.model import load_repository  # noqa: E402 - as above
from serving.weights import load_weights  # noqa: E402 - as above

MODEL = "smollm2"
CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
PREFIX_WORDS = 200


@dataclass(frozen=True)
class Timed:
    """One answer.

    Attributes:
        first: Seconds until its first token.
        whole: Seconds until its last.
        tokens: How many it had.
    """

    first: float
    whole: float
    tokens: int

    @property
    def rate(self) -> float:
        """Tokens a second after the first."""
        return (self.tokens - 1) / (self.whole - self.first)


Ask = Callable[[str, int], Timed]


def bare() -> Ask:
    """xllamacpp without anything around it."""
    models = load_repository(lab.REPOSITORY, None)[0].models
    parameters = models[MODEL].parameters
    llama: Any = importlib.import_module("xllamacpp")
    params: Any = llama.CommonParams()
    params.model.path = str(load_weights(lab.REPOSITORY / MODEL / "1", "model")["model"])
    params.n_parallel = int(parameters["slots"])
    params.n_ctx = int(parameters["context_tokens"]) * params.n_parallel
    params.cpuparams.n_threads = int(parameters["threads"])
    params.cpuparams_batch.n_threads = int(parameters["threads"])
    params.verbosity = 0
    server: Any = llama.Server(params)

    def ask(prompt: str, tokens: int) -> Timed:
        times: list[float] = []
        began = time.perf_counter()
        server.handle_completions(
            {
                "prompt": prompt,
                "max_tokens": tokens,
                "temperature": 0,
                "ignore_eos": True,
                "stream": True,
            },
            lambda _: times.append(time.perf_counter() - began),
        )
        return Timed(times[0], times[-1], tokens)

    return ask


def through_triton(server: lab.Triton) -> Ask:
    """The model on Triton, over gRPC."""
    client: Any = importlib.import_module("tritonclient.grpc")

    def ask(prompt: str, tokens: int) -> Timed:
        sampling = json.dumps({"max_tokens": tokens, "temperature": 0, "ignore_eos": True})
        inputs: list[Any] = []
        for name, kind, value in (
            ("text_input", "BYTES", np.array([prompt.encode()], dtype=np.object_)),
            ("stream", "BOOL", np.array([True])),
            ("sampling_parameters", "BYTES", np.array([sampling.encode()], dtype=np.object_)),
            ("return_num_output_tokens", "BOOL", np.array([True])),
        ):
            inputs.append(client.InferInput(name, [1], kind))
            inputs[-1].set_data_from_numpy(value)
        answers: queue.Queue[tuple[float, Any, Any]] = queue.Queue()
        with client.InferenceServerClient(server.grpc) as connection:
            connection.start_stream(
                lambda result, error: answers.put((time.perf_counter(), result, error))
            )
            began = time.perf_counter()
            connection.async_stream_infer(MODEL, inputs)
            times: list[float] = []
            made = 0
            while made < tokens:
                at, result, error = answers.get(timeout=300)
                if error is not None:
                    raise RuntimeError(str(error))
                times.append(at - began)
                made += int(result.as_numpy("num_output_tokens")[0])
            connection.stop_stream()
        return Timed(times[0], times[-1], made)

    return ask


NUMBERS: Iterator[int] = itertools.count()


def fresh(words: int) -> str:
    """A prompt that begins as none before it."""
    number = next(NUMBERS)
    return CHAT.format(f"{number * 7919} " + " ".join(f"word{number}" for _ in range(words // 3)))


def alone(ask: Ask, rounds: int, tokens: int) -> tuple[float, float]:
    """Tokens a second and seconds to the first token, one request at a time."""
    timed = [ask(fresh(30), tokens) for _ in range(rounds)]
    return (
        statistics.median(each.rate for each in timed),
        statistics.median(each.first for each in timed),
    )


def together(ask: Ask, clients: int, tokens: int) -> float:
    """Tokens a second of several requests at once."""
    prompts = [fresh(12) for _ in range(clients * 2)]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        timed = list(pool.map(lambda prompt: ask(prompt, tokens), prompts))
    return sum(each.tokens for each in timed) / (time.perf_counter() - began)


def prefixes(ask: Ask, rounds: int, words: int) -> tuple[float, float]:
    """Seconds to the first token of new prompts, and of prompts with a known beginning."""
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(rounds):
        beginning = fresh(words)
        cold.append(ask(beginning + "First question.", 2).first)
        warm.append(ask(beginning + "Another question.", 2).first)
    return statistics.median(cold), statistics.median(warm)


def line(title: str, values: Sequence[float], ratio: float, goal: str, unit: str) -> None:
    """Print a line of the table."""
    shown = "".join(f"{value:>14.3f}" for value in values)
    print(f"{title:<38}{shown} {unit:<5}{ratio:>8.2f}  {goal}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny counts: does it run at all?")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds, tokens, clients, words = (
        (1, 8, 2, 30) if options.quick else (options.rounds, 64, 8, PREFIX_WORDS)
    )
    print("starting Triton and xllamacpp ...", flush=True)
    with lab.triton(load=(MODEL,)) as server:
        asks = {"bare": bare(), "triton": through_triton(server)}
        for ask in asks.values():
            ask(fresh(3), 4)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in asks}
        rates: dict[str, list[float]] = {name: [] for name in asks}
        for _ in range(rounds):
            for name, ask in asks.items():
                found[name].append(alone(ask, 2, tokens))
                rates[name].append(together(ask, clients, tokens // 2))
        print(f"{'':<38}{'bare':>14}{'Triton':>14}{'ratio':>14}  goal")
        speed = [statistics.median(each[0] for each in found[name]) for name in asks]
        first = [statistics.median(each[1] for each in found[name]) for name in asks]
        many = [statistics.median(rates[name]) for name in asks]
        line("tokens a second, alone", speed, speed[1] / speed[0], ">= 0.90", "/s")
        line(f"tokens a second, {clients} at once", many, many[1] / many[0], ">= 0.90", "/s")
        line("time to the first token", first, first[1] / first[0], "<= 1.10", "s")
        print(f"\n{'':<38}{'new':>14}{'known':>14}{'new/known':>14}")
        for name, ask in asks.items():
            cold, warm = prefixes(ask, rounds, words)
            line(f"first token by beginning, {name}", (cold, warm), cold / warm, "", "s")


if __name__ == "__main__":
    main()
