"""A crash point fires once, in its own cloud, and never by accident."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.cluster.commands import CLOUD_FILE, Ports
from local.cluster.ports import LOOPBACK
from local.cluster.processes import write_private
from local.faults.crash import (
    FIRED,
    PLAN,
    Crash,
    CrashPoint,
    has_fired,
    lay,
    owner_of_connection,
)

CREATE = CrashPoint("create", "aws:ec2/*", "net-*", nth=2)
CLOUD = {
    "id": "cloud-1",
    "stack": "local",
    "boot_id": "b",
    "created": "2026-11-24T12:00:00Z",
    "providers": "stand-in",
    "ports": {"aws": 1, "api": 2, "etcd_client": 3, "etcd_peer": 4, "controllers": 5},
    "aws": {"endpoint": "http://127.0.0.1:1"},
    "cluster": {"endpoint": "https://127.0.0.1:2", "ca_file": "ca", "kubeconfig": "k"},
}


@pytest.fixture
def cloud(tmp_path: Path) -> Path:
    ports = dict.fromkeys(Ports.__dataclass_fields__, 1)
    (tmp_path / CLOUD_FILE).write_text(json.dumps({**CLOUD, "ports": ports}))
    return tmp_path


class Killer:
    def __init__(self) -> None:
        self.killed: list[tuple[int, int]] = []

    def __call__(self, pid: int, number: int) -> None:
        self.killed.append((pid, number))


def call(crash: Crash, name: str = "net-a", kind: str = "aws:ec2/vpc:Vpc") -> CrashPoint | None:
    return crash.due("create", kind, name)


def test_the_nth_call_that_matches_is_due(cloud: Path) -> None:
    crash = Crash(cloud)
    assert call(crash) is None
    lay(cloud, CREATE)

    assert call(crash) is None
    assert call(crash, "other") is None
    assert call(crash, kind="aws:eks/addon:Addon") is None
    assert crash.due("delete", "aws:ec2/vpc:Vpc", "net-a") is None
    assert call(crash) == CREATE
    assert call(crash) is None


def test_a_plan_works_once(cloud: Path) -> None:
    killer = Killer()
    crash = Crash(cloud, killer)
    point = CrashPoint("create", "*", victim="providers")
    lay(cloud, point)
    assert call(crash) == point
    assert not has_fired(cloud)

    crash.carry_out(point, "ipv4:127.0.0.1:1")

    assert killer.killed == [(os.getpid(), signal.SIGKILL)]
    assert has_fired(cloud)
    assert not (cloud / PLAN).exists()
    assert (cloud / FIRED).exists()
    assert call(crash) is None


CONNECTS = """
import socket, sys
own = socket.create_server(("127.0.0.1", 0))
server, port = (int(word) for word in sys.argv[1:])
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.0.0.1", port))
client.connect(("127.0.0.1", server or own.getsockname()[1]))
accepted = None if server else own.accept()
print(client.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def connected(server: int, port: int = 0) -> Generator[tuple[int, int]]:
    """A process with a connection to `server`, or to itself when 0: its number, and from where."""
    arguments = [sys.executable, "-c", CONNECTS, str(server), str(port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.communicate()


def test_the_engine_is_whoever_holds_the_other_end(cloud: Path) -> None:
    killer = Killer()
    lay(cloud, CREATE)
    with socket.create_server((LOOPBACK, 0)) as server:
        with connected(server.getsockname()[1]) as (engine, port), server.accept()[0]:
            Crash(cloud, killer).carry_out(CrashPoint("create", "*"), f"ipv4:{LOOPBACK}:{port}")
        assert killer.killed == [(engine, signal.SIGKILL)]
        with pytest.raises(LookupError):
            owner_of_connection(port)


def test_another_engine_with_the_same_port_at_another_server_is_spared() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        number = server.getsockname()[1]
        for ours_first in (True, False):
            with (
                connected(number if ours_first else 0) as (first, port),
                connected(0 if ours_first else number, port) as (second, same),
                server.accept()[0],
            ):
                assert same == port
                assert owner_of_connection(port) == (first if ours_first else second)


@pytest.mark.parametrize(
    ("part", "instead"),
    [("cloud-1", "cloud-2"), ("{", ""), ("after", "whenever"), ('"nth"', '"nothing"')],
    ids=["another cloud's", "no plan", "unknown word", "unknown key"],
)
def test_a_plan_that_is_not_meant_does_nothing(cloud: Path, part: str, instead: str) -> None:
    lay(cloud, CrashPoint("create", "*"))
    plan = cloud / PLAN
    write_private(plan, plan.read_text().replace(part, instead, 1))

    assert call(Crash(cloud)) is None


def test_a_plan_that_others_can_read_does_nothing(cloud: Path) -> None:
    lay(cloud, CrashPoint("create", "*"))
    (cloud / PLAN).chmod(0o644)

    assert call(Crash(cloud)) is None


def test_a_plan_needs_a_cloud(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no cloud"):
        lay(tmp_path, CREATE)


@pytest.mark.parametrize(
    "wrong", [{"call": "x"}, {"moment": "x"}, {"victim": "x"}, {"nth": 0}], ids=str
)
def test_a_point_that_could_never_be_reached_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"x|0"):
        replace(CrashPoint("create", "*"), **wrong)
