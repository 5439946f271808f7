"""Locks go when their owner is dead on this host; half-written files of a dead engine go too."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.recovery.files import mend
from infra.recovery.locks import dead_locks, drop_dead_locks, folder_of, is_alive
from local.errors import LocalCloudError

PROJECT, STACK = "llm-platform", "dev"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    made = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    made.mkdir(parents=True)
    return made


def lock(room: Path, pid: int, **more: Any) -> Path:
    path = room / f"{pid}.json"
    content = {
        "pid": pid,
        "username": "ann",
        "hostname": socket.gethostname(),
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}789Z",
    }
    path.write_text(json.dumps({**content, **more}))
    return path


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def drop(tmp_path: Path, said: list[str] | None = None) -> list[int]:
    hear = [] if said is None else said
    dropped = drop_dead_locks(tmp_path.as_uri(), PROJECT, STACK, hear.append, wait=0)
    return [each.pid for each in dropped]


def test_dead_owners_lock_goes(room: Path, tmp_path: Path) -> None:
    pid = dead_pid()
    path = lock(room, pid)

    assert [each.pid for each in dead_locks(tmp_path.as_uri(), PROJECT, STACK)] == [pid]
    assert path.exists()
    assert drop(tmp_path) == [pid]
    assert not path.exists()
    assert drop(tmp_path) == []


def test_living_owner_is_waited_for_then_named(room: Path, tmp_path: Path) -> None:
    path = lock(room, os.getpid())
    said: list[str] = []

    with pytest.raises(LocalCloudError) as refused:
        drop(tmp_path, said)

    assert f"process {os.getpid()} of ann on {socket.gethostname()}" in refused.value.what
    assert f"kill {os.getpid()}" in refused.value.hint
    assert "waiting for its end" in said[0]
    assert path.exists()
    assert dead_locks(tmp_path.as_uri(), PROJECT, STACK) == []


def test_owner_on_another_machine_is_named_and_nothing_goes(room: Path, tmp_path: Path) -> None:
    dead = lock(room, dead_pid())
    lock(room, 1, hostname="elsewhere")

    with pytest.raises(LocalCloudError) as refused:
        drop(tmp_path)

    assert "ann on elsewhere" in refused.value.what
    assert "pulumi cancel dev" in refused.value.hint
    assert dead.exists()


def test_a_process_that_began_after_the_lock_is_another_one() -> None:
    now = datetime.now(UTC)

    assert is_alive(os.getpid(), now)
    assert is_alive(os.getpid(), None)
    assert not is_alive(os.getpid(), now - timedelta(days=400))
    assert not is_alive(dead_pid(), now)


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert not is_alive(process.pid, datetime.now(UTC))
    finally:
        process.wait()


def test_a_lock_that_was_cut_off_is_nobodys(room: Path, tmp_path: Path) -> None:
    (room / "x.json").write_text("")

    assert drop(tmp_path) == [0]


def test_other_backends_are_left_alone() -> None:
    assert folder_of("https://api.example.com") is None
    assert folder_of("s3://bucket") is None
    assert folder_of("file:///a%20b") == Path("/a b")
    assert folder_of("file://~") == Path.home()
    assert drop_dead_locks("s3://bucket", PROJECT, STACK, print, wait=0) == []


def test_half_written_sidecars_go_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / PROJECT
    history = tmp_path / ".pulumi" / "history" / PROJECT / STACK
    for folder in (stacks, history):
        folder.mkdir(parents=True)
    kept = {
        stacks / "dev.json": "{}",
        stacks / "dev.json.bak.attrs": '{"md5": "x"}',
        stacks / "other.json.attrs": "",
    }
    waste = {
        stacks / "dev.json.attrs": "",
        stacks / "dev.json.18eb.tmp": "{}",
        history / "dev-1.checkpoint.json.attrs": '{"md',
    }
    for path, text in {**kept, **waste}.items():
        path.write_text(text)

    assert set(mend(tmp_path.as_uri(), PROJECT, STACK)) == set(waste)
    assert all(path.exists() for path in kept)
    assert mend("s3://bucket", PROJECT, STACK) == []
