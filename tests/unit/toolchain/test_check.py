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
    assert {"lint", "format", "syntax of .ci/run"} <= set(titles)
