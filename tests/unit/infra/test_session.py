"""One run of a stack at a time."""

from pathlib import Path

import pytest

from infra.cli import session
from infra.cli.workspace import load_settings
from local import locks
from local.errors import LocalCloudError
from local.reporter import QuietReporter


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_second_run_of_a_stack_is_told_who_is_first(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["llmp", "up", "local"])
    with (
        session.only_run("local"),
        pytest.raises(LocalCloudError, match=r"^Stack local is in use by process \d+ \(up local\)"),
        session.only_run("local"),
    ):
        pytest.fail("two runs at once")
    assert not locks.is_held(state / "local" / "run.lock")


def test_runs_of_two_stacks_do_not_disturb_each_other(state: Path) -> None:
    with (
        session.only_run("local"),
        session.only_run("dev"),
    ):
        assert all(locks.is_held(state / each / "run.lock") for each in ("local", "dev"))


def test_a_state_folder_that_cannot_be_made_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))

    def full(_path: Path, **_mode: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with (
        pytest.raises(LocalCloudError, match="no space left"),
        session.only_run("local"),
    ):
        pytest.fail("no lock without a folder")


@pytest.mark.parametrize("stands", [True, False])
def test_a_node_that_stands_is_not_asked_for_room_again(
    monkeypatch: pytest.MonkeyPatch, *, stands: bool
) -> None:
    """With less than 15 GiB left it could not even be destroyed."""

    def full() -> None:
        raise LocalCloudError("space: 14 GiB, wanted: 15 GiB", "")

    def ensure(*_: object) -> None:
        raise LocalCloudError("the run goes on", "")

    def found(_stack: str) -> object:
        return object() if stands else None

    monkeypatch.setattr(session.requirements, "require", full)
    monkeypatch.setattr(session.toolchain, "ensure", ensure)
    monkeypatch.setattr(session.cloud, "find", found)
    settings = load_settings("live")
    with (
        pytest.raises(LocalCloudError, match="goes on" if stands else "space"),
        session.engine_session("live", settings, lambda: None, QuietReporter(), print),
    ):
        pytest.fail("it has gone on")
