"""The shared store of exact answers, on a real redis-server."""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from cache_support import Triton, a_call, a_question, an_answer, ask, caches, value
from gateway.cache.redis_store import RedisStore, decode, encode
from gateway.cache.settings import RedisSettings
from gateway.contract import Answer
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis import Redis

SERVER = Path(sys.executable).with_name("redis-server")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Address of a server of its own, on a socket."""
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "s"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(
        [SERVER, *options, "--daemonize", "no", "--pidfile", str(folder / "pid")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "eady to accept" in line:
            break
    else:
        pytest.fail("redis-server did not start")
    yield f"unix://{socket}"
    process.terminate()
    process.communicate(timeout=10)


def client(url: str, **options: str) -> Any:
    library: Any = Redis
    return library.from_url(url, **options)


def test_replicas_share_answers_of_one_tenant(server: str) -> None:
    async def run() -> None:
        first = caches(Triton(), exact={"redis": {"url": server, "prefix": "share:"}})
        second = caches(Triton(), exact={"redis": {"url": server, "prefix": "share:"}})
        assert await ask(first, a_question(), an_answer("mine")) == ("miss", an_answer("mine"))
        assert await ask(second, a_question()) == ("hit", an_answer("mine"))
        assert (await ask(second, a_question(), call=a_call(tenant="other")))[0] == "miss"
        await first.close()
        await second.close()

    asyncio.run(run())


def test_what_lies_there_is_the_answer_and_no_prompt_and_it_expires(server: str) -> None:
    async def run() -> None:
        settings = {"redis": {"url": server, "prefix": "look:"}, "ttl_seconds": 30}
        cache = caches(Triton(), exact=settings)
        await ask(cache, a_question("a secret prompt"), an_answer("an answer"))
        await cache.close()

    asyncio.run(run())
    look = client(server)
    (key,) = look.keys("look:*")
    assert "an answer" in look.get(key).decode()
    assert "secret" not in (key + look.get(key)).decode()
    assert 0 < look.pttl(key) <= 30_000


def test_a_store_that_is_away_is_a_miss_and_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async def run() -> None:
        registry = CollectorRegistry()
        url = f"unix://{tmp_path}/nobody"
        cache = caches(Triton(), exact={"redis": {"url": url}}, registry=registry)
        assert (await ask(cache, a_question(), an_answer()))[0] == "miss"
        assert (await ask(cache, a_question()))[0] == "hit"
        assert (await ask(cache, a_question("another"), an_answer()))[0] == "miss"
        assert value(registry, "llm_gateway_cache_store_failures_total") == 1
        await cache.close()

    asyncio.run(run())


def test_a_store_that_hangs_costs_its_time_limit_and_no_more(tmp_path: Path) -> None:
    async def run() -> None:
        accepted: list[asyncio.StreamWriter] = []

        async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.append(writer)

        listener = await asyncio.start_unix_server(silent, tmp_path / "s")
        failures: list[int] = []
        settings = RedisSettings.model_validate({"url": f"unix://{tmp_path}/s", "timeout_ms": 20})
        store = RedisStore(settings, 60, lambda: failures.append(1))
        async with asyncio.timeout(5):
            assert await store.get("key") is None
        assert failures == [1]
        assert accepted
        await store.close()
        for writer in accepted:
            writer.close()
        listener.close()

    asyncio.run(run())


def test_the_password_is_read_for_every_connection(server: str, tmp_path: Path) -> None:
    async def run(file: Path, failures: list[int]) -> None:
        settings = RedisSettings.model_validate(
            {"url": server, "password_file": file, "pause_seconds": 0, "prefix": "pass:"}
        )
        store = RedisStore(settings, 60, lambda: failures.append(1))
        await store.put("key", an_answer())
        assert failures == [1]
        file.write_text("right\n")
        await store.put("key", an_answer())
        assert await store.get("key") == an_answer()
        assert failures == [1]
        await store.close()

    look = client(server)
    look.config_set("requirepass", "right")
    try:
        asyncio.run(run(tmp_path / "password", []))
    finally:
        client(server, password="right").config_set("requirepass", "")


def test_values_that_are_no_answers_are_misses(server: str) -> None:
    async def run() -> None:
        look = client(server)
        settings = RedisSettings.model_validate({"url": server, "prefix": "bad:"})
        store = RedisStore(settings, 60)
        for wrong in (b"\xff", b"{}", b'[99,"a","stop",1,1]', b'[1,"a","stop",1]'):
            look.set("bad:key", wrong)
            assert await store.get("key") is None
        look.delete("bad:key")
        look.lpush("bad:key", "a list")
        assert await store.get("key") is None
        await store.close()

    asyncio.run(run())


@given(st.text(), st.sampled_from(["stop", "length"]), st.integers(0), st.integers(0))
def test_an_answer_comes_back_as_it_was(text: str, reason: str, prompt: int, output: int) -> None:
    answer = Answer(text, reason, prompt, output)
    assert decode(encode(answer)) == answer


@given(st.binary())
def test_no_bytes_break_the_reader(value: bytes) -> None:
    decode(value)
