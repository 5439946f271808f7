"""Train the guards' linear models: ``python -m gateway.guards.training [--judge]``.

Logistic regression over the hashed features of `gateway.guards.features`, by full gradient
descent with numpy: the same weights every time. ``--judge`` prints how well a model does on tenths
of its own examples that it did not learn from, and writes nothing.
"""

import argparse
import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.guards.classifiers import INJECTION, TOXICITY
from gateway.guards.features import BUCKETS, PARTS_SCALE, Lexicon, features
from gateway.guards.linear import WEIGHTS, spread_of
from gateway.guards.text import fold
from gateway.guards.training.examples import Example, digest, from_slots, mixed, prose, written
from gateway.guards.unmask import unmask

SEED = 20261124
HARMLESS = 2.0
ROUNDS = 400
RATE = 0.5
DECAY = 1e-4


@dataclass(frozen=True, slots=True)
class Table:
    """Features of examples as one sparse matrix: a row and a column to each value."""

    rows: Any
    columns: Any
    values: Any
    size: int

    def dot(self, weights: Any) -> Any:
        """Scores of all examples, without the bias."""
        return np.bincount(
            self.rows, weights=self.values * weights[self.columns], minlength=self.size
        )

    def gradient(self, errors: Any) -> Any:
        """What the errors of the examples say about each weight."""
        return np.bincount(self.columns, weights=self.values * errors[self.rows], minlength=BUCKETS)


def examples_of(name: str) -> list[Example]:
    """Everything that a model learns from."""
    kinds = {"injection": ("injection_attacks", "injection_harmless"),
             "toxicity": ("toxicity_toxic", "toxicity_harmless")}  # fmt: skip
    positive, negative = kinds[name]
    by_hand = [
        *written(f"{positive}.txt", positive=True),
        *written(f"{negative}.txt", positive=False),
    ]
    return [
        *by_hand,
        *from_slots(f"{name}_slots.json", SEED),
        *mixed(by_hand, SEED),
        *prose(SEED),
    ]


def table(examples: Sequence[Example], lexicon: Lexicon) -> Table:
    """The features of examples, scaled as `LinearModel` scales them."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, example in enumerate(examples):
        words = lexicon.words(unmask(fold(example.text), lexicon))
        found = features(words)
        groups = ((found.parts, PARTS_SCALE), (found.words, 1.0), (found.meanings, 1.0))
        for buckets, scale in groups:
            rows += [row] * len(buckets)
            columns += buckets
            values += [scale / spread_of(len(buckets), len(words))] * len(buckets)
    return Table(np.array(rows), np.array(columns), np.array(values), len(examples))


def train(examples: Sequence[Example], lexicon: Lexicon, decay: float) -> tuple[Any, float]:
    """Weights and bias. Harmless texts count `HARMLESS` times as much as the others."""
    data = table(examples, lexicon)
    wanted = np.array([float(example.positive) for example in examples])
    share = np.array([example.weight for example in examples])
    harmless = HARMLESS * share / share[wanted == 0].sum()
    share = np.where(wanted > 0, share / share[wanted > 0].sum(), harmless)
    weights, bias = np.zeros(BUCKETS), 0.0
    momentum, lift = np.zeros(BUCKETS), 0.0
    for _ in range(ROUNDS):
        errors = (1 / (1 + np.exp(-(data.dot(weights) + bias))) - wanted) * share
        momentum = 0.9 * momentum - RATE * (data.gradient(errors) + decay * weights)
        lift = 0.9 * lift - RATE * errors.sum()
        weights, bias = weights + momentum, bias + lift
    return weights, float(bias)


def judge(name: str, examples: Sequence[Example], lexicon: Lexicon) -> None:
    """Print precision and recall over ten tenths, each judged by a model of the other nine."""
    groups = sorted({example.group for example in examples})
    order: list[int] = np.random.default_rng(7).permutation(len(groups)).tolist()
    tenth = {groups[place]: turn % 10 for turn, place in enumerate(order)}
    hits = wrong = missed = 0
    for turn in range(10):
        others = [example for example in examples if tenth[example.group] != turn]
        judged = [e for e in examples if tenth[e.group] == turn and e.weight == 1.0]
        weights, bias = train(others, lexicon, DECAY)
        for example, score in zip(judged, table(judged, lexicon).dot(weights) + bias, strict=True):
            hits += example.positive and score > 0
            wrong += not example.positive and score > 0
            missed += example.positive and score <= 0
            if example.positive != (score > 0):
                _say(f"{score:6.2f} {'missed' if example.positive else 'wrong '} {example.text!r}")
    _say(f"{name}: precision {hits / (hits + wrong):.3f}, recall {hits / (hits + missed):.3f}")


def store(name: str, weights: Any, bias: float) -> None:
    """Write the weights, a byte each."""
    scale = float(np.abs(weights).max()) / 127
    packed = bytes(int(each) & 0xFF for each in (weights / scale).round().tolist())
    content = {
        "model": name,
        "made_from": digest(name),
        "buckets": BUCKETS,
        "bias": round(bias, 6),
        "scale": scale,
        "weights": base64.b64encode(packed).decode(),
    }
    path = WEIGHTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    _say(f"{path.name}: {path.stat().st_size} bytes")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: Sequence[str]) -> int:
    """Train, or judge."""
    parser = argparse.ArgumentParser(prog="python -m gateway.guards.training")
    parser.add_argument("--judge", action="store_true", help="print figures, write nothing")
    parser.add_argument("models", nargs="*", default=["injection", "toxicity"])
    asked = parser.parse_args(arguments)
    for name in asked.models:
        lexicon = {"injection": INJECTION, "toxicity": TOXICITY}[name]
        examples = examples_of(name)
        _say(f"{name}: {len(examples)} examples, {sum(e.positive for e in examples)} positive")
        if asked.judge:
            judge(name, examples, lexicon)
        else:
            store(name, *train(examples, lexicon, DECAY))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
