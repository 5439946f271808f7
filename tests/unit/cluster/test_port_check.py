"""A port is somebody else's only when the keeper has had time to say that it is ours."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import keeping
from local.cluster.port_check import check_ports
from local.cluster.processes import (
    Health,
    KeeperStatus,
    ProcessSpec,
    ProcessStatus,
    Restart,
    State,
)
from local.errors import LocalCloudError


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        yield int(ours.getsockname()[1])


def spec(port: int) -> ProcessSpec:
    health = Health(f"http://127.0.0.1:{port}")
    return ProcessSpec("api", "api", ("api",), {}, Restart.ALWAYS, health, 1, (port,))


def status(pid: int, state: State = State.RUNNING) -> KeeperStatus:
    return KeeperStatus(1, {"api": ProcessStatus(pid, state)})


def test_a_process_that_was_just_started_again_is_ours(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [status(0, State.WAITING), status(1), status(os.getpid())]

    def told(_: Path) -> KeeperStatus:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(keeping, "status", told)

    check_ports(tmp_path, [spec(port)])

    assert len(answers) == 1


def test_a_stranger_is_named(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(_: Path) -> KeeperStatus:
        return status(1)

    monkeypatch.setattr(keeping, "status", told)

    with pytest.raises(LocalCloudError, match=f"process {os.getpid()} "):
        check_ports(tmp_path, [spec(port)])
