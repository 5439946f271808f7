"""API keys: who is let in, who is not, and how a changed file is noticed."""

import asyncio
import logging
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.access import FileKeys, KeysSettings, authorize, credentials
from gateway.access.keyfile import KeyFileError, digest, new_key, now
from gateway.access.keys import NO_GOOD
from gateway.contract import Tenant
from gateway.errors import ForbiddenError, UnauthenticatedError
from prometheus_client import REGISTRY
from pydantic import ValidationError

PUBLIC, KEY = new_key()
OTHER_PUBLIC, OTHER_KEY = new_key()


def record(key: str = KEY, **fields: Any) -> dict[str, Any]:
    return {
        "id": key.split("_")[1],
        "tenant": "acme",
        "hash": digest(key),
        "created": now().isoformat(),
        **fields,
    }


def content(*records: dict[str, Any]) -> str:
    return yaml.safe_dump({"version": 1, "keys": list(records)})


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(content(*records))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "keys.yaml", record())


def keys(file: Path, **settings: Any) -> FileKeys:
    return FileKeys(KeysSettings(file=file, check_seconds=60, **settings))


def why_not(found: FileKeys, authorization: str | None) -> UnauthenticatedError:
    with pytest.raises(UnauthenticatedError) as caught:
        found.authenticate(authorization)
    return caught.value


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_key_names_its_tenant(file: Path, scheme: str) -> None:
    found = keys(file).authenticate(f"{scheme} {KEY}")
    assert found == Tenant(name="acme", key=PUBLIC)


def test_missing_malformed_and_unknown_keys_get_the_same_answer(file: Path) -> None:
    found = keys(file)
    secret = KEY.split("_")[2]
    bad = (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        KEY,
        f"Bearer {OTHER_KEY}",
        f"Bearer llmp_{PUBLIC}_{secret[:-1]}",
        f"Bearer llmp_{PUBLIC}_",
        f"Bearer llmp_{PUBLIC}",
        f"Bearer llmp_{PUBLIC}_{secret}_x",
        f"Bearer llmq_{PUBLIC}_{secret}",
        f"Bearer llmp__{secret}",
        "Bearer \ud800",
        "Bearer " + "x" * 100_000,
        f"Bearer {digest(KEY)}",
    )
    answers = [why_not(found, header) for header in bad]
    told = {(error.status, error.code, error.message) for error in answers}
    assert told == {(401, "invalid_api_key", NO_GOOD)}


def test_expired_and_revoked_keys_say_so_to_who_holds_them(tmp_path: Path) -> None:
    past, future = now() - timedelta(seconds=1), now() + timedelta(hours=1)
    found = keys(
        write(
            tmp_path / "keys.yaml",
            record(expires=past.isoformat()),
            record(OTHER_KEY, expires=future.isoformat(), revoked=past.isoformat()),
        )
    )
    assert why_not(found, f"Bearer {KEY}").code == "expired_api_key"
    assert why_not(found, f"Bearer {OTHER_KEY}").code == "revoked_api_key"
    # Without the secret nobody learns that there is such a key.
    assert why_not(found, f"Bearer llmp_{PUBLIC}_wrong").code == "invalid_api_key"


def test_models_of_others_are_forbidden() -> None:
    tenant = Tenant(name="acme", key=PUBLIC, models=frozenset({"smollm2"}))
    authorize(tenant, "smollm2")
    authorize(Tenant(name="acme", key=PUBLIC), "anything")
    with pytest.raises(ForbiddenError, match=r"it is for: smollm2\.") as caught:
        authorize(tenant, "minilm")
    assert (caught.value.status, caught.value.param) == (403, "model")


def test_without_required_keys_a_wrong_one_is_refused_all_the_same(file: Path) -> None:
    found = keys(file, required=False)
    assert found.authenticate(None).name == "anonymous"
    assert found.authenticate(f"Bearer {KEY}").name == "acme"
    assert why_not(found, f"Bearer {OTHER_KEY}").status == 401
    assert FileKeys(KeysSettings(required=False)).authenticate(None).name == "anonymous"
    # OpenAI's clients insist on sending something.
    assert FileKeys(KeysSettings(required=False)).authenticate("Bearer x").name == "anonymous"


def test_a_file_is_needed_where_keys_are() -> None:
    with pytest.raises(ValidationError, match="file must name a key file"):
        KeysSettings()


def test_where_a_request_may_carry_its_key() -> None:
    assert credentials({"authorization": "Bearer a", "x-api-key": "b"}) == "Bearer a"
    assert credentials({"x-api-key": "b"}) == "Bearer b"
    assert credentials({}) is None


def test_a_replaced_file_is_noticed_in_the_background(file: Path) -> None:
    found = FileKeys(KeysSettings(file=file, check_seconds=0.05))
    fresh = file.with_name("fresh")
    write(fresh, record(OTHER_KEY))
    fresh.replace(file)
    deadline = time.monotonic() + 10
    try:
        while not knows(found, OTHER_KEY):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        asyncio.run(found.close())
    assert why_not(found, f"Bearer {KEY}").status == 401


def knows(found: FileKeys, key: str) -> bool:
    try:
        return bool(found.authenticate(f"Bearer {key}"))
    except UnauthenticatedError:
        return False


def test_the_swapped_link_of_a_mounted_secret_is_noticed(tmp_path: Path) -> None:
    """As the kubelet does it: keys.yaml -> ..data/keys.yaml, ..data -> a folder with a date."""
    for folder, key in (("..one", KEY), ("..two", OTHER_KEY)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "keys.yaml", record(key))
    times = (1_700_000_000, 1_700_000_000)
    for folder in ("..one", "..two"):
        os.utime(tmp_path / folder / "keys.yaml", times)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "keys.yaml").symlink_to("..data/keys.yaml")
    found = keys(tmp_path / "keys.yaml")
    (tmp_path / "..next").symlink_to("..two")
    (tmp_path / "..next").replace(tmp_path / "..data")
    found.refresh()
    assert found.authenticate(f"Bearer {OTHER_KEY}").key == OTHER_PUBLIC


def test_a_file_that_was_only_touched_is_no_news(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = keys(file)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    with caplog.at_level(logging.INFO):
        found.refresh()
        assert caplog.records == []
        write(file, record(), record(OTHER_KEY))
        found.refresh()
    assert "2 keys of 1 tenants" in caplog.text


def failures() -> float:
    return REGISTRY.get_sample_value("llm_gateway_key_reload_failures_total") or 0.0


@pytest.mark.parametrize("broken", ["keys: [", "", "version: 1\nkeys: nothing\n", None])
def test_a_broken_new_file_leaves_the_old_keys(
    file: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    found = keys(file)
    counted = failures()
    if broken is None:
        file.unlink()
    else:
        file.write_text(broken)
    with caplog.at_level(logging.INFO):
        found.refresh()
        found.refresh()
    assert failures() == counted + 1
    assert len(caplog.records) == 1
    assert "the old keys stay" in caplog.text
    assert str(file) in caplog.text
    assert REGISTRY.get_sample_value("llm_gateway_key_file_ok") == 0
    assert found.authenticate(f"Bearer {KEY}").name == "acme"
    write(file, record(OTHER_KEY))
    found.refresh()
    assert REGISTRY.get_sample_value("llm_gateway_key_file_ok") == 1
    assert found.authenticate(f"Bearer {OTHER_KEY}").name == "acme"


@pytest.mark.parametrize("secret_in", ["hash", "note_of_wrong_type"])
def test_errors_never_quote_the_file(tmp_path: Path, secret_in: str) -> None:
    wrong = {"hash": KEY} if secret_in == "hash" else {"note": [KEY]}
    with pytest.raises(KeyFileError) as caught:
        keys(write(tmp_path / "keys.yaml", record() | wrong))
    assert KEY.split("_")[2] not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "keys.yaml",
        record(tenant="Acme!", colour="red"),
        {"id": "x"},
    )
    with pytest.raises(KeyFileError) as caught:
        keys(path)
    for part in ("keys[0].tenant", "keys[0].colour", "keys[1].hash", "keys[1].id", str(path)):
        assert part in str(caught.value)


def test_names_that_are_not_set_up_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "keys.yaml", record(budget="huge", guards="lax"), record())
    with pytest.raises(KeyFileError) as caught:
        FileKeys(KeysSettings(file=path), budgets=["small"], guards=[])
    told = str(caught.value)
    assert "keys[0].budget: there is no 'huge'; there is: small" in told
    assert "keys[0].guards: there is no 'lax'; there is: none" in told
    assert f"keys[1].id: {PUBLIC} is there twice" in told


def test_a_file_that_everybody_may_write_is_refused(file: Path) -> None:
    file.chmod(0o646)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keys(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.yaml: No such file"):
        keys(tmp_path / "none.yaml")
