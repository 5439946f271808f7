"""Keys, bounds, vectors and replays: the parts without a server."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cache_support import GREEDY, a_call, a_question, an_answer
from gateway.cache import CacheSettings, SemanticCacheSettings, pieces, replay
from gateway.cache.index import VectorIndex
from gateway.cache.keys import exact_key, is_exact, meaning, partition_key
from gateway.cache.memory import MemoryStore, size_of
from gateway.contract import Answer, Message, Question, Sampling
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

CHANGES: tuple[dict[str, Any], ...] = (
    {"max_tokens": 17},
    {"temperature": None},
    {"top_p": 0.5},
    {"top_k": 1},
    {"seed": 1},
    {"stop": ("x",)},
    {"frequency_penalty": 0.5},
    {"presence_penalty": 0.5},
    {"json_schema": {"a": {}, "b": {}}},
    {"json_schema": {"b": {}, "a": {}}},
)


@pytest.mark.parametrize(
    ("sampling", "kept"),
    [
        (GREEDY, True),
        (Sampling(16, temperature=0.7, seed=1), True),
        (Sampling(16, temperature=0.7), False),
        (Sampling(16), False),
        (Sampling(16, temperature=0.0, logprobs=2), False),
    ],
)
def test_only_what_is_drawn_the_same_way_each_time_is_kept(sampling: Sampling, kept: bool) -> None:
    assert is_exact(a_question(sampling=sampling), tools=False) is kept


def test_answers_with_tools_are_kept_where_the_settings_say_so() -> None:
    offered = a_question(tools=True)
    assert not is_exact(offered, tools=False)
    assert is_exact(offered, tools=True)


def test_every_part_of_the_key_counts() -> None:
    asked = a_question()
    keys = [
        exact_key(a_call(), asked, "1"),
        exact_key(a_call(tenant="other"), asked, "1"),
        exact_key(a_call(model="other"), asked, "1"),
        exact_key(a_call(), asked, "2"),
        exact_key(a_call(), replace(asked, prompt="another"), "1"),
        *(
            exact_key(a_call(), replace(asked, sampling=replace(GREEDY, **changed)), "1")
            for changed in CHANGES
        ),
    ]
    assert len(set(keys)) == len(keys)
    assert exact_key(a_call(), a_question(), "1") == keys[0]


def test_a_key_does_not_hold_the_prompt() -> None:
    assert "secret" not in exact_key(a_call(), a_question("my secret"), "1")


@pytest.mark.parametrize(
    "question",
    [
        a_question(tools=True),
        a_question(sampling=replace(GREEDY, logprobs=1)),
        a_question(sampling=replace(GREEDY, json_schema={"type": "object"})),
        a_question(messages=()),
        a_question(messages=(Message("assistant", "hello"),)),
        a_question(messages=(Message("user", "look", {"image": "x"}),)),
        a_question(
            messages=(Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
        ),
    ],
)
def test_what_has_no_meaning_of_its_own_is_not_compared(question: Question) -> None:
    assert meaning(question, conversations=False) == ""


def test_the_last_question_of_a_conversation_is_compared_where_the_settings_say_so() -> None:
    turns = (Message("user", "a"), Message("assistant", "b"), Message("user", " c "))
    assert meaning(a_question(messages=turns), conversations=True) == "c"


def test_partitions_differ_in_all_but_the_question_and_the_length() -> None:
    asked = a_question("one")
    versions = ("1", "1")
    first = partition_key(a_call(), asked, versions)
    longer = replace(GREEDY, max_tokens=99)
    assert partition_key(a_call(), a_question("two", sampling=longer), versions) == first
    before = (Message("user", "a"), Message("assistant", "b"), Message("user", "one"))
    others = [
        partition_key(a_call(tenant="other"), asked, versions),
        partition_key(a_call(model="other"), asked, versions),
        partition_key(a_call(), a_question("one", system="Be kind."), versions),
        partition_key(a_call(), a_question("one", messages=before), versions),
        partition_key(a_call(), asked, ("2", "1")),
        partition_key(a_call(), asked, ("1", "2")),
        partition_key(a_call(), a_question(sampling=replace(GREEDY, top_p=0.5)), versions),
    ]
    assert len({first, *others}) == len(others) + 1


def test_the_one_unused_for_longest_goes_first() -> None:
    gone: list[str] = []
    store = MemoryStore(entries=2, size=10_000, ttl=60, gone=gone.append)
    store.put("a", "m", an_answer())
    store.put("b", "m", an_answer())
    assert store.get("a")
    store.put("c", "m", an_answer())
    assert [store.get(key) is not None for key in "abc"] == [True, False, True]
    assert gone == ["size"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), max_size=60))
def test_memory_never_holds_more_than_its_bounds(puts: list[tuple[int, int]]) -> None:
    store = MemoryStore(entries=4, size=5000, ttl=60)
    for key, length in puts:
        kept = store.put(str(key), "m", an_answer("x" * length))
        assert kept == (size_of(an_answer("x" * length)) <= 5000)
        assert len(store) <= 4
        assert store.size <= 5000
    held = [store.get(str(key)) for key in range(6)]
    assert store.size == sum(size_of(answer) for answer in held if answer)


def test_an_answer_grows_old_and_a_model_is_forgotten() -> None:
    now = [0.0]
    store = MemoryStore(entries=9, size=10_000, ttl=10, clock=lambda: now[0])
    store.put("a", "one", an_answer())
    store.put("b", "two", an_answer())
    store.forget("one")
    assert store.get("a") is None
    now[0] = 9.9
    assert store.get("b")
    now[0] = 10.0
    assert store.get("b") is None
    assert (len(store), store.size) == (0, 0)


def test_vectors_are_found_as_by_looking_at_each() -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(200, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = VectorIndex[str](32)
    entries = [f"entry {number}" for number in range(len(vectors))]
    for vector, entry in zip(vectors, entries, strict=True):
        index.add(vector, entry)
    for place in range(0, 200, 3):
        index.remove(entries[place])
    left = [place for place in range(200) if place % 3]
    for wanted in vectors[:20]:
        scores = {entries[place]: float(vectors[place] @ wanted) for place in left}
        best = sorted((e for e in scores if scores[e] >= 0.3), key=lambda e: -scores[e])[:4]
        assert [entry for _, entry in index.search(wanted, 0.3, 4)] == best


def test_a_kept_answer_streams_with_all_its_text_and_tokens() -> None:
    kept = Answer("  Two words,\nthen more. ", "length", 7, 10)
    parts = list(pieces(kept))
    assert "".join(each.text for each in parts) == kept.text
    assert sum(each.output_tokens for each in parts) == 10
    assert [each.finish_reason for each in parts] == [""] * (len(parts) - 1) + ["length"]
    assert parts[-1].prompt_tokens == 7
    assert len(parts) > 3


def test_an_empty_answer_streams_too() -> None:
    async def read() -> list[str]:
        return [each.finish_reason async for each in replay(an_answer("", output_tokens=0))]

    assert asyncio.run(read()) == ["stop"]


def test_both_caches_are_off_by_default() -> None:
    assert not CacheSettings().enabled
    assert not SemanticCacheSettings().enabled


@pytest.mark.parametrize(
    ("section", "wrong", "said"),
    [
        (CacheSettings, {"entries": 0}, "entries"),
        (CacheSettings, {"redis": {"url": "http://x"}}, "redis://"),
        (CacheSettings, {"redis": {"url": "redis://u:p@x"}}, "password_file"),
        (CacheSettings, {"redis": {"url": "redis://x", "ca_file": "ca.pem"}}, "rediss://"),
        (CacheSettings, {"redis": {"url": "redis://x", "username": "u"}}, "password_file"),
        (CacheSettings, {"size": 1}, "size"),
        (SemanticCacheSettings, {"similarity": 1.5}, "similarity"),
        (SemanticCacheSettings, {"shadow": {"least": 9, "window": 5}}, "least (9)"),
    ],
)
def test_wrong_settings_are_named(
    section: type[CacheSettings] | type[SemanticCacheSettings], wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        section.model_validate(wrong)
    assert said in str(refused.value)
