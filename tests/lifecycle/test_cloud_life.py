"""Life and death of a cloud, with small servers instead of the real ones."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import cloud, locks
from local.cluster import building, health, keeping
from local.cluster.crds import QuietReporter
from local.errors import LocalCloudError

FAKE = Path(__file__).with_name("fake_process.py")
NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")


class Notes(QuietReporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, step: str, text: str) -> None:
        self.lines.append(text)


class Lab:
    """A state folder of its own with fake tools."""

    def __init__(self, folder: Path) -> None:
        self.room = folder / "state" / "local"
        self.folder = self.room / "cloud"
        self.reporter = Notes()
        self.tools: dict[str, Path] = {}
        for name in NAMES:
            tool = folder / name
            tool.write_text(f'#!/bin/sh\nexec {sys.executable} -S {FAKE} {name} "$@"\n')
            tool.chmod(0o755)
            self.tools[name] = tool

    def ensure(self, providers: str = "stand-in") -> tuple[cloud.LocalCloud, list[str]]:
        return cloud.ensure(
            "local",
            providers,
            self.tools,
            self.reporter,
            aws_program=(sys.executable, "-S", str(FAKE), "aws"),
        )

    def pid(self, name: str) -> int:
        known = keeping.status(self.folder)
        assert known
        return known.pid if name == "keeper" else known.processes[name].pid

    def make_fail(self, name: str, text: str) -> None:
        self.room.mkdir(parents=True)
        (self.room / f"{name}.fail").write_text(text)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("LLMP_API_PORT", raising=False)
    made = Lab(tmp_path)
    yield made
    cloud.stop("local", QuietReporter())


def test_made_resumed_found_and_stopped(lab: Lab) -> None:
    first, lost = lab.ensure()
    assert lost == []
    assert cloud.find("local") == first
    again, lost = lab.ensure()
    assert (again, lost) == (first, [])
    for path in (lab.folder, first.engine_folder, lab.folder / "pki", lab.folder / "logs"):
        assert path.stat().st_mode & 0o777 == 0o700, path
    for path in (first.kubeconfig, lab.folder / "cloud.json", lab.folder / "logs" / "keeper.log"):
        assert path.stat().st_mode & 0o777 == 0o600, path
    record = json.loads((lab.folder / "cloud.json").read_text())
    assert record["id"] == first.id
    assert record["aws"]["endpoint"] == first.aws_endpoint
    assert record["cluster"]["kubeconfig"] == str(first.kubeconfig)
    assert cloud.stop("local", lab.reporter)
    assert cloud.find("local") is None
    assert not cloud.stop("local", lab.reporter)


def test_a_dead_kubernetes_comes_back_and_nothing_is_lost(lab: Lab) -> None:
    first, _ = lab.ensure()
    for name in NAMES:
        os.kill(lab.pid(name), signal.SIGKILL)
    again, lost = lab.ensure()
    assert (again, lost) == (first, [])
    assert cloud.find("local") == first


@pytest.mark.parametrize("victim", ["aws", "keeper"])
def test_a_cloud_whose_memory_is_gone_is_a_new_one(lab: Lab, victim: str) -> None:
    first, _ = lab.ensure()
    (first.engine_folder / "state.json").write_text("{}")
    os.kill(lab.pid(victim), signal.SIGKILL)
    second, lost = lab.ensure()
    assert second.id != first.id
    assert not (second.engine_folder / "state.json").exists()
    assert "everything in it is gone" in lost[0]
    assert "AWS (moto)" in lost[0] if victim == "aws" else "keeper was killed" in lost[0]
    [kept] = lab.room.glob("lost-*")
    assert str(kept) in lost[1]
    assert (kept / "engine" / "state.json").exists()
    assert not (kept / "pki").exists()


def test_another_process_at_the_address_of_aws_is_not_taken_for_it(lab: Lab) -> None:
    first, _ = lab.ensure()
    record = lab.folder / "processes.json"
    # As if another cloud answered there: the identity asked for is not the one that answers.
    record.write_text(record.read_text().replace(f'"cloud_id": "{first.id}"', '"cloud_id": "x"'))
    assert cloud.find("local") is None


def test_a_restarted_machine_has_lost_the_cloud(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = lab.ensure()
    monkeypatch.setattr(cloud, "boot_id", lambda: "another")
    monkeypatch.setattr(building, "boot_id", lambda: "another")
    assert cloud.find("local") is None
    second, lost = lab.ensure()
    assert second.id != first.id
    assert "restarted" in lost[0]
    assert cloud.find("local") == second


def test_removed_data_of_kubernetes_is_a_loss(lab: Lab) -> None:
    first, _ = lab.ensure()
    (lab.folder / "etcd" / "member").rmdir()
    second, lost = lab.ensure()
    assert second.id != first.id
    assert "etcd" in lost[0]


def test_a_half_made_cloud_is_cleared_without_a_word(lab: Lab) -> None:
    lab.ensure()
    pid = lab.pid("keeper")
    (lab.folder / "cloud.json").unlink()  # it is written last
    _, lost = lab.ensure()
    assert lost == []
    assert lab.pid("keeper") != pid
    assert list(lab.room.glob("lost-*")) == []


def test_a_failing_start_shows_whose_log_and_leaves_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "START_SECONDS", 1.5)
    lab.make_fail("kube-apiserver", "\n".join(f"line {n}" for n in range(30)) + "\nno such flag")
    with pytest.raises(LocalCloudError) as caught:
        lab.ensure()
    assert "kube-apiserver" in caught.value.what
    assert caught.value.detail.endswith("no such flag")
    assert len(caught.value.detail.splitlines()) == health.TAIL_LINES
    assert not lab.folder.exists()
    assert (lab.room / "failed-start" / "kube-apiserver.log").exists()
    assert "failed-start" in caught.value.hint


def test_an_aws_process_that_cannot_start_is_named_at_once(lab: Lab) -> None:
    lab.make_fail("aws", "no module named moto")
    began = time.monotonic()
    with pytest.raises(LocalCloudError, match="AWS") as caught:
        lab.ensure()
    assert time.monotonic() - began < 10
    assert "no module named moto" in caught.value.detail


def test_ctrl_c_takes_a_half_made_cloud_down(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(health, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lab.ensure()
    assert not lab.folder.exists()


def test_one_state_never_mixes_providers(lab: Lab) -> None:
    first, _ = lab.ensure("stand-in")
    stacks = first.engine_folder / "backend" / ".pulumi" / "stacks" / "llm-platform"
    stacks.mkdir(parents=True)
    checkpoint = stacks / "local.json"
    content = {"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "u"}]}}}
    checkpoint.write_text(json.dumps(content))
    with pytest.raises(LocalCloudError, match="one state never mixes both") as caught:
        lab.ensure("official")
    assert "llmp destroy local" in caught.value.hint
    assert cloud.find("local") == first
    content["checkpoint"] = {"latest": {"resources": []}}
    checkpoint.write_text(json.dumps(content))
    second, lost = lab.ensure("official")
    assert (second.providers, lost) == ("official", [])
    assert second.id != first.id


def test_providers_must_be_known(lab: Lab) -> None:
    with pytest.raises(ValueError, match="stand-in, official"):
        lab.ensure("both")


def test_a_fixed_port_that_is_busy_names_its_holder(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("LLMP_API_PORT", str(port))
        with pytest.raises(LocalCloudError) as caught:
            lab.ensure()
    assert f"port {port}" in caught.value.what
    assert f"process {os.getpid()} " in caught.value.what
    assert not lab.folder.exists()
    made, _ = lab.ensure()
    assert made.cluster_endpoint == f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
def test_a_fixed_port_must_be_one(lab: Lab, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LLMP_API_PORT", text)
    with pytest.raises(LocalCloudError, match="not a port"):
        lab.ensure()


def test_a_kept_port_taken_meanwhile_names_its_holder(lab: Lab) -> None:
    first, _ = lab.ensure()
    port = int(first.cluster_endpoint.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(lab.pid("kube-apiserver"), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:  # before it is back
            with contextlib.suppress(OSError):
                other.bind(("127.0.0.1", port))
                break
        other.listen()
        with pytest.raises(LocalCloudError) as caught:
            lab.ensure()
        assert f"port {port}, which kube-apiserver" in caught.value.what
        assert f"process {os.getpid()} " in caught.value.what
    assert lab.ensure() == (first, [])


def test_the_second_waits_for_the_first(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.room.mkdir(parents=True)
    lock = lab.room / "ensure.lock"
    lock.write_text("4711")
    monkeypatch.setattr(cloud, "OTHER_COMMAND_SECONDS", 0.3)
    with lock.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(LocalCloudError, match="process 4711"):
            lab.ensure()
    assert [line for line in lab.reporter.lines if "4711" in line] == lab.reporter.lines
    assert len(lab.reporter.lines) == 1
    assert not locks.is_held(lock)
