import ast
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.paths import REPOSITORY
from local.setup import entry, environments, machine, uv
from local.setup.environments import NoPythonError, Project, accepted_minors

READY = {"git": True, "make": True}
BOOTSTRAP = REPOSITORY / "local" / "bootstrap.py"


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    lacks = machine.missing(
        system="darwin",
        home="",
        programs={"git": False, "make": False},
        modules={"ensurepip": False, "venv": True},
    )
    assert list(lacks) == ["linux", "HOME", "git", "make", "venv"]
    assert "lacks ensurepip" in lacks["venv"]
    hint = machine.install_hint(lacks)
    assert "apt-get install -y git make python3-venv" in hint
    assert "dnf install -y git make" in hint
    nowhere = machine.missing(
        system="linux", home=str(tmp_path / "none"), programs=READY, modules={}
    )
    assert list(nowhere) == ["HOME"]
    assert "install" not in machine.install_hint(nowhere)
    assert not machine.missing(system="linux", home=str(tmp_path), programs=READY, modules={})


def test_bootstrap_can_be_read_by_an_old_python() -> None:
    tree = ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 5))
    new = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]
    assert not new


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 15, 0)])
def test_unsuitable_python_is_told_what_is_needed(version: tuple[int, ...], tmp_path: Path) -> None:
    code = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv = ['bootstrap.py', 'x']; "
        f"runpy.run_path({str(BOOTSTRAP)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert ".".join(map(str, version)) in done.stderr
    assert "Traceback" not in done.stderr


def test_accepted_versions_of_the_three_projects() -> None:
    assert accepted_minors('requires-python = ">=3.11,<3.13"\n') == (11, 13)
    for project in environments.PROJECTS.values():
        if project.exists():
            first, end = accepted_minors((project.folder / "pyproject.toml").read_text())
            assert first == 11
            assert end in {13, 14}


def test_environment_of_uv_is_private_and_trusts_the_system() -> None:
    given = {"VIRTUAL_ENV": "/x", "UV_PROJECT_ENVIRONMENT": "/x", "HOME": "/h"}
    env = uv.environment(given)
    assert "VIRTUAL_ENV" not in env
    assert "UV_PROJECT_ENVIRONMENT" not in env
    assert env["UV_PYTHON_DOWNLOADS"] == "never"
    if any(Path(file).exists() for file in uv.SYSTEM_CERTIFICATES):
        assert env["UV_SYSTEM_CERTS"] == "true"
    assert "UV_SYSTEM_CERTS" not in uv.environment({"SSL_CERT_FILE": "/own.pem"})


def test_old_uv_on_path_is_passed_over(first_on_path: Callable[[str, str], Path]) -> None:
    first_on_path("uv", "echo uv 0.4.30")
    assert uv.find() is None
    newer = first_on_path("uv", "echo uv 1.0.0")
    assert uv.find() == newer


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('requires-python = ">=3.11,<3.14"\n')
    (folder / "uv.lock").write_text("version = 1\n")
    return Project("root", folder)


@pytest.fixture
def syncs(first_on_path: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """A stand-in for uv that makes an environment slowly; returns the log of its runs."""
    log = tmp_path / "syncs.log"
    first_on_path(
        "uv",
        f'case "$1" in --version) echo uv {uv.VERSION}; exit;; esac\n'
        f'echo "$@" >> {log}\nsleep 0.3\nmkdir -p .venv/bin\n'
        f"ln -sf {sys.executable} .venv/bin/python",
    )
    return log


def test_environment_is_made_once_and_again_when_its_lock_changes(
    project: Project, syncs: Path
) -> None:
    environments.make(project)
    environments.make(project)
    (first,) = syncs.read_text().splitlines()
    assert "sync --frozen --all-groups" in first
    assert f"--python {sys.executable}" in first
    (project.folder / "uv.lock").write_text("version = 2\n")
    assert not project.is_in_step()
    environments.make(project)
    assert "--python" not in syncs.read_text().splitlines()[1]
    assert project.is_in_step()


def test_two_that_want_one_environment_make_it_once(project: Project, syncs: Path) -> None:
    both = [threading.Thread(target=environments.make, args=[project]) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(syncs.read_text().splitlines()) == 1


def test_failed_step_shows_the_end_of_its_output(
    project: Project, first_on_path: Callable[[str, str], Path]
) -> None:
    first_on_path(
        "uv",
        f'case "$1" in --version) echo uv {uv.VERSION}; exit;; esac\n'
        "echo error: No space left on device >&2; exit 2",
    )
    with pytest.raises(LocalCloudError) as error:
        environments.make(project)
    assert "No space left" in error.value.detail
    assert "UV_CACHE_DIR" in error.value.hint
    assert not project.is_in_step()


def test_project_without_a_python_for_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (project.folder / "pyproject.toml").write_text('requires-python = ">=3.7,<3.9"\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPythonError, match=r"needs Python 3\.7 to 3\.8"):
        environments.python_for(project)


@pytest.mark.parametrize(("ci", "left_out"), [("", True), ("true", False)])
def test_side_project_without_a_python_is_left_out_but_not_in_ci(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    first_on_path: Callable[[str, str], Path],
    ci: str,
    *,
    left_out: bool,
) -> None:
    first_on_path("uv", f"echo uv {uv.VERSION}")
    (project.folder / "pyproject.toml").write_text('requires-python = ">=3.7,<3.8"\n')
    monkeypatch.setenv("CI", ci)
    side = Project("services", project.folder)
    if left_out:
        assert entry.set_up([side]) == []
    else:
        with pytest.raises(NoPythonError):
            entry.set_up([side])


def test_full_disk_and_foreign_checkout_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, words in ((28, "LLMP_CACHE to a folder on another disk"), (13, "another user")):

        def fail(_: object, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(entry, "set_up", fail)
        assert entry.run(["pytest"]) == 1
        assert words in capsys.readouterr().err
