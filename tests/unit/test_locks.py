"""Locks between real processes: who holds one, and what the second one is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import locks
from local.errors import LocalCloudError
from local.paths import REPOSITORY
from local.reporter import QuietReporter

HOLDER = """\
import sys
from pathlib import Path
from local import locks
with locks.at_once(Path(sys.argv[1]), "it", sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""

Hold = Callable[[Path, str], subprocess.Popen[str]]


class Notes(QuietReporter):
    def __init__(self, told: Callable[[], None] = lambda: None) -> None:
        self.lines: list[str] = []
        self._told = told

    def note(self, step: str, text: str) -> None:
        self.lines.append(f"{step}: {text}")
        self._told()


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Start a process that holds a lock until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, doing: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path), doing],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("end\n")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_refused_at_once_with_the_holders_name(lock: Path, hold: Hold) -> None:
    other = hold(lock, "up local")
    with (
        pytest.raises(LocalCloudError) as caught,
        locks.at_once(lock, "Stack local"),
    ):
        pytest.fail("two hold one lock")
    assert caught.value.what == f"Stack local is in use by process {other.pid} (up local)."


def test_the_second_waits_for_the_first_and_says_for_whom(lock: Path, hold: Hold) -> None:
    other = hold(lock, "")
    notes = Notes(told=lambda: end(other))
    with locks.waiting(lock, notes, "pulumi", "is making it"):
        assert other.returncode == 0
        assert lock.read_text() == str(os.getpid())
    assert notes.lines == [f"pulumi: process {other.pid} is making it, waiting (0 s)"]


def test_told_again_while_it_takes_long(
    lock: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(lock, "")
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(locks, "TELL_SECONDS", 0.1)
    notes = Notes()
    with pytest.raises(LocalCloudError), locks.waiting(lock, notes, "s", "works", 0.35):
        pytest.fail("two hold one lock")
    assert len(notes.lines) >= 2


def test_patience_ends(lock: Path, hold: Hold) -> None:
    other = hold(lock, "up")
    with (
        pytest.raises(LocalCloudError) as caught,
        locks.waiting(lock, QuietReporter(), "cloud", "works on it", 0.0),
    ):
        pytest.fail("two hold one lock")
    assert (
        caught.value.what == f"process {other.pid} (up) works on it, and has not ended within 0 s"
    )


def test_the_kernel_gives_back_what_a_killed_holder_held(lock: Path, hold: Hold) -> None:
    other = hold(lock, "up")
    assert locks.is_held(lock)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert lock.read_text() == f"{other.pid} (up)"
    assert not locks.is_held(lock)
    with locks.at_once(lock, "it"):
        assert lock.read_text() == str(os.getpid())


def test_free_again_after_an_error_too(lock: Path) -> None:
    def fail_inside() -> None:
        with locks.at_once(lock, "it"):
            assert locks.is_held(lock)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail_inside()
    assert not locks.is_held(lock)
    assert lock.read_text() == ""


def test_no_file_no_holder_and_asking_makes_none(lock: Path) -> None:
    assert not locks.is_held(lock)
    assert not lock.exists()


def test_only_the_owner_can_read_the_file(lock: Path) -> None:
    with locks.at_once(lock, "it"):
        assert lock.stat().st_mode & 0o777 == 0o600
