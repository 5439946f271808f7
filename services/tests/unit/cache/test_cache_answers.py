"""Both caches together: what a question meets, and what it may never meet."""

import asyncio
from dataclasses import replace

import pytest
from cache_support import (
    GREEDY,
    Later,
    Triton,
    a_call,
    a_question,
    an_answer,
    ask,
    caches,
    value,
)
from gateway.cache.versions import REFRESH_SECONDS, Versions
from gateway.contract import Message
from prometheus_client import CollectorRegistry

POLAND = "What is the capital of Poland?"
POLAND_AGAIN = "Tell me the capital of Poland"
FRANCE = "What is the capital of France?"
LOOSE = {"similarity": 0.5, "admit_after": 1}


def test_nothing_is_kept_while_both_are_off() -> None:
    async def run() -> None:
        triton = Triton()
        cache = caches(triton)
        assert (await ask(cache, a_question(), an_answer()))[0] == "off"
        assert (await ask(cache, a_question(), an_answer()))[0] == "off"
        assert triton.asked == []

    asyncio.run(run())


def test_the_same_question_hits_and_another_does_not() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={})
        assert await ask(cache, a_question(), an_answer("one")) == ("miss", an_answer("one"))
        assert await ask(cache, a_question()) == ("hit", an_answer("one"))
        assert (await ask(cache, a_question("What is a cash?")))[0] == "miss"

    asyncio.run(run())


def test_a_random_answer_is_not_for_the_cache() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={}, semantic=LOOSE)
        drawn = a_question(sampling=replace(GREEDY, temperature=1.0))
        assert (await ask(cache, drawn, an_answer()))[0] == "bypass"
        assert (await ask(cache, drawn, an_answer()))[0] == "bypass"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("control", "first", "second"),
    [("no-cache", "miss", "hit"), ("no-store", "bypass", "miss"), ("max-age=0", "miss", "hit")],
)
def test_a_client_may_ask_for_a_fresh_answer(control: str, first: str, second: str) -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={})
        call = a_call(cache_control=control)
        assert (await ask(cache, a_question(), an_answer("fresh"), call))[0] == first
        assert (await ask(cache, a_question(), an_answer("fresh")))[0] == second

    asyncio.run(run())


def test_no_cache_passes_by_what_is_kept_and_replaces_it() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={})
        await ask(cache, a_question(), an_answer("old"))
        fresh = a_call(cache_control="no-cache")
        assert (await ask(cache, a_question(), an_answer("new"), fresh))[0] == "miss"
        assert await ask(cache, a_question()) == ("hit", an_answer("new"))

    asyncio.run(run())


def test_hits_are_free_where_the_settings_say_so() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={"charge_hits": False})
        await ask(cache, a_question(), an_answer())
        assert await ask(cache, a_question()) == ("hit", replace(an_answer(), charged=False))

    asyncio.run(run())


def test_a_big_answer_is_not_kept() -> None:
    async def run() -> None:
        cache = caches(Triton(), exact={"answer_kilobytes": 1})
        await ask(cache, a_question(), an_answer("x" * 1025))
        assert (await ask(cache, a_question()))[0] == "miss"

    asyncio.run(run())


def test_another_version_of_the_model_begins_anew() -> None:
    async def run() -> None:
        triton, registry, clock = Triton(), CollectorRegistry(), Later()
        cache = caches(triton, exact={}, semantic=LOOSE, registry=registry, clock=clock)
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        triton.version = "2"
        clock.seconds = REFRESH_SECONDS
        assert (await ask(cache, a_question(POLAND)))[0] == "miss"
        assert (await ask(cache, a_question(POLAND_AGAIN)))[0] == "miss"
        for name in ("exact", "semantic"):
            gone = value(
                registry, "llm_gateway_cache_evictions_total", cache=name, reason="version"
            )
            assert gone == 1

    asyncio.run(run())


def test_an_answer_of_a_model_that_was_exchanged_meanwhile_is_not_kept() -> None:
    async def run() -> None:
        triton, clock = Triton(), Later()
        cache = caches(triton, exact={}, semantic=LOOSE, clock=clock)
        call = a_call()
        assert await cache.find(call, a_question(POLAND)) is None
        triton.version = "2"
        await cache.keep(call, a_question(POLAND), an_answer("of which?"))
        cache.release(call)
        triton.version = "1"
        clock.seconds = REFRESH_SECONDS
        assert (await ask(cache, a_question(POLAND)))[0] == "miss"

    asyncio.run(run())


def test_without_triton_there_is_no_cache_and_no_error() -> None:
    async def run() -> None:
        cache = caches(Triton(away=True), exact={}, semantic=LOOSE)
        assert (await ask(cache, a_question(POLAND), an_answer()))[0] == "bypass"

    asyncio.run(run())


def test_a_question_of_the_same_meaning_hits() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic=LOOSE)
        assert (await ask(cache, a_question(POLAND), an_answer("Warsaw")))[0] == "miss"
        assert await ask(cache, a_question(POLAND_AGAIN)) == ("semantic", an_answer("Warsaw"))

    asyncio.run(run())


def test_a_question_that_only_looks_alike_misses_and_the_reason_is_counted() -> None:
    async def run() -> None:
        registry = CollectorRegistry()
        cache = caches(Triton(), semantic=LOOSE, registry=registry)
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        assert (await ask(cache, a_question(FRANCE)))[0] == "miss"
        rejected = value(registry, "llm_gateway_semantic_cache_rejections_total", difference="name")
        assert rejected == 1

    asyncio.run(run())


def test_without_verifiers_it_would_hit() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic={**LOOSE, "verify": False})
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        assert await ask(cache, a_question(FRANCE)) == ("semantic", an_answer("Warsaw"))

    asyncio.run(run())


def test_an_answer_is_admitted_on_second_sight() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic={"similarity": 0.5, "admit_after": 2})
        for text, note in ((POLAND, "miss"), (POLAND_AGAIN, "miss"), (POLAND, "semantic")):
            assert (await ask(cache, a_question(text), an_answer("Warsaw")))[0] == note
        assert len(cache.semantic) == 1

    asyncio.run(run())


def test_tenants_models_and_system_prompts_do_not_share() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic=LOOSE)
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        again = a_question(POLAND_AGAIN)
        assert (await ask(cache, again, call=a_call(tenant="other")))[0] == "miss"
        assert (await ask(cache, again, call=a_call(model="other")))[0] == "miss"
        assert (await ask(cache, a_question(POLAND_AGAIN, system="In French.")))[0] == "miss"
        assert (await ask(cache, again))[0] == "semantic"

    asyncio.run(run())


def test_a_longer_answer_than_allowed_is_not_given() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic=LOOSE)
        await ask(cache, a_question(POLAND), an_answer("Warsaw", output_tokens=10))
        short = replace(GREEDY, max_tokens=9)
        assert (await ask(cache, a_question(POLAND_AGAIN, sampling=short)))[0] == "miss"
        cut = an_answer("War", output_tokens=16, finish_reason="length")
        await ask(cache, a_question(FRANCE), cut)
        longer = replace(GREEDY, max_tokens=17)
        asked = "Tell me the capital of France"
        assert (await ask(cache, a_question(asked, sampling=longer)))[0] == "miss"
        assert (await ask(cache, a_question(asked)))[0] == "semantic"

    asyncio.run(run())


@pytest.mark.parametrize(
    "text", ["What is the weather in Oslo?", "Who won last night?", "Jaka jest dzisiaj data?"]
)
def test_what_depends_on_the_day_is_not_for_the_semantic_cache(text: str) -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic=LOOSE)
        assert (await ask(cache, a_question(text), an_answer()))[0] == "bypass"

    asyncio.run(run())


def test_the_last_question_of_a_conversation_needs_the_same_conversation() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic={**LOOSE, "conversations": True})
        talk = (Message("user", "Hello"), Message("assistant", "Hi"))
        other = (Message("user", "Hello"), Message("assistant", "Yes?"))
        first = a_question(messages=(*talk, Message("user", POLAND)))
        await ask(cache, first, an_answer("Warsaw"))
        again = Message("user", POLAND_AGAIN)
        assert (await ask(cache, a_question(messages=(*talk, again))))[0] == "semantic"
        assert (await ask(cache, a_question(messages=(*other, again))))[0] == "miss"

    asyncio.run(run())


def test_a_missing_embedding_model_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        registry = CollectorRegistry()
        cache = caches(Triton(embedding_version=""), semantic=LOOSE, registry=registry)
        for _ in range(2):
            assert (await ask(cache, a_question(POLAND), an_answer()))[0] == "miss"
        name, labels = "llm_gateway_cache_lookups_total", {"cache": "semantic", "model": "chat"}
        assert value(registry, name, **labels, result="bypass") == 2

    asyncio.run(run())
    assert caplog.text.count("no model minilm ready") == 1


def test_a_slow_embedding_is_given_up() -> None:
    async def run() -> None:
        cache = caches(Triton(slow=60), semantic={**LOOSE, "embed_ms": 10})
        assert (await ask(cache, a_question(POLAND), an_answer()))[0] == "miss"
        assert len(cache.semantic) == 0

    asyncio.run(run())


def test_the_semantic_cache_stays_within_its_bounds() -> None:
    async def run() -> None:
        cache = caches(Triton(), semantic={**LOOSE, "entries": 3})
        for number in range(6):
            await ask(cache, a_question(f"What is {number} plus 1?"), an_answer())
        assert len(cache.semantic) == 3
        small = caches(Triton(), semantic={**LOOSE, "megabytes": 0.01})
        for number in range(6):
            await ask(small, a_question(f"What is {number} plus 1?"), an_answer("x" * 100))
        assert 0 < len(small.semantic) < 4
        assert small.semantic.size <= 0.01 * 1024 * 1024

    asyncio.run(run())


def test_calls_that_are_never_released_are_not_remembered_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        monkeypatch.setattr("gateway.cache.answers.PENDING", 3)
        cache = caches(Triton(), exact={"single_flight": False})
        calls = [a_call() for _ in range(5)]
        for call in calls:
            await cache.find(call, a_question())
        assert cache.pending == 3

    asyncio.run(run())


def test_a_fingerprint_is_asked_once_for_many_and_again_when_it_is_old() -> None:
    async def run() -> None:
        now, triton, changed = [100.0], Triton(), list[str]()
        versions = Versions(triton, changed.append, clock=lambda: now[0])
        found = await asyncio.gather(*(versions.of("triton-chat") for _ in range(5)))
        assert found == ["1"] * 5
        assert triton.asked == ["triton-chat"]
        triton.version, triton.away = "2", True
        now[0] += REFRESH_SECONDS
        assert await versions.of("triton-chat") == ""
        triton.away = False
        now[0] += REFRESH_SECONDS
        assert await versions.of("triton-chat") == "2"
        assert changed == ["triton-chat"]

    asyncio.run(run())
