"""``python -m gateway keys``, called as a person would."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.access import FileKeys, KeysSettings
from gateway.access.commands import add_commands, duration
from gateway.access.keyfile import digest


def keys(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="gateway")
    add_commands(parser.add_subparsers(required=True))
    args = parser.parse_args(["keys", *words])
    return args.run(args)


def records(file: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(file.read_bytes())["keys"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


def made(file: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert keys("new", "--file", str(file), "--tenant", "acme", *words) == 0
    return capsys.readouterr().out.strip()


def test_new_prints_the_key_once_and_keeps_a_digest(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = made(file, capsys, "--models", "smollm2,minilm", "--budget", "small", "--note", "for CI")
    [record] = records(file)
    secret = key.split("_")[2]
    assert file.stat().st_mode & 0o777 == 0o600
    assert secret not in file.read_text()
    assert record["hash"] == digest(key)
    assert record["models"] == ["smollm2", "minilm"]
    assert datetime.fromisoformat(record["expires"]) - datetime.now(UTC) > timedelta(days=89)
    tenant = FileKeys(KeysSettings(file=file)).authenticate(f"Bearer {key}")
    assert (tenant.name, tenant.budget, tenant.key) == ("acme", "small", record["id"])


def test_list_shows_everything_but_hash_and_secret(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = made(file, capsys)
    made(file, capsys, "--expires", "never")
    assert keys("list", "--file", str(file)) == 0
    text = capsys.readouterr().out
    assert keys("list", "--file", str(file), "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["state"] for each in listed] == ["live", "live"]
    assert "never" in text
    for shown in (text, json.dumps(listed)):
        assert key.split("_")[1] in shown
        assert key.split("_")[2] not in shown
        assert "sha256" not in shown


def test_rotate_leaves_both_alive_and_counts_them_together(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made(file, capsys, "--budget", "small", "--guards", "strict", "--models", "smollm2")
    arguments = ("--file", str(file), "--overlap", "2h")
    assert keys("rotate", *arguments, "--tenant", "acme") == 0
    new = capsys.readouterr().out.strip()
    found = FileKeys(KeysSettings(file=file))
    before, after = (found.authenticate(f"Bearer {key}") for key in (old, new))
    assert after.account == before.key
    assert (after.budget, after.guards, after.models) == ("small", "strict", {"smollm2"})
    ends = datetime.fromisoformat(records(file)[0]["expires"]) - datetime.now(UTC)
    assert timedelta(hours=1) < ends <= timedelta(hours=2)
    assert keys("rotate", *arguments, after.key) == 0
    third = capsys.readouterr().out.strip()
    again = FileKeys(KeysSettings(file=file)).authenticate(f"Bearer {third}")
    assert again.account == before.key


def test_revoke_ends_a_key_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = made(file, capsys)
    public = key.split("_")[1]
    assert keys("revoke", "--file", str(file), public) == 0
    first = records(file)[0]["revoked"]
    assert keys("revoke", "--file", str(file), public) == 0
    assert records(file)[0]["revoked"] == first
    assert keys("rotate", "--file", str(file), public) == 1
    assert "is revoked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("list",), "No such file or directory"),
        (("revoke", "nosuchkey"), "keys new makes it"),
        (("new", "--tenant", "No Good"), "--tenant: String should match pattern"),
        (("new", "--tenant", "acme", "--budget", "a b"), "--budget: String should match pattern"),
    ],
)
def test_a_mistake_is_one_clear_line(
    file: Path, words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys(words[0], "--file", str(file), *words[1:]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert complaint in told.err
    assert not file.exists()


@pytest.mark.parametrize("content", ["", "keys: [", "version: 2\nkeys: []\n", "[]"])
def test_a_broken_file_is_never_overwritten(
    file: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(content or " ")
    assert keys("new", "--file", str(file), "--tenant", "acme") == 1
    assert file.read_text() == content or " "
    assert str(file) in capsys.readouterr().err
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_ambiguous_tenants_and_unknown_keys(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(file, capsys)
    made(file, capsys)
    assert keys("rotate", "--file", str(file), "--tenant", "acme") == 1
    assert "has 2 live keys" in capsys.readouterr().err
    assert keys("rotate", "--file", str(file)) == 1
    assert keys("revoke", "--file", str(file), "abcdefgh") == 1
    assert "there is no key 'abcdefgh'" in capsys.readouterr().err


def test_commands_at_the_same_time_lose_nothing(file: Path) -> None:
    tenants = [f"tenant-{number}" for number in range(24)]

    def new(tenant: str) -> int:
        return keys("new", "--file", str(file), "--tenant", tenant)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(new, tenants)) == [0] * 24
    assert sorted(record["tenant"] for record in records(file)) == sorted(tenants)
    assert len({record["id"] for record in records(file)}) == 24
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_stays_a_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, link = tmp_path / "real.json", tmp_path / "keys.json"
    link.symlink_to(real)
    key = made(link, capsys)
    assert link.is_symlink()
    assert json.loads(real.read_text())["keys"][0]["id"] == key.split("_")[1]


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("12h", 43_200), ("30d", 2_592_000), ("4w", 2_419_200)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1.5d", "30D", "999999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        duration(text)
