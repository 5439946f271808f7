"""Keys and budgets at the door of real gateways, in front of the real Triton."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lab
import pytest

pytestmark = pytest.mark.live

PLANS = {
    "five": {"requests_per_day": 5},
    "big": {"tokens_per_minute": 600},
}


def keys(*words: str) -> str:
    """A command on the key file; what it prints."""
    command = [sys.executable, "-m", "gateway", "keys", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@dataclass(frozen=True)
class House:
    """Two gateways with one key file and one store of budgets."""

    file: Path
    first: lab.Gateway
    second: lab.Gateway

    def key(self, *words: str) -> str:
        """A new key, known to both gateways."""
        made = keys("new", "--file", str(self.file), "--tenant", "acme", *words)
        for gateway in (self.first, self.second):
            wait_for(gateway, made, 200)
        return made


@pytest.fixture(scope="module")
def house(triton: lab.Triton, tmp_path_factory: pytest.TempPathFactory) -> Generator[House]:
    folder = tmp_path_factory.mktemp("access")
    file = folder / "keys.yaml"
    keys("new", "--file", str(file), "--tenant", "first")
    settings: dict[str, Any] = {
        "keys": {"required": True, "file": str(file), "check_seconds": 0.05},
        "budgets": {
            "store": "sqlite",
            "sqlite_file": str(folder / "budgets.sqlite"),
            "plans": PLANS,
            "timeout_seconds": 2,
        },
    }
    with lab.gateway(triton, **settings) as first, lab.gateway(triton, **settings) as second:
        yield House(file, first, second)


@contextmanager
def asked(
    gateway: lab.Gateway, path: str, body: Any = None, **headers: str
) -> Generator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        content = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, content, named)
        yield connection.getresponse()
    finally:
        connection.close()


def wait_for(gateway: lab.Gateway, key: str, status: int) -> Any:
    """The answer to a list of models, once it has that status."""
    deadline = time.monotonic() + 20
    while True:
        with asked(gateway, "/v1/models", authorization=f"Bearer {key}") as response:
            body = response.read()
            if response.status == status:
                return json.loads(body)
        assert time.monotonic() < deadline, body
        time.sleep(0.02)


def chat(tokens: int, *, stream: bool = False) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Count to a hundred."}]
    return {"model": "smollm2", "messages": messages, "max_tokens": tokens, "stream": stream}


@pytest.mark.parametrize("path", ["/v1/models", "/v2/models/smollm2"])
def test_bad_keys_all_get_the_same_answer(house: House, path: str) -> None:
    bad = ("", "Bearer llmp_abcdefghijkl_" + "x" * 43, "Bearer nonsense", "Basic eDp5")
    answers: set[tuple[int, bytes]] = set()
    for header in bad:
        with asked(house.first, path, **({"authorization": header} if header else {})) as response:
            answers.add((response.status, response.read()))
    [(status, _)] = answers
    assert status == 401


@pytest.mark.parametrize("path", ["/v1/models", "/v2/models/smollm2"])
def test_a_key_may_come_as_x_api_key(house: House, path: str) -> None:
    with asked(house.first, path, x_api_key=house.key()) as response:
        assert response.status == 200


def test_two_gateways_share_a_budget(house: House) -> None:
    key = house.key("--budget", "five")
    statuses: list[int] = []
    body: Any = None
    waits = ""
    for turn in range(7):
        gateway = (house.first, house.second)[turn % 2]
        status, body, waits = answered(gateway, chat(1), key)
        statuses.append(status)
    assert statuses == [200] * 5 + [429] * 2
    assert "5 requests a day" in body["error"]["message"]
    assert 80_000 < int(waits) <= 87_300


def answered(gateway: lab.Gateway, body: Any, key: str) -> tuple[int, Any, str]:
    """Status and body of a chat, and what ``Retry-After`` says."""
    header = f"Bearer {key}"
    with asked(gateway, "/v1/chat/completions", body, authorization=header) as response:
        waits = response.headers.get("retry-after", "")
        return response.status, json.loads(response.read()), waits


def test_a_client_that_leaves_gets_its_tokens_back(house: House) -> None:
    key = house.key("--budget", "big")
    header = f"Bearer {key}"
    long = chat(400, stream=True)
    with asked(house.first, "/v1/chat/completions", long, authorization=header) as response:
        assert response.status == 200
        assert response.readline().startswith(b"data:")
        # Twice as much as is left is set aside now.
        with asked(
            house.second, "/v1/chat/completions", chat(400), authorization=header
        ) as refused:
            assert refused.status == 429
    deadline = time.monotonic() + 20
    while True:
        with asked(house.second, "/v1/chat/completions", long, authorization=header) as response:
            if response.status == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_rotation_and_revocation_without_restart(house: House) -> None:
    old = house.key()
    public = old.split("_")[1]
    new = keys("rotate", "--file", str(house.file), public, "--overlap", "1h")
    for gateway in (house.first, house.second):
        wait_for(gateway, new, 200)
        wait_for(gateway, old, 200)
    keys("revoke", "--file", str(house.file), public)
    for gateway in (house.first, house.second):
        error = wait_for(gateway, old, 401)["error"]
        assert error["code"] == "revoked_api_key"
        wait_for(gateway, new, 200)


def test_a_broken_key_file_locks_nobody_out(house: House) -> None:
    key = house.key()
    good = house.file.read_bytes()
    try:
        house.file.write_bytes(b"keys: [")
        deadline = time.monotonic() + 20
        while "llm_gateway_key_file_ok 0.0" not in metrics(house.first):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        wait_for(house.first, key, 200)
        assert "the old keys stay" in house.first.log.read_text()
    finally:
        house.file.write_bytes(good)


def metrics(gateway: lab.Gateway) -> str:
    with asked(gateway, "/metrics") as response:
        return response.read().decode()
