"""Budgets in the real Redis server: the same arithmetic, and nothing lost between replicas."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from gateway.access import BudgetsSettings, make_budgets
from gateway.access.budgets import KeyBudgets
from gateway.access.redis_store import RedisStore
from gateway.access.settings import RedisSettings
from gateway.access.stores import MemoryStore, Ticket
from gateway.access.windows import Limit, Window
from gateway.contract import Call, Kind, ServedModel, Tenant
from gateway.errors import BudgetExceededError, UnavailableError
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

pytestmark = pytest.mark.live

SERVER = Path(sys.executable).with_name("redis-server")
MODEL = ServedModel(name="m", triton="m", kind=Kind.CHAT)
SHORT = Window("minute", 1_000_000, 4)
LONG = Window("day", 3_500_000, 3)
LIMITS = (Limit(SHORT, requests=3, tokens=50), Limit(LONG, requests=None, tokens=80))


class Server:
    """A Redis server on a socket of its own."""

    def __init__(self, folder: str) -> None:
        self.socket = Path(folder) / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            (
                *(str(SERVER), "--port", "0", "--unixsocket", str(self.socket)),
                *("--save", "", "--appendonly", "no", "--dir", str(self.socket.parent)),
            ),
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not self.socket.exists():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.socket.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def redis() -> Generator[Server]:
    # A short path: the name of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="llmp-redis-") as folder:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


steps = st.lists(
    st.tuples(st.integers(-1_500_000, 6_000_000), st.integers(0, 90), st.integers(0, 60)),
    min_size=1,
    max_size=25,
)


def test_the_script_decides_as_the_arithmetic_does(redis: Server) -> None:
    """Same requests, same clock: same decisions, waits and refunds as in memory."""
    run = 0

    @settings(max_examples=40, deadline=None)
    @given(steps)
    def check(steps: list[tuple[int, int, int]]) -> None:
        nonlocal run
        run += 1
        asyncio.run(compare(redis.url, f"account-{run}", steps))

    check()


async def compare(url: str, account: str, steps: list[tuple[int, int, int]]) -> None:
    now = 1_795_000_000_000_000
    shared = RedisStore(RedisSettings(url=url), timeout_seconds=5)
    memory = MemoryStore(lambda: now)
    try:
        for pause, wanted, used in steps:
            now += pause
            expected = await memory.reserve(account, LIMITS, wanted)
            assert await shared.reserve(account, LIMITS, wanted, now=now) == expected
            if expected.granted:
                ticket = Ticket(account, LIMITS, expected.marks)
                await memory.change(ticket, used - wanted)
                await shared.change(ticket, used - wanted)
    finally:
        await shared.close()


REPLICA = """
import asyncio, sys, time
from gateway.access import BudgetsSettings, make_budgets
from gateway.contract import Call, Kind, ServedModel, Tenant
from gateway.errors import BudgetExceededError

MODEL = ServedModel(name="m", triton="m", kind=Kind.CHAT)
TENANT = Tenant(name="acme", key="replicas")

async def one(budgets):
    call = Call("r", "chat", TENANT, MODEL, started=0.0, deadline=time.monotonic() + 60)
    try:
        reservation = await budgets.reserve(call, 10)
    except BudgetExceededError:
        return 0
    await reservation.settle(7)
    return 7

async def main():
    budgets = make_budgets(BudgetsSettings.model_validate_json(sys.argv[1]))
    used = 0
    for _ in range(6):
        used += sum(await asyncio.gather(*(one(budgets) for _ in range(20))))
    print(used)
    await budgets.close()

asyncio.run(main())
"""


def test_replicas_never_use_more_than_the_budget(redis: Server) -> None:
    given_out = BudgetsSettings.model_validate(
        {
            "plans": {"small": {"tokens_per_day": 1500, "requests_per_day": 10_000}},
            "default": "small",
            "store": "redis",
            "redis": {"url": redis.url},
            "timeout_seconds": 5,
        }
    ).model_dump_json()
    running = [
        subprocess.Popen((sys.executable, "-c", REPLICA, given_out), stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    used = [int(each.communicate()[0]) for each in running]
    assert [each.returncode for each in running] == [0, 0, 0]
    # Up to 60 requests hold 10 for 7 at the same time; nothing else may stay unused.
    assert 1500 - 60 * 10 < sum(used) <= 1500
    assert sum(each > 0 for each in used) > 1


def call(key: str) -> Call:
    now = time.monotonic()
    tenant = Tenant(name="acme", key=key)
    return Call("r", "chat", tenant, MODEL, started=now, deadline=now + 60)


def settings_for(redis: Server, **more: Any) -> BudgetsSettings:
    return BudgetsSettings.model_validate(
        {
            "plans": {"small": {"tokens_per_minute": 100}},
            "default": "small",
            "store": "redis",
            "redis": {"url": redis.url},
            **more,
        }
    )


def test_a_server_that_dies_and_comes_back(redis: Server) -> None:
    async def run() -> None:
        budgets = make_budgets(
            settings_for(redis, open_after=2, retry_seconds=0.05, timeout_seconds=2)
        )
        await budgets.reserve(call("dies"), 10)
        held = await budgets.reserve(call("dies"), 60)
        redis.stop()
        for _ in range(4):
            with pytest.raises(UnavailableError) as caught:
                await budgets.reserve(call("dies"), 10)
            assert caught.value.retry_after
        await held.settle(20)
        redis.start()
        await until_back(budgets, "dies")
        await budgets.reserve(call("dies"), 95)
        # What is given back of a count that the server has lost may not free what is used now.
        with pytest.raises(BudgetExceededError):
            await budgets.reserve(call("dies"), 10)
        await budgets.close()

    asyncio.run(run())


def test_what_is_settled_while_the_server_hangs_is_told_later(redis: Server) -> None:
    async def run() -> None:
        settings = settings_for(redis, open_after=1, retry_seconds=0.05, timeout_seconds=0.3)
        budgets = make_budgets(settings)
        held = await budgets.reserve(call("hangs"), 60)
        over = await budgets.reserve(call("hangs"), 10)
        assert redis.process
        redis.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(UnavailableError):
                await budgets.reserve(call("hangs"), 0)
            await held.settle(20)
            await over.settle(50)
        finally:
            redis.process.send_signal(signal.SIGCONT)
        await until_back(budgets, "hangs")
        await budgets.reserve(call("hangs"), 30)
        with pytest.raises(BudgetExceededError):
            await budgets.reserve(call("hangs"), 1)
        await budgets.close()

    asyncio.run(run())


async def until_back(budgets: KeyBudgets, key: str) -> None:
    """Wait until the store is asked again; counts requests, but no tokens."""
    for _ in range(500):
        try:
            await budgets.reserve(call(key), 0)
        except UnavailableError:
            await asyncio.sleep(0.01)
        else:
            return
    raise AssertionError("the store is still away")


def test_a_password_is_needed_and_given(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("not-a-real-secret\n")

    async def run(server: Server) -> None:
        plain = settings_for(server)
        untyped: Any = Redis
        async with untyped.from_url(server.url) as client:
            await client.config_set("requirepass", "not-a-real-secret")
        given = plain.redis.model_copy(update={"password_file": secret})
        with_password = make_budgets(plain.model_copy(update={"redis": given}))
        without = make_budgets(plain)
        await with_password.reserve(call("password"), 10)
        with pytest.raises(UnavailableError):
            await without.reserve(call("password"), 10)
        await with_password.close()
        await without.close()

    with tempfile.TemporaryDirectory(prefix="llmp-redis-") as folder:
        server = Server(folder)
        server.start()
        try:
            asyncio.run(run(server))
        finally:
            server.stop()
