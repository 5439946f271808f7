"""What Model Analyzer measures of a model: the values that are tried, and its settings. Pure."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.profile_config import Tuned

WINDOW_MILLISECONDS = 2500
TRIALS = 3
STABLE_PERCENT = 95
"""Windows that differ by less are taken for stable; a machine with other work is never steady."""
PATIENCE_SECONDS = 60
SECONDS_A_POINT = 8
SECONDS_A_CONFIGURATION = 6
"""Roughly, for the words on how long it will take: loading, warming up."""

Inputs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Search:
    """The values that are tried for one model, each with each.

    Attributes:
        model: Folder of the model in the repository.
        instance_counts: Copies of the model.
        batch_sizes: Largest batches; without preferred sizes, which are for backends that are
            compiled for certain batches.
        delays: Microseconds that a request may wait for others.
        clients: Requests at a time, the fewest first: how quick it is for one, how much for many.
        inputs: Requests in perf_analyzer's form; none: random values of the model's shapes.
        said: What the requests are, in words.
    """

    model: str
    instance_counts: tuple[int, ...] = (1, 2)
    batch_sizes: tuple[int, ...] = (8, 32)
    delays: tuple[int, ...] = (0, 1000)
    clients: tuple[int, int] = (1, 32)
    inputs: Inputs = ()
    said: str = "random values"

    def configurations(self) -> int:
        """How many are measured, today's, with and without preferred sizes, among them."""
        return 2 + len(self.instance_counts) * len(self.batch_sizes) * len(self.delays)

    def points(self) -> int:
        """How many measurements that makes."""
        return self.configurations() * len(self.clients)

    def seconds(self) -> int:
        """Roughly how long they take."""
        return self.points() * SECONDS_A_POINT + self.configurations() * SECONDS_A_CONFIGURATION


@dataclass(frozen=True)
class Places:
    """Where Model Analyzer finds and writes things.

    Attributes:
        repository: Model repository.
        output: Folder for everything that it writes.
        triton: Program that starts the server.
        perf_analyzer: Program that makes the load.
        inputs: File of the requests; None for random ones.
        ports: HTTP, gRPC and metrics.
    """

    repository: Path
    output: Path
    triton: Path
    perf_analyzer: Path
    inputs: Path | None
    ports: tuple[int, int, int]


def sentence_inputs(count: int = 64, width: int = 32, seed: int = 7) -> Inputs:
    """Tokens of sentences, padded to one length as the tokeniser does it; the same every time.

    Args:
        count: How many.
        width: Length that they are padded to; they have more than half as many tokens.
        seed: Of the random numbers.
    """
    numbers = random.Random(seed)  # noqa: S311 - no secret
    rows: list[Mapping[str, Any]] = []
    for _ in range(count):
        length = numbers.randint(width // 2 + 1, width)
        words = [numbers.randint(1000, 28_000) for _ in range(length - 2)]
        values = {
            "input_ids": [101, *words, 102],
            "attention_mask": [1] * length,
            "token_type_ids": [0] * length,
        }
        rows.append(
            {
                name: {"content": each + [0] * (width - length), "shape": [width]}
                for name, each in values.items()
            }
        )
    return rows


SEARCHES: Mapping[str, Search] = {
    "minilm_encoder": Search(
        "minilm_encoder",
        # Less than 32 it must not be: the ensemble hands it the texts of one request together.
        batch_sizes=(32, 64),
        inputs=sentence_inputs(),
        said="64 sentences of 17 to 32 tokens, padded to 32",
    ),
    "synthetic": Search("synthetic"),
}
"""Searches that a model has of its own."""

TUNED_STEP = {"minilm": "minilm_encoder"}
"""Of an ensemble, the step that takes the time: the one that is worth measuring."""


def search_for(model: str) -> Search:
    """The search of a model; the usual one for a model that has none of its own."""
    name = TUNED_STEP.get(model, model)
    return SEARCHES.get(name) or Search(name)


def analyzer_settings(search: Search, places: Places, today: Tuned) -> dict[str, Any]:
    """The settings file of Model Analyzer.

    Args:
        search: What is tried.
        places: Where things are.
        today: The model's present values.
    """
    http, grpc, metrics = places.ports
    flags: dict[str, Any] = {
        "measurement-mode": "time_windows",
        "measurement-interval": WINDOW_MILLISECONDS,
        "stability-percentage": STABLE_PERCENT,
        "max-trials": TRIALS,
    }
    if places.inputs is not None:
        flags["input-data"] = str(places.inputs)
    batching = {"max_queue_delay_microseconds": list(search.delays)}
    tried: dict[str, Any] = {
        "instance_group": [{"kind": "KIND_CPU", "count": list(search.instance_counts)}]
    }
    if today.max_batch_size > 0:
        tried |= {"max_batch_size": list(search.batch_sizes), "dynamic_batching": batching}
    common: dict[str, Any] = {"cpu_only": True, "perf_analyzer_flags": flags}
    address = "127.0.0.1"
    return {
        "model_repository": str(places.repository),
        "output_model_repository_path": str(places.output / "models"),
        "override_output_model_repository": True,
        "export_path": str(places.output),
        "checkpoint_directory": str(places.output / "checkpoints"),
        "triton_launch_mode": "local",
        "triton_server_path": str(places.triton),
        "triton_output_path": str(places.output / "triton.log"),
        "perf_analyzer_path": str(places.perf_analyzer),
        # Its judgement of a busy client counts all cores, also those that the server uses.
        "perf_analyzer_cpu_util": 10_000,
        "triton_http_endpoint": f"{address}:{http}",
        "triton_grpc_endpoint": f"{address}:{grpc}",
        "triton_metrics_url": f"http://{address}:{metrics}/metrics",
        "triton_server_flags": {
            "http_address": address,
            "grpc_address": address,
            "metrics_address": address,
        },
        "client_protocol": "grpc",
        "gpus": [],
        # A measurement that does not become steady is given up, not made longer and longer.
        "perf_analyzer_timeout": PATIENCE_SECONDS,
        "perf_analyzer_max_auto_adjusts": 5,
        "duration_seconds": 1,
        "batch_sizes": [1],
        "concurrency": list(search.clients),
        "inference_output_fields": [
            "model_name",
            "concurrency",
            "model_config_path",
            "perf_throughput",
            "perf_latency_avg",
            "perf_latency_p99",
        ],
        # No search of its own: the values below, and the configurations as they are.
        "run_config_search_disable": True,
        "profile_models": {search.model: {**common, "model_config_parameters": tried}}
        | ({today_name(search): common} if today.preferred_batch_size else {}),
    }


def today_name(search: Search) -> str:
    """Name of the copy that keeps its preferred sizes: Model Analyzer cannot take them out."""
    return f"{search.model}_today"
