"""The caches in a gateway before the real Triton, and a short day of requests."""

import asyncio
import importlib
import json
import sys
import urllib.request
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import lab
import pytest
from prometheus_client.parser import text_string_to_metric_families

# at the end: a script there has the name of a package
sys.path.append(str(Path(__file__).resolve().parents[3] / "bench"))

pytestmark = pytest.mark.live

SEED = 24
"""Of a short day with requests of every sort."""
POLAND = "What is the capital of Poland?"
SETTINGS: dict[str, Any] = {
    "admission": {"slots": 8, "queue": 8, "queue_seconds": 5.0},
    "cache": {"enabled": True},
    "semantic_cache": {"enabled": True, "embed_ms": 5000, "shadow": {"share": 1.0}},
}


@pytest.fixture(scope="module")
def caching(triton: lab.Triton) -> Generator[lab.Gateway]:
    """A gateway with both caches on; Triton has the embedding model as well."""
    load = f"http://{triton.http}/v2/repository/models/minilm/load"
    request = urllib.request.Request(load, method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - loopback
        assert response.status == 200
    with lab.gateway(triton, **SETTINGS) as server:
        yield server


def ask(server: lab.Gateway, text: str, **changed: Any) -> httpx.Response:
    body = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 4,
        "temperature": 0,
        **changed.pop("body", {}),
    }
    url = f"{server.url}/v1/chat/completions"
    return httpx.post(url, json=body, timeout=60, headers=changed)


def said(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]


def _quiet(*told: object) -> None:
    """Nobody watches the day."""


def counted(server: lab.Gateway, name: str, **labels: str) -> float:
    text = httpx.get(f"{server.url}/metrics", timeout=10).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_the_same_request_is_answered_from_memory(caching: lab.Gateway) -> None:
    first, second = ask(caching, "Say one."), ask(caching, "Say one.")
    assert [first.headers["x-cache"], second.headers["x-cache"]] == ["miss", "hit"]
    assert said(first) == said(second)
    assert first.json()["usage"] == second.json()["usage"]
    drawn = ask(caching, "Say one.", body={"temperature": 1.0})
    assert drawn.headers["x-cache"] == "bypass"


def test_a_kept_answer_streams_like_any_other(caching: lab.Gateway) -> None:
    whole = said(ask(caching, "Say two."))
    streamed = ask(caching, "Say two.", body={"stream": True})
    assert streamed.headers["x-cache"] == "hit"
    *events, end = [line for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert end == "data: [DONE]"
    assert len(events) > 2
    choices = [choice for event in events for choice in json.loads(event[6:])["choices"]]
    assert "".join(each["delta"].get("content") or "" for each in choices) == whole


def test_a_client_can_ask_for_a_fresh_answer(caching: lab.Gateway) -> None:
    ask(caching, "Say three.")
    fresh = ask(caching, "Say three.", **{"cache-control": "no-cache"})
    assert fresh.headers["x-cache"] == "miss"


def test_identical_requests_at_the_same_time_are_generated_once(caching: lab.Gateway) -> None:
    name, labels = "llm_gateway_cache_lookups_total", {"cache": "exact", "result": "miss"}
    before = counted(caching, name, **labels)
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(ask, caching, "Say four.", body={"max_tokens": 12}) for _ in range(4)]
        answers = [task.result() for task in tasks]
    assert len({said(answer) for answer in answers}) == 1
    assert sorted(answer.headers["x-cache"] for answer in answers) == ["hit"] * 3 + ["miss"]
    assert counted(caching, name, **labels) == before + 1


def test_the_same_question_in_other_words_hits_on_third_sight_and_is_checked(
    caching: lab.Gateway,
) -> None:
    notes = [
        ask(caching, text).headers["x-cache"]
        for text in (POLAND, "Tell me the capital of Poland", "Which city is Poland's capital?")
    ]
    assert notes == ["miss", "miss", "semantic"]
    assert ask(caching, "What was the capital of Poland?").headers["x-cache"] == "miss"
    rejected = counted(caching, "llm_gateway_semantic_cache_rejections_total", difference="tense")
    assert rejected >= 1
    checks = "llm_gateway_semantic_cache_shadow_checks_total"
    for _ in range(100):
        if counted(caching, checks):
            break
        asyncio.run(asyncio.sleep(0.05))
    assert counted(caching, checks) == 1
    assert counted(caching, "llm_gateway_semantic_cache_off") == 0


def test_every_request_of_a_short_day_is_accounted_for(caching: lab.Gateway) -> None:
    account, load, plan = (
        importlib.import_module(f"compressed_day.{name}") for name in ("account", "load", "plan")
    )

    async def run() -> tuple[Any, Any]:
        client: Any = load.Client(caching.url)
        try:
            before = account.counted(await client.metrics())
            requests = plan.day(16, "smollm2", seed=SEED, max_tokens=3)
            outcomes = await load.run(client, requests, 1.0, _quiet)
            while (now := account.counted(await client.metrics())).in_flight:
                await asyncio.sleep(0.05)
            return outcomes, now.since(before)
        finally:
            await client.close()

    outcomes, server = asyncio.run(run())
    assert account.unaccounted(outcomes, server) == []
    figures: Any = account.figures(outcomes)
    assert figures.ends["failed"] == 0, figures.failures
    assert figures.ends["answered"] >= 5
    assert figures.ends["refused"] >= 1
    # the gateway lost one, or counted one that nobody sent
    assert account.unaccounted(outcomes[1:], server)
    assert account.unaccounted([*outcomes, outcomes[0]], server)
