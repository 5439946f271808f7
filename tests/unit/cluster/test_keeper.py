"""The keeper, with shells instead of servers."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from local.cluster import keeping
from local.cluster.processes import (
    Health,
    KeeperStatus,
    Plan,
    ProcessSpec,
    Restart,
    State,
    log_file,
    restart_delay,
)
from local.paths import REPOSITORY

ENV = {"PATH": "/usr/bin:/bin"}
SLEEP = ("sleep", "1000")


def spec(
    name: str,
    argv: Sequence[str] = SLEEP,
    restart: Restart = Restart.ALWAYS,
    stop_seconds: float = 5,
) -> ProcessSpec:
    return ProcessSpec(
        name, name, argv, ENV, restart, Health("http://127.0.0.1:1/"), stop_seconds, ()
    )


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def status(folder: Path) -> KeeperStatus:
    known = keeping.status(folder)
    assert known is not None
    return known


def exists(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        # A zombie has ended, too: it only waits for whoever adopted it.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    def begin(*specs: ProcessSpec, confirm_file: str = "", confirm_seconds: float = 60) -> Path:
        Plan(specs, confirm_file, confirm_seconds).write(tmp_path)
        keeping.start(tmp_path)
        return tmp_path

    yield begin
    keeping.stop(tmp_path)


def test_stops_in_the_reverse_order_of_start(keep: Callable[..., Path]) -> None:
    def noisy(name: str) -> ProcessSpec:
        script = f"trap 'echo {name} >> order; exit 0' TERM; while :; do sleep 0.02; done"
        return spec(name, ("sh", "-c", script + f" # {name}"))

    folder = keep(noisy("one"), noisy("two"), noisy("three"))
    wait_until(lambda: all(p.state is State.RUNNING for p in status(folder).processes.values()))
    time.sleep(0.2)  # until the traps are set
    assert keeping.is_alive(folder)
    keeping.stop(folder)
    assert (folder / "order").read_text().split() == ["three", "two", "one"]
    assert not keeping.is_alive(folder)
    assert status(folder).ended == "stopped on request"


def test_a_process_that_is_killed_comes_back(keep: Callable[..., Path]) -> None:
    folder = keep(spec("etcd"), spec("other"))
    before = status(folder).processes
    os.kill(before["etcd"].pid, signal.SIGKILL)
    wait_until(lambda: status(folder).processes["etcd"].restarts == 1)
    wait_until(lambda: status(folder).processes["etcd"].state is State.RUNNING)
    after = status(folder).processes
    assert after["etcd"].pid != before["etcd"].pid
    assert after["etcd"].last_end == "ended with signal 9"
    assert after["other"] == before["other"]


def test_the_end_of_what_cannot_be_replaced_ends_everything(keep: Callable[..., Path]) -> None:
    folder = keep(spec("aws", restart=Restart.NEVER), spec("etcd"))
    processes = status(folder).processes
    os.kill(processes["aws"].pid, signal.SIGKILL)
    wait_until(lambda: not keeping.is_alive(folder))
    assert not exists(processes["etcd"].pid)
    assert status(folder).ended == "aws ended with signal 9"


def test_nothing_outlives_a_killed_keeper(keep: Callable[..., Path]) -> None:
    folder = keep(spec("aws", restart=Restart.NEVER), spec("etcd"))
    known = status(folder)
    os.kill(known.pid, signal.SIGKILL)
    wait_until(lambda: not keeping.is_alive(folder))
    assert not any(exists(process.pid) for process in known.processes.values())
    assert status(folder).ended == "the keeper was killed"


def test_a_process_that_ignores_sigterm_is_killed(keep: Callable[..., Path]) -> None:
    script = "trap '' TERM; echo ready > ready; while :; do sleep 0.02; done"
    folder = keep(spec("stubborn", ("sh", "-c", script), stop_seconds=0.3))
    wait_until((folder / "ready").exists)
    pid = status(folder).processes["stubborn"].pid
    began = time.monotonic()
    keeping.stop(folder)
    assert time.monotonic() - began < 3
    assert not exists(pid)


def test_ends_when_nobody_takes_the_processes_over(keep: Callable[..., Path]) -> None:
    folder = keep(spec("etcd"), confirm_file="cloud.json", confirm_seconds=0.3)
    wait_until(lambda: not keeping.is_alive(folder))
    assert status(folder).ended == "nobody took the new cloud over"


def test_stays_when_somebody_took_the_processes_over(keep: Callable[..., Path]) -> None:
    folder = keep(spec("etcd"), confirm_file="cloud.json", confirm_seconds=0.3)
    (folder / "cloud.json").write_text("{}")
    time.sleep(0.6)
    assert keeping.is_alive(folder)


def test_a_program_that_is_missing_is_told_and_tried_again(keep: Callable[..., Path]) -> None:
    folder = keep(spec("etcd", ("/nowhere/etcd",)))
    wait_until(lambda: "could not be started" in status(folder).processes["etcd"].last_end)
    Plan((spec("etcd"),)).write(folder)
    keeping.wake(folder)
    wait_until(lambda: status(folder).processes["etcd"].state is State.RUNNING)


def test_children_take_signals_and_see_only_their_own_environment(
    keep: Callable[..., Path],
) -> None:
    script = "grep SigBlk /proc/self/status; env; exec sleep 1000"
    folder = keep(spec("etcd", ("sh", "-c", script)))
    log = log_file(folder, "etcd")
    wait_until(lambda: "PATH=" in log.read_text())
    text = log.read_text()
    assert "SigBlk:\t0000000000000000" in text
    assert "PYTHONPATH" not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_files_get_the_rights_that_their_process_says(keep: Callable[..., Path]) -> None:
    touch = ("sh", "-c", "touch $0 && exec sleep 1000")
    private, open_one = spec("a", (*touch, "private")), spec("b", (*touch, "open"))
    folder = keep(private, replace(open_one, umask=0o022))
    wait_until(lambda: (folder / "private").exists() and (folder / "open").exists())
    assert (folder / "private").stat().st_mode & 0o777 == 0o600
    assert (folder / "open").stat().st_mode & 0o777 == 0o644


def test_a_keeper_is_known_outside_by_the_id_that_it_is_given(tmp_path: Path) -> None:
    Plan((spec("one"),)).write(tmp_path)
    keeper = subprocess.Popen(
        [sys.executable, "-P", "-m", "local.keeper", str(tmp_path), "4711"],
        env={"PYTHONPATH": str(REPOSITORY)},
    )
    try:
        wait_until(lambda: KeeperStatus.read(tmp_path) is not None)
        assert status(tmp_path).pid == 4711
    finally:
        keeper.terminate()
        assert keeper.wait() == 0


def test_a_second_keeper_of_the_same_folder_refuses(keep: Callable[..., Path]) -> None:
    folder = keep(spec("etcd"))
    pid = status(folder).pid
    second = subprocess.run(
        [sys.executable, "-m", "local.keeper", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert second.returncode == 3
    assert "another keeper holds" in second.stderr
    assert status(folder).pid == pid


def test_delays_grow_and_then_end() -> None:
    delays = [restart_delay([0.0] * count, 0.0) for count in range(1, 9)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, None, None]


def test_ends_long_ago_do_not_count() -> None:
    assert restart_delay([0.0] * 20 + [1000.0], 1000.0) == 0.2


def test_the_table_survives_writing_and_reading(tmp_path: Path) -> None:
    plan = Plan((spec("aws", restart=Restart.NEVER), spec("etcd")), "cloud.json", 3.0)
    plan.write(tmp_path)
    read = Plan.read(tmp_path)
    assert [each.name for each in read.processes] == ["aws", "etcd"]
    assert read.processes[0].restart is Restart.NEVER
    assert read.processes[1].health == plan.processes[1].health
    assert (read.confirm_file, read.confirm_seconds) == ("cloud.json", 3.0)
    assert (tmp_path / "processes.json").stat().st_mode & 0o777 == 0o600
