"""Hits that are checked, and the switch that they turn."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cache_support import Triton, a_call, a_question, an_answer, ask, caches, value
from gateway.cache import AnswerCaches, CacheSettings, SemanticCacheSettings, make_cache
from gateway.contract import Call
from gateway.errors import OverloadedError
from prometheus_client import CollectorRegistry

POLAND = "What is the capital of Poland?"
AGAIN = "Tell me the capital of Poland"
CHECKED: dict[str, Any] = {
    "similarity": 0.5,
    "admit_after": 1,
    "shadow": {"share": 1.0, "window": 4, "least": 2, "limit": 0.4, "similarity": 0.5},
}


async def hit(cache: AnswerCaches, times: int = 1) -> list[str]:
    notes: list[str] = []
    for _ in range(times):
        notes.append((await ask(cache, a_question(AGAIN), an_answer("Warsaw is the capital")))[0])
        await cache.shadow.settle()
    return notes


def checks(registry: CollectorRegistry, result: str) -> float:
    name = "llm_gateway_semantic_cache_shadow_checks_total"
    return value(registry, name, model="chat", result=result)


def test_an_answer_that_still_comes_is_a_good_hit() -> None:
    async def run() -> None:
        registry, triton = CollectorRegistry(), Triton(says="The capital is Warsaw")
        cache = caches(triton, semantic=CHECKED, registry=registry)
        await ask(cache, a_question(POLAND), an_answer("Warsaw is the capital"))
        assert await hit(cache, 3) == ["semantic"] * 3
        assert checks(registry, "agrees") == 3
        assert value(registry, "llm_gateway_semantic_cache_false_hit_ratio", model="chat") == 0

    asyncio.run(run())


def test_too_many_false_hits_turn_it_off_and_it_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        registry, triton = CollectorRegistry(), Triton(says="Nobody knows that one")
        cache = caches(triton, semantic=CHECKED, registry=registry)
        await ask(cache, a_question(POLAND), an_answer("Warsaw is the capital"))
        with caplog.at_level(logging.ERROR):
            assert await hit(cache, 3) == ["semantic", "semantic", "bypass"]
        assert checks(registry, "false") == 2
        assert value(registry, "llm_gateway_semantic_cache_off", model="chat") == 1
        assert value(registry, "llm_gateway_semantic_cache_false_hit_ratio", model="chat") == 1
        assert "turned itself off" in caplog.text
        assert "Warsaw" not in caplog.text
        assert len(cache.semantic) == 0
        assert not cache.circuit.is_off("another")

    asyncio.run(run())


def test_after_its_time_off_it_begins_again_empty() -> None:
    async def run() -> None:
        settings = {**CHECKED, "shadow": {**CHECKED["shadow"], "off_seconds": 0.01}}
        cache = caches(Triton(says="Nobody knows that one"), semantic=settings)
        await ask(cache, a_question(POLAND), an_answer("Warsaw is the capital"))
        await hit(cache, 2)
        await asyncio.sleep(0.02)
        assert await hit(cache, 1) == ["miss"]

    asyncio.run(run())


def test_numbers_and_yes_or_no_decide_whatever_the_similarity() -> None:
    async def run() -> None:
        registry, triton = CollectorRegistry(), Triton(says="It has 39 million inhabitants")
        cache = caches(triton, semantic=CHECKED, registry=registry)
        await ask(cache, a_question(POLAND), an_answer("It has 38 million inhabitants"))
        await hit(cache)
        assert checks(registry, "false") == 1

    asyncio.run(run())


def test_a_share_of_the_hits_is_checked() -> None:
    async def run() -> None:
        triton = Triton(says="Warsaw")
        settings = {**CHECKED, "shadow": {"share": 0.25}}
        cache = caches(triton, semantic=settings)
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        await hit(cache, 8)
        assert len(triton.generated) == 2

    asyncio.run(run())


class FullHouse:
    """Admission without a free slot."""

    @asynccontextmanager
    async def slot(self, call: Call) -> AsyncGenerator[None]:
        if call.notes.get("shadow"):
            raise OverloadedError("full")
        yield


def test_a_check_never_takes_the_place_of_a_client() -> None:
    async def run() -> None:
        registry, triton = CollectorRegistry(), Triton(says="Warsaw")
        cache = make_cache(
            CacheSettings(),
            SemanticCacheSettings.model_validate({"enabled": True, **CHECKED}),
            triton,
            FullHouse(),
            registry,
        )
        await ask(cache, a_question(POLAND), an_answer("Warsaw"))
        assert await hit(cache) == ["semantic"]
        assert checks(registry, "skipped") == 1
        assert triton.generated == []

    asyncio.run(run())


def test_closing_ends_the_checks() -> None:
    async def run() -> None:
        triton = Triton(says="Warsaw")
        cache = caches(triton, semantic=CHECKED)
        await ask(cache, a_question(POLAND), an_answer("Lodz"))
        await ask(cache, a_question(AGAIN), call=a_call())
        assert cache.shadow.running == 1
        await cache.close()
        assert cache.shadow.running == 0

    asyncio.run(run())
