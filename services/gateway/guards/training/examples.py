"""The examples that the models learn from: written by hand, and put together from slots.

The texts that the guards are measured with are others, written apart from these, in
``services/tests/fixtures/guards``; nothing here reads them.
"""

import ast
import hashlib
import importlib.metadata
import json
import pydoc_data.topics as python_topics
import random
import sysconfig
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gateway.guards.linear import WINDOW

HERE = Path(__file__).parent
LONGER = 500
PROSE = 1200
PER_PACKAGE = 30
SHORTEST = 1500
PER_TEMPLATE = 45
"""Texts drawn from each template."""


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
topics = cast("dict[str, str]", cast("Any", python_topics).topics)


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text.

    Attributes:
        text: As somebody would send it.
        positive: Whether the guard must find it.
        weight: How much it counts: the many that a template makes count less.
        group: Examples of one group are learned from, or judged, together.
    """

    text: str
    positive: bool
    weight: float
    group: str


def digest(name: str) -> str:
    """SHA-256 of what a model was made from by hand: examples, templates, lexicon."""
    files = [*HERE.glob(f"{name}_*"), HERE.parent / f"lexicon_{name}.py"]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(files))).hexdigest()


def written(name: str, *, positive: bool) -> list[Example]:
    """The examples of a file: a category, a bar, a text to the line."""
    lines = (HERE / name).read_text().splitlines()
    texts = [line.partition(" | ")[2] for line in lines if line and not line.startswith("#")]
    return [
        Example(text.replace("\\n", "\n"), positive, 1.0, f"{name}:{place}")
        for place, text in enumerate(texts)
    ]


def from_slots(name: str, seed: int) -> list[Example]:
    """Texts that a file of templates makes: one choice of each slot, joined by spaces."""
    draw = random.Random(seed)  # noqa: S311 - the same texts every time are the point
    found: list[Example] = []
    for label, templates in json.loads((HERE / name).read_text()).items():
        for place, slots in enumerate(templates):
            texts = {
                " ".join(" ".join(draw.choice(slot.split("|")) for slot in slots).split())
                for _ in range(PER_TEMPLATE)
            }
            found += [
                Example(text.replace(" ,", ","), label == "attack", 0.3, f"{name}:{label}:{place}")
                for text in sorted(texts)
            ]
    return found


def mixed(examples: Sequence[Example], seed: int) -> list[Example]:
    """Longer texts: harmless ones in a row, and attacks between harmless ones.

    Models judge a window of words at a time; these are what most windows look like.
    """
    draw = random.Random(seed)  # noqa: S311 - the same texts every time are the point
    harmless = [each for each in examples if not each.positive and each.weight == 1.0]
    positive = [each for each in examples if each.positive and each.weight == 1.0]
    found: list[Example] = []
    for number in range(LONGER):
        some = draw.sample(harmless, draw.randint(2, 5))
        text = " ".join(each.text for each in some)
        found.append(Example(_words(text), False, 0.4, f"mixed:{number % 40}"))
    for attack in positive:
        before, after = draw.sample(harmless, 2)
        text = f"{before.text[-60:]} {attack.text} {after.text[:60]}"
        found.append(Example(text, True, 0.4, attack.group))
    return found


def prose(seed: int) -> list[Example]:
    """Stretches of texts that nobody wrote for this.

    Python's documentation topics and docstrings, and what the locked packages say of themselves:
    every other one, so that the rest can tell how often ordinary text is taken for an attack.
    """
    draw = random.Random(seed)  # noqa: S311 - the same texts every time are the point
    texts = [" ".join([*(topics[name] for name in sorted(topics)), *docstrings()])]
    texts += [text for name, text in descriptions() if is_for_training(name)]
    found: list[Example] = []
    for text, most in zip(texts, [PROSE, *[PER_PACKAGE] * (len(texts) - 1)], strict=True):
        words = text.split(" ")
        starts = range(0, max(len(words) - WINDOW, 1), WINDOW)
        for start in draw.sample(starts, min(most, len(starts))):
            window = " ".join(words[start : start + WINDOW])
            found.append(Example(window, False, 0.4, f"prose:{len(found) % 40}"))
    return found


def docstrings() -> list[str]:
    """What the modules of Python's library say of themselves."""
    library = Path(sysconfig.get_path("stdlib"))
    found: list[str] = []
    for path in sorted(library.glob("*.py")):
        tree = ast.parse(path.read_text(errors="replace"))
        nodes = [node for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
        found += [text for node in nodes if len(text := ast.get_docstring(node) or "") > 300]
    return found


def descriptions() -> list[tuple[str, str]]:
    """Names and long descriptions of the packages in this environment."""
    found = {
        str(each.metadata["Name"]).lower(): str(cast("Any", each.metadata).get_payload() or "")
        for each in importlib.metadata.distributions()
    }
    return sorted((name, text) for name, text in found.items() if len(text) > SHORTEST)


def is_for_training(name: str) -> bool:
    """Whether the models learn from the description of a package; the others judge them."""
    return zlib.crc32(name.encode()) % 2 == 0


def _words(text: str) -> str:
    return " ".join(text.split()[:WINDOW])
