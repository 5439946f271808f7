"""The semantic cache is judged on questions that look alike and are not, and on paraphrases."""

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from cache_judgement import PARAPHRASE, SETS, Pair, pairs, rates, similarities
from gateway.cache import SemanticCacheSettings
from gateway.cache.metrics import CacheMetrics
from gateway.cache.verify import Lexicon, differences, facts_of
from prometheus_client import CollectorRegistry

PAGE = Path(__file__).resolve().parents[4] / "docs" / "gateway-caches.md"
ROW = re.compile(
    r"^\| \**threshold (0\.\d+) (alone|and verifiers)\**[^|]*\| \**([\d.]+) %\** \| \**([\d.]+) %",
    re.MULTILINE,
)
THRESHOLD = SemanticCacheSettings().similarity
KINDS = {
    *("negation", "number", "entity", "unit", "date", "direction", "superlative", "tense"),
    *("code", "question", "polarity", "scope"),
}


def test_there_are_enough_pairs_of_every_kind() -> None:
    both = [*pairs("development"), *pairs("held-out")]
    count = Counter(each.kind for each in both)
    assert len(both) >= 200
    assert set(count) == {*KINDS, PARAPHRASE}
    assert all(count[kind] >= 15 for kind in KINDS)
    assert sum(each.language == "pl" for each in both) >= 30


def test_no_pair_is_in_two_sets() -> None:
    every = [frozenset({each.one, each.other}) for name in SETS for each in pairs(name)]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    ("name", "most"), [("development", 0.0), ("held-out", 0.02), ("adversarial", 0.05)]
)
def test_verifiers_let_almost_no_near_miss_through(name: str, most: float) -> None:
    judged = pairs(name)
    assert rates(judged, lambda pair: not pair.different).false_hits <= most


@pytest.fixture(scope="module")
def cosine() -> dict[Pair, float]:
    """Similarities of the held-out pairs, by the real MiniLM."""
    judged = pairs("held-out")
    return dict(zip(judged, similarities(judged), strict=True))


def test_with_minilm_paraphrases_hit_and_near_misses_do_not(cosine: dict[Pair, float]) -> None:
    judged = pairs("held-out")
    alone = rates(judged, lambda pair: cosine[pair] >= THRESHOLD)
    verified = rates(judged, lambda pair: cosine[pair] >= THRESHOLD and not pair.different)
    assert verified.false_hits <= 0.02
    assert verified.hits >= 0.45
    # what a threshold alone would do: this is why there are verifiers
    assert alone.false_hits > 0.5
    strict = rates(judged, lambda pair: cosine[pair] >= 0.95)
    assert strict.false_hits > verified.false_hits
    assert strict.hits < verified.hits


def test_the_page_says_what_comes_out(cosine: dict[Pair, float]) -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert len(rows) == 4
    for threshold, verified, hits, false_hits in rows:
        found = rates(
            pairs("held-out"),
            lambda pair: (
                cosine[pair] >= float(threshold)  # noqa: B023 - called at once
                and not (verified != "alone" and pair.different)  # noqa: B023 - as above
            ),
        )
        # another processor rounds other bits of the quantised model
        assert found.hits == pytest.approx(float(hits) / 100, abs=0.05)
        assert found.false_hits == pytest.approx(float(false_hits) / 100, abs=0.05)


def test_the_page_names_every_metric() -> None:
    registry = CollectorRegistry()
    CacheMetrics(registry)
    page = PAGE.read_text("utf-8")
    for metric in registry.collect():
        name = metric.name + ("_total" if metric.type == "counter" else "")
        assert f"`{name}`" in page


def test_no_two_questions_of_the_sets_are_taken_for_one_by_chance() -> None:
    lexicon = Lexicon.with_synonyms()
    groups: dict[str, str] = {}

    def head(text: str) -> str:
        while groups.setdefault(text, text) != text:
            text = groups[text]
        return text

    for pair in pairs("development"):
        one, other = head(pair.one), head(pair.other)
        if pair.same:
            groups[one] = other
    facts = {text: facts_of(text, lexicon) for text in groups}
    wrong = [
        (one, other)
        for one, other in combinations(facts, 2)
        if not differences(facts[one], facts[other], lexicon) and head(one) != head(other)
    ]
    assert wrong == []
