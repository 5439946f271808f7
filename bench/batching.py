"""What batching and the response cache gain: ``services/.venv/bin/python bench/batching.py``.

Every model is served twice by one Triton, once as it is in the repository and once without what is
measured; perf_analyzer asks both in turn, several rounds, and the ratio of the medians is printed.
Rates are counted from the time stamps of the requests. The machine should be idle.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "services/tests/live"))

import lab  # noqa: E402 - found only after the line above

TOKENS = 48
SENTENCES = ROOT / "services/serving/training/sentiment.tsv"
MINILM = ("minilm", "minilm_tokenizer", "minilm_encoder", "minilm_pooling")

_RATE = re.compile(r"^ +Throughput: ([\d.]+) infer/sec", re.MULTILINE)
_TIMES = re.compile(rb'"response_timestamps":\[([\d,]+)\]')


@dataclass(frozen=True)
class Comparison:
    """Two models and how they are asked.

    Attributes:
        title: What is compared.
        goal: The least ratio.
        without: Model without what is measured.
        having: Model with it.
        concurrency: Requests at the same time.
        requests: Requests of a round.
        data: Inputs.
        streaming: Whether the model is decoupled.
    """

    title: str
    goal: float
    without: str
    having: str
    concurrency: int
    requests: int
    data: Sequence[dict[str, Any]] = ()
    streaming: bool = False


def comparisons(quick: bool) -> list[Comparison]:
    """All that is measured."""
    texts = [line.split("\t")[1] for line in SENTENCES.read_text().splitlines()]
    sentences = [text_input(text) for text in texts]
    few = 8 if quick else 1
    prompt = [generation(f"Write a story about {text}") for text in texts[:32]]
    return [
        Comparison("synthetic model", 3, "synthetic_single", "synthetic", 32, 3200 // few),
        Comparison("MiniLM", 1.5, "minilm_single", "minilm_batched", 32, 1600 // few, sentences),
        Comparison(
            "SmolLM2", 1.15, "smollm2_single", "smollm2", 32, 64 // min(few, 2), prompt, True
        ),
        Comparison(
            "response cache, MiniLM", 10, "minilm_batched", "minilm", 1, 800 // few, sentences[:16]
        ),
    ]


def text_input(text: str) -> dict[str, Any]:
    """A request to the embedding model."""
    return {"text": {"content": [text], "shape": [1]}}


def generation(prompt: str) -> dict[str, Any]:
    """A request to the language model, for an answer of a known length."""
    sampling = json.dumps({"max_tokens": TOKENS, "ignore_eos": True, "temperature": 0})
    return {
        "text_input": {"content": [prompt], "shape": [1]},
        "stream": {"content": [True], "shape": [1]},
        "exclude_input_in_output": {"content": [True], "shape": [1]},
        "sampling_parameters": {"content": [sampling], "shape": [1]},
    }


def make_repository(folder: Path) -> None:
    """The models, and beside them copies without batching, cache or slots."""
    for name in ("smollm2", "synthetic", *MINILM):
        clone(folder, name, "")
    clone(folder, "synthetic", "_single", leave_out="dynamic_batching")
    clone(
        folder,
        "smollm2",
        "_single",
        (r'("slots" value: \{ string_value: )"\d+"', r'\1"1"'),
        (r'("waiting" value: \{ string_value: )"\d+"', r'\1"64"'),
    )
    for name in MINILM:
        clone(folder, name, "_batched", leave_out="response_cache")
        clone(folder, name, "_single", leave_out="response_cache dynamic_batching")


def clone(
    folder: Path, name: str, suffix: str, *changes: tuple[str, str], leave_out: str = ""
) -> None:
    """Copy a model, with another name, changes of its configuration and blocks left out."""
    target = folder / f"{name}{suffix}"
    shutil.copytree(lab.REPOSITORY / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    file = target / "config.pbtxt"
    text = file.read_text()
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    for block in leave_out.split():
        text = without(text, block)
    if suffix:
        text = re.sub(rf'"({"|".join(MINILM)}|{name})"', rf'"\1{suffix}"', text)
    file.write_text(text)


def without(text: str, block: str) -> str:
    """A configuration without a block at its top level."""
    found = re.search(rf"^{block} \{{", text, re.MULTILINE)
    if found is None:
        return text
    at, depth = found.end(), 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[: found.start()] + text[at:]


def rate(server: lab.Triton, model: str, asked: Comparison, folder: Path) -> float:
    """Requests a second.

    Raises:
        RuntimeError: perf_analyzer failed.
    """
    export = folder / "requests.json"
    export.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "serving.perf_analyzer", "-m", model, "-i", "grpc"),
        *("-u", server.grpc, "--concurrency-range", str(asked.concurrency)),
        *("--request-count", str(asked.requests), "--profile-export-file", str(export)),
        *(("--streaming", "--async") if asked.streaming else ()),
    ]
    if asked.data:
        data = folder / "data.json"
        data.write_text(json.dumps({"data": list(asked.data)}))
        command += ["--input-data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "error" in done.stdout.lower():
        message = f"perf_analyzer failed on {model}:\n{done.stdout[:800]}{done.stderr[:800]}"
        raise RuntimeError(message)
    if asked.streaming:
        # Minutes long, so that what it takes to begin and to end hardly counts.
        return float(_RATE.findall(done.stdout)[-1])
    # The export is no JSON when an answer holds a control character: its time stamps are enough.
    found = _TIMES.findall(export.read_bytes())
    if len(found) < asked.requests:
        message = (
            f"perf_analyzer reports {len(found)} of {asked.requests} requests to {model}:\n"
            f"{done.stdout[-1500:]}{done.stderr[-500:]}"
        )
        raise RuntimeError(message)
    ended = sorted(int(ends.rsplit(b",", 1)[-1]) for ends in found)
    # The middle of the run: perf_analyzer takes a moment to start its clients, and to end them.
    first, last = len(ended) // 10, len(ended) * 9 // 10
    return (last - first) / (ended[last] - ended[first]) * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny counts: does it run at all?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="WORD", help="titles that hold it")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    wanted = [each for each in comparisons(options.quick) if options.only in each.title]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_repository(folder / "repository")
        models = sorted({name for each in wanted for name in (each.without, each.having)})
        print(f"starting Triton with {', '.join(models)} ...", flush=True)
        with lab.triton(load=models, repository=folder / "repository") as server:
            print(f"{'':<26}{'without':>12}{'with':>12}{'ratio':>8}{'goal':>8}")
            for each in wanted:
                measure(server, each, rounds, folder)


def measure(server: lab.Triton, asked: Comparison, rounds: int, folder: Path) -> None:
    """Measure both models in turn and print the line of the table."""
    few = replace(asked, requests=min(asked.requests, 32))
    for model in (asked.without, asked.having):
        rate(server, model, few, folder)  # warm, and the cache filled
    without: list[float] = []
    having: list[float] = []
    for _ in range(rounds):
        without.append(rate(server, asked.without, asked, folder))
        having.append(rate(server, asked.having, asked, folder))
    slow, fast = statistics.median(without), statistics.median(having)
    unit = f"{slow:>10.1f}/s{fast:>10.1f}/s"
    print(f"{asked.title:<26}{unit}{fast / slow:>8.2f}{asked.goal:>8}", flush=True)


if __name__ == "__main__":
    main()
