"""How good and how fast the semantic cache is.

Run it with ``services/.venv/bin/python bench/semantic_cache.py``. It judges the labelled pairs of
``services/tests/fixtures/cache`` with the real MiniLM in this process: parts of the paraphrases and
of the near misses that a threshold alone would answer, and that the threshold with the verifiers
would. Then it times a lookup among many questions, without Triton.
The machine should be idle for the times; the rates do not depend on it.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import numpy as np

SERVICES = Path(__file__).resolve().parents[1] / "services"
# before this folder: a script in it has the name of a package
sys.path[:0] = [str(SERVICES), str(SERVICES / "tests" / "unit" / "cache")]

import cache_judgement as judgement  # noqa: E402 - found only after the line above
from gateway.cache.index import VectorIndex  # noqa: E402 - as above
from gateway.cache.metrics import CacheMetrics  # noqa: E402 - as above
from gateway.cache.semantic import Embedder, SemanticCache  # noqa: E402 - as above
from gateway.cache.settings import SemanticCacheSettings  # noqa: E402 - as above
from gateway.cache.verify import Lexicon, differences, facts_of  # noqa: E402 - as above
from gateway.contract import (  # noqa: E402 - as above
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
from prometheus_client import CollectorRegistry  # noqa: E402 - as above

THRESHOLDS = (0.60, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
DIMENSIONS = 384


class Vectors:
    """In the place of Triton: a random vector for a text, the same each time; so only the cache is
    timed."""

    async def is_ready(self, model: str = "") -> bool:
        return bool(model)

    async def fingerprint(self, model: str) -> str:
        return model

    async def embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        del call
        return Embeddings([vector(text).tolist() for text in texts], len(texts))

    async def generate(self, call: Call, generation: Generation) -> AsyncGenerator[Piece]:
        raise NotImplementedError
        yield Piece(call.id + generation.prompt)


def vector(text: str) -> np.ndarray:
    """Random, of length 1; a tenth of it is common to all texts, as with real ones."""
    random = np.random.default_rng(abs(hash(text)))
    found = random.normal(size=DIMENSIONS).astype(np.float32) + 0.33
    return found / np.linalg.norm(found)


def quality() -> None:
    """Print the rates."""
    for name in judgement.SETS:
        judged = judgement.pairs(name)
        cosine = dict(zip(judged, judgement.similarities(judged), strict=True))
        good = sum(each.same for each in judged)
        print(f"\n{name}: {good} paraphrases, {len(judged) - good} near misses")
        print("               threshold alone        with verifiers")
        print("  threshold    hits   false hits      hits   false hits")
        for threshold in THRESHOLDS:
            alone = judgement.rates(judged, lambda pair: cosine[pair] >= threshold)  # noqa: B023 - called at once
            both = judgement.rates(
                judged,
                lambda pair: cosine[pair] >= threshold and not pair.different,  # noqa: B023 - called at once
            )
            print(
                f"  {threshold:9.2f} {alone.hits:7.0%} {alone.false_hits:12.1%}"
                f" {both.hits:9.0%} {both.false_hits:12.1%}"
            )
        by_kind(judged, cosine)


def by_kind(judged: Sequence[judgement.Pair], cosine: dict[judgement.Pair, float]) -> None:
    """Print the rates of every kind of pair at the default threshold."""
    threshold = SemanticCacheSettings().similarity
    print(f"  at {threshold:.2f}, by kind: taken for the same, threshold alone and with verifiers")
    for kind in dict.fromkeys(each.kind for each in judged):
        those = [each for each in judged if each.kind == kind]
        near = [each for each in those if cosine[each] >= threshold]
        passed = [each for each in near if not each.different]
        print(f"    {kind:12} {len(near):3} {len(passed):3} of {len(those)}")


def speed(entries: int, rounds: int) -> None:
    """Print the times."""
    print(
        f"\ntimes, {entries:,} questions in one partition, median and 95th percentile of {rounds}"
    )
    lexicon = Lexicon.with_synonyms()
    text = "What is the difference between a list in Python and an array in JavaScript?"
    facts = facts_of(text, lexicon)
    timed("take a question apart", rounds, lambda: facts_of(text, lexicon))
    timed("compare two questions", rounds, lambda: differences(facts, facts, lexicon))
    index = VectorIndex[str](DIMENSIONS)
    for number in range(entries):
        index.add(vector(str(number)), str(number))
    wanted = vector("5")
    timed(f"search {entries:,} vectors", rounds, lambda: index.search(wanted, 0.8, 8))
    asyncio.run(lookups(entries, rounds))
    minilm = judgement.MiniLM()
    minilm.embed([text])
    timed("embed it (MiniLM, 1 thread)", min(rounds, 50), lambda: minilm.embed([text]))


async def lookups(entries: int, rounds: int) -> None:
    """Time whole lookups, embedding aside."""
    settings = SemanticCacheSettings.model_validate({"enabled": True, "admit_after": 1})
    embedder = Embedder(Vectors(), settings.model, 10_000)
    cache = SemanticCache(settings, embedder, CacheMetrics(CollectorRegistry()))
    call = Call(
        id="bench",
        route="chat",
        tenant=Tenant("bench", "bench"),
        model=ServedModel("bench", "bench", Kind.CHAT),
        started=time.monotonic(),
        deadline=time.monotonic() + 3600,
    )
    sampling = Sampling(max_tokens=16, temperature=0.0)
    found: list[float] = []
    for number in range(entries + rounds):
        text = f"What is {number % entries} plus 1?"
        question = Question("", (Message("user", text),), sampling, text)
        began = time.perf_counter()
        answer, sight = await cache.find(call, question, text, ("1", "1"))
        if number >= entries:
            found.append(time.perf_counter() - began)
        elif sight is not None and answer is None:
            cache.keep(call, sight, Answer(str(number + 1), "stop", 8, 1))
    show("whole lookup, a hit, without embedding", found)


def timed(what: str, rounds: int, work: Callable[[], object]) -> None:
    """Run something many times."""
    found: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    show(what, found)


def show(what: str, seconds: Sequence[float]) -> None:
    """Print the median and the 95th percentile."""
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"  {what:42} {1000 * statistics.median(ordered):8.3f} {1000 * late:8.3f} ms")


def main() -> None:
    """Judge, then time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--entries", type=int, default=10_000, help="questions in the cache")
    parser.add_argument("--rounds", type=int, default=300, help="times that each step is run")
    options = parser.parse_args()
    quality()
    speed(options.entries, options.rounds)


if __name__ == "__main__":
    main()
