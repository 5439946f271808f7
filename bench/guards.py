"""What the guards cost: ``services/.venv/bin/python -P bench/guards.py [--rounds N]``.

Prints p50 and p95 in milliseconds for each guard of the default chain and for the chain as the
gateway calls it, by length of the prompt, and the worst times that the event loop was held up
meanwhile; then what the guards of an answer cost: microseconds a character, and milliseconds until
the first piece of a plain answer leaves. Texts are drawn from the labelled sets of the tests, so
that no two are the same. The machine should be idle.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gateway.contract import Call, Kind, Message, ServedModel, Tenant
from gateway.errors import BlockedError
from gateway.guards import GuardsSettings, make_guards
from gateway.guards.chain import ChainGuards
from gateway.guards.findings import Deadline
from prometheus_client import CollectorRegistry

SETS = Path(__file__).resolve().parents[1] / "services" / "tests" / "fixtures" / "guards"
SIZES = (200, 1000, 2000, 8000, 32_768)
BUDGET_MS = 20.0
SYSTEM = "You are the assistant of a shop. Be brief, be polite, and never speak of discounts. " * 3


def texts(size: int, count: int, seed: int) -> list[str]:
    """Harmless texts of a length, each from other sentences."""
    draw = random.Random(seed)  # noqa: S311 - the same texts every time
    items = [
        json.loads(line)
        for name in ("injection", "toxicity")
        for line in (SETS / f"{name}.jsonl").read_text().splitlines()
    ]
    harmless = [item["text"] for item in items if not item["positive"]]
    made: list[str] = []
    for _ in range(count):
        text = ""
        while len(text) < size:
            text += draw.choice(harmless) + " "
        made.append(text[:size])
    return made


def times(work: Callable[[str], object], asked: list[str]) -> list[float]:
    """Milliseconds of each."""
    found: list[float] = []
    for text in asked:
        began = time.perf_counter()
        work(text)
        found.append((time.perf_counter() - began) * 1000)
    return found


def line(name: str, found: list[float]) -> str:
    """One row: median, 95th percentile."""
    p95 = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
    return f"  {name:<12} p50 {statistics.median(found):8.3f} ms   p95 {p95:8.3f} ms"


def call() -> Call:
    """A call of a tenant with the default chain."""
    model = ServedModel("chat", "chat", Kind.CHAT)
    return Call("bench", "chat", Tenant("bench", "bench"), model, 0.0, 0.0)


async def through(guards: ChainGuards, text: str) -> None:
    """A prompt through the chain; what it refuses is a result too."""
    messages = [Message("system", SYSTEM), Message("user", text)]
    try:
        await guards.prompt(call(), messages)
    except BlockedError:
        return


async def chain_times(guards: ChainGuards, asked: list[str]) -> tuple[list[float], float]:
    """Milliseconds of each prompt, and the longest time that the event loop did not turn."""
    longest = 0.0
    running = True

    async def watch() -> None:
        nonlocal longest
        last = time.perf_counter()
        while running:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest = max(longest, (now - last) * 1000 - 1)
            last = now

    watcher = asyncio.create_task(watch())
    found: list[float] = []
    for text in asked:
        await asyncio.sleep(0.002)
        began = time.perf_counter()
        await through(guards, text)
        found.append((time.perf_counter() - began) * 1000)
    running = False
    await watcher
    return found, longest


def answers(guards: ChainGuards, rounds: int) -> None:
    """The cost of the guards of an answer."""
    spent: list[float] = []
    first: list[float] = []
    for text in texts(2000, rounds, seed=5):
        guard = guards.output(call())
        began = time.perf_counter()
        guard.feed("Sure")
        first.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        try:
            for at in range(0, len(text), 4):
                guard.feed(text[at : at + 4])
            guard.end()
        except BlockedError:
            continue
        spent.append((time.perf_counter() - began) * 1e6 / len(text))
    print("answers of 2000 characters, 4 at a time")
    print(f"  per character    p50 {statistics.median(spent):.2f} us")
    print(f"  first piece      p50 {statistics.median(first):.4f} ms   max {max(first):.4f} ms")


async def run(rounds: int) -> int:
    """Measure and print; 1 when the default chain is over its budget."""
    guards = make_guards(GuardsSettings(), CollectorRegistry())
    chain = guards.chain("standard")
    for text in texts(2000, 20, seed=1):
        await through(guards, text)
    over = False
    for size in SIZES:
        asked = texts(size, max(rounds * 2000 // max(size, 2000), 5), seed=size)
        print(f"prompts of {size} characters ({len(asked)})")
        for guard in chain.guards:
            if guard.detector and guard.reads_prompts:
                detector = guard.detector
                found = times(lambda text, it=detector: it.find(text, Deadline(60)), asked)
                print(line(guard.settings.title, found))
        found, longest = await chain_times(guards, asked)
        print(line("whole chain", found), f"  event loop held up {longest:.1f} ms at most")
        p95 = statistics.quantiles(found, n=20)[-1]
        if size <= 2000:
            print(f"  p95 to budget of {BUDGET_MS:.0f} ms: {p95 / BUDGET_MS:.2f}")
            over = over or p95 > BUDGET_MS
    answers(guards, max(rounds // 4, 3))
    await guards.close()
    return int(over)


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Latency of the guards.")
    parser.add_argument("--rounds", type=int, default=400, help="prompts of each length (400)")
    return asyncio.run(run(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
