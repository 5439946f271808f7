import subprocess
import sys
from pathlib import Path

import pytest

from local import check
from local.check import Check
from local.setup.environments import PROJECTS


def python(title: str, code: str, folder: Path) -> Check:
    return Check(title, [sys.executable, "-c", code], folder)


def test_all_checks_run_and_the_output_of_failed_ones_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wanted = [
        python("first", "print('bad line 7'); raise SystemExit(3)", tmp_path),
        python("second", "print('unseen')", tmp_path),
    ]

    def given(*_: object) -> list[Check]:
        return wanted

    monkeypatch.setattr(check, "checks", given)
    monkeypatch.setattr(check.uv, "ensure", lambda: Path("uv"))
    assert check.main() == 1
    printed = capsys.readouterr().out
    assert "✗ first" in printed
    assert "✓ second" in printed
    assert "bad line 7" in printed
    assert "unseen" not in printed
    assert "1 of 2 checks passed" in printed


def test_every_project_has_its_types_and_its_lock_file_judged() -> None:
    titles = [each.title for each in check.checks(list(PROJECTS.values()), Path("uv"))]
    for name in PROJECTS:
        assert f"types of {name}" in titles
        assert f"lock file of {name}" in titles
    assert {"lint", "format", "syntax of .ci/run", "Dockerfiles"} <= set(titles)


def test_what_passed_is_not_judged_again_until_the_sources_change(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'a').write('x')"
    wanted = Check("types", [sys.executable, "-c", code], tmp_path, passed=tmp_path / "stamp")
    assert check.judge(wanted, "one").seconds is not None
    again = check.judge(wanted, "one")
    assert (again.passed, again.seconds) == (True, None)
    assert check.judge(wanted, "two").seconds is not None
    assert ran.read_text() == "xx"


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    wanted = Check("types", [sys.executable, "-c", "exit(1)"], tmp_path, passed=tmp_path / "stamp")
    assert not check.judge(wanted, "one").passed
    assert not check.judge(wanted, "one").passed
    assert not (tmp_path / "stamp").exists()


def test_sources_are_all_files_a_type_checker_reads(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    seen = [check.sources(tmp_path)]
    for name in ("a.py", "pyproject.toml", "uv.lock"):
        (tmp_path / name).write_text("x = 1\n")
        seen.append(check.sources(tmp_path))
    (tmp_path / "a.py").write_text("x = 2\n")
    seen.append(check.sources(tmp_path))
    assert len(set(seen)) == len(seen)
    (tmp_path / "notes.md").write_text("not read")
    assert check.sources(tmp_path) == seen[-1]
