"""The gateway beside LiteLLM's proxy and a bare KServe transformer, all on the same Triton.

Run it with ``services/.venv/bin/python bench/beside_others.py``. Triton's models for it do no work,
so that what is measured is what stands in front of it: CPU time of that process for a request, what
it adds to the latency, and how much it lets through. At the end: time to the first token of SmolLM2
through the gateway and without it. ``--quick`` for a try. The machine should be idle; all run in
turns, and a figure is the median of all rounds.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "services" / "tests" / "live"))

import lab  # noqa: E402 - found by the line above
from gateway_rivals import load, servers  # noqa: E402
from gateway_rivals.load import Result, Target  # noqa: E402

MODELS = Path(__file__).with_name("gateway_rivals") / "models"
DIRECT, OURS = "Triton alone", "gateway"
TENSOR = json.dumps(
    {"inputs": [{"name": "value", "datatype": "FP32", "shape": [1, 16], "data": list(range(16))}]}
).encode()
CHAT = {"model": "canned", "messages": [{"role": "user", "content": "Say some words."}]}
LITELLM_SHARE = 0.1
"""It waits five seconds every thirty requests or so, for what could not be found out."""
ROOM = {"slots": 256, "queue": 256}


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    rounds: int
    requests: int
    concurrency: Sequence[int]
    first_tokens: int


def chat_body(**more: object) -> bytes:
    return json.dumps({**CHAT, "max_tokens": 8, **more}).encode()


def compare(title: str, targets: Sequence[Target], effort: Effort) -> None:
    """Measure all in turns, and print the figures and their ratios."""
    for concurrency in effort.concurrency:
        requests = effort.requests if concurrency > 1 else effort.requests // 4
        results: dict[str, list[Result]] = {each.name: [] for each in targets}
        for number in range(effort.rounds):
            turn = targets if number % 2 else list(reversed(targets))
            for target in turn:
                print(f"\r{title}, {concurrency} at a time: {target.name:<24}", end="", flush=True)
                results[target.name].append(asyncio.run(load.run(target, concurrency, requests)))
        print(f"\r{title}, {concurrency} at a time{'':<30}")
        show(results)


def show(results: dict[str, list[Result]]) -> None:
    """Print a table; what is not Triton itself is compared with the gateway."""
    direct, ours = results.get(DIRECT), results[OURS]
    print(f"  {'':<24}{'CPU ms':>9}{'p50 ms':>9}{'p99 ms':>9}{'req/s':>9}{'+p50':>8}{'+p99':>8}")
    for name, found in results.items():
        cpu, p50, p99, rate = (
            load.middle(found, lambda each: each.cpu_ms),
            load.middle(found, lambda each: each.p50),
            load.middle(found, lambda each: each.p99),
            load.middle(found, lambda each: each.per_second),
        )
        line = f"  {name:<24}{cpu:>9.3f}{p50:>9.2f}{p99:>9.2f}{rate:>9.0f}"
        if direct and name != DIRECT:
            line += f"{p50 - load.middle(direct, lambda each: each.p50):>8.2f}"
            line += f"{p99 - load.middle(direct, lambda each: each.p99):>8.2f}"
        if stalled := sum(each.stalled for each in found):
            line += f"   {stalled} more took over {load.STALL_SECONDS:g} s"
        print(line)
    for name, found in results.items():
        if name in (DIRECT, OURS):
            continue
        cpu = load.middle(found, lambda each: each.cpu_ms) / load.middle(
            ours, lambda each: each.cpu_ms
        )
        p50 = load.middle(found, lambda each: each.p50) / load.middle(ours, lambda each: each.p50)
        p99 = load.middle(found, lambda each: each.p99) / load.middle(ours, lambda each: each.p99)
        rate = load.middle(ours, lambda each: each.per_second) / load.middle(
            found, lambda each: each.per_second
        )
        print(
            f"  {name} / gateway: CPU {cpu:.1f} x, p50 {p50:.1f} x, p99 {p99:.1f} x;"
            f" gateway lets {rate:.1f} x through"
        )


def first_token(triton: lab.Triton, server: lab.Gateway, count: int) -> None:
    """Time to the first token through the gateway and without it, in turns."""
    sampling = json.dumps({"max_tokens": 2, "temperature": 0})
    body = {"text_input": "Once upon a time", "stream": True, "sampling_parameters": sampling}
    path = "/v2/models/smollm2/generate_stream"
    address = server.url.removeprefix("http://")
    targets = [
        Target(DIRECT, triton.http, path, json.dumps(body).encode(), triton.pid),
        Target(OURS, address, path, json.dumps(body).encode(), server.pid),
    ]
    taken: dict[str, list[float]] = {each.name: [] for each in targets}
    for number in range(count + 2):
        for target in targets:
            seconds = asyncio.run(load.first_event(target))
            if number > 1:  # the first ones fill caches
                taken[target.name].append(seconds)
    direct, ours = statistics.median(taken[DIRECT]), statistics.median(taken[OURS])
    print("First token of SmolLM2, the same prompt")
    print(f"  Triton alone {1000 * direct:.2f} ms, gateway {1000 * ours:.2f} ms:", end=" ")
    print(f"{1000 * (ours - direct):+.2f} ms, {ours / direct:.3f} x")


def rivals(stack: ExitStack, triton: lab.Triton) -> tuple[list[Target], list[Target]]:
    """The others: for tensors, and for chats. What cannot run here is named."""
    tensor: list[Target] = []
    chat: list[Target] = []
    for protocol, how in (("v2", "REST"), ("grpc-v2", "gRPC")):
        bare = stack.enter_context(servers.transformer(triton, protocol))
        name = f"KServe, {how} behind"
        tensor.append(Target(name, bare.address, "/v2/models/tensor/infer", TENSOR, bare.pid))
    try:
        proxy = stack.enter_context(servers.litellm(triton))
    except servers.UnavailableError as error:
        print(f"LiteLLM is left out: {error}")
    else:
        path = "/v1/chat/completions"
        chat.append(Target("LiteLLM", proxy.address, path, chat_body(), proxy.pid, LITELLM_SHARE))
    return tensor, chat


def measure(effort: Effort) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmp-bench-")))
        for model in (*MODELS.iterdir(), lab.REPOSITORY / "smollm2"):
            (folder / model.name).symlink_to(model)
        print("starting Triton, the gateway and the others …", flush=True)
        triton = stack.enter_context(lab.triton(("canned", "tensor", "smollm2"), folder))
        server = stack.enter_context(lab.gateway(triton, models=MODEL_SETTINGS, admission=ROOM))
        tensor, chat = rivals(stack, triton)
        address = server.url.removeprefix("http://")
        infer, generate = "/v2/models/tensor/infer", "/v2/models/canned/generate"
        plain = json.dumps({"text_input": "Say some words."}).encode()
        compare(
            "Tensors over REST",
            [
                Target(DIRECT, triton.http, infer, TENSOR, triton.pid),
                Target(OURS, address, infer, TENSOR, server.pid),
                *tensor,
            ],
            effort,
        )
        path = "/v1/chat/completions"
        compare(
            "Chat completions",
            [
                Target(DIRECT, triton.http, generate, plain, triton.pid),
                Target(OURS, address, path, chat_body(), server.pid),
                *chat,
            ],
            effort,
        )
        compare(
            "Chat completions, 8 pieces each",
            [
                Target(OURS, address, path, chat_body(stream=True), server.pid),
                *(replace(each, body=chat_body(stream=True)) for each in chat),
            ],
            effort,
        )
        first_token(triton, server, effort.first_tokens)


MODEL_SETTINGS = [
    {"name": "tensor", "kind": "tensor"},
    *(
        {
            "name": name,
            "kind": "chat",
            "context_tokens": 2048,
            "max_output_tokens": 64,
            "template": "smollm2",
        }
        for name in ("canned", "smollm2")
    ),
]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few requests: figures mean nothing")
    parser.add_argument("--requests", type=int, default=1600, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    measure(
        Effort(2, 120, (1, 4), 3)
        if asked.quick
        else Effort(asked.rounds, asked.requests, (1, 8, 32), 30)
    )
