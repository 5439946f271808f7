"""`llmp faults`: a plan is laid, shown and taken away."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from infra.cli.main import main
from local import cloud
from local.faults.decisions import Faults
from local.faults.plan import PLAN_FILE, Side, parse
from local.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")


def llmp(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["faults", "local", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cloud, "find", lambda stack: SimpleNamespace(folder=tmp_path))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    return tmp_path


def test_the_plan_of_the_page_is_laid_and_taken_away(folder: Path) -> None:
    block = re.search(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    plan = folder / "mine.json"
    plan.write_text(block[1])

    assert "3 rules count from the next call on" in llmp("--plan", str(plan)).output
    assert parse((folder / PLAN_FILE).read_text()) == parse(block[1])
    faults = Faults(folder, Side.AWS)
    struck = sum(faults.due("iam:GetRole") is not None for _ in range(200))
    shown = llmp().output
    assert "A fault plan is on" in shown
    assert re.search(rf"aws +throttle +{struck}\b", shown)
    assert "Nothing goes wrong any more" in llmp("--off").output
    assert "There was no fault plan" in llmp("--off").output
    assert "A fault plan is off" in llmp().output


def test_a_wrong_plan_changes_nothing_and_is_one_error(folder: Path) -> None:
    plan = folder / "mine.json"
    plan.write_text(json.dumps({"rules": [{"side": "aws", "call": "*", "kind": "slwo"}]}))
    result = llmp("--plan", str(plan))
    assert result.exit_code == 2
    assert "rules[0].kind" in result.output
    assert "rules[0].ratio" in result.output
    assert not (folder / PLAN_FILE).exists()


def test_without_a_cloud_it_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "find", lambda stack: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    result = llmp()
    assert result.exit_code == 1
    assert "llmp up local" in result.output
