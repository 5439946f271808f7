"""Wrong stack files: everything that is wrong with each, in one error, before anything starts.

The files stand in tests/fixtures/stacks with a comment on what is wrong; `problems.yaml` beside
them says the whole set of (path, problem, allowed) of each.
"""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from click.testing import CliRunner

from infra import settings_source
from infra.cli import workspace
from infra.cli.main import main
from infra.settings_capacity import POOL_RULES, SERVICE_RULES, TENANT_RULES
from infra.settings_money import MONEY_RULES
from infra.settings_problems import parse
from infra.settings_rules import RULES, judged, known, version_is_supported
from infra.settings_source import read_stack_file, settings_from
from llm_platform.problems import InvalidInputsError, Problem
from local.paths import REPOSITORY

FOLDER = REPOSITORY / "tests" / "fixtures" / "stacks"
EXPECTED: dict[str, list[dict[str, str]]] = yaml.safe_load((FOLDER / "problems.yaml").read_text())
TODAY = date(2026, 11, 24)
ANOTHER_DAY = {"version-ended": date(2027, 4, 1)}

COMMANDS = ("up", "preview")
BY_COMMAND = ("everything", "duplicates", "bracket", "empty", "money", "vpc-room")


def file_of(case: str) -> Path:
    return FOLDER / f"Pulumi.{case}.yaml"


def problems_of(case: str) -> set[Problem]:
    today = ANOTHER_DAY.get(case, TODAY)
    with pytest.raises(InvalidInputsError) as raised:
        settings_from(read_stack_file(file_of(case), case), case, today=today)
    found = raised.value.problems
    assert len(found) == len(set(found)), "nothing is told twice"
    return set(found)


@pytest.mark.parametrize("case", EXPECTED)
def test_everything_that_is_wrong_is_told_at_once(case: str) -> None:
    assert problems_of(case) == {Problem(**each) for each in EXPECTED[case]}


def test_there_is_one_expectation_for_every_file() -> None:
    files = {path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in FOLDER.glob("P*")}

    assert files == set(EXPECTED)
    assert len(files) >= 25
    assert sum(len(problems) >= 3 for problems in EXPECTED.values()) >= 8
    assert all(file_of(case).read_text().startswith("# Wrong: ") for case in files)


def broken_rules(case: str) -> set[str]:
    """Names of the rules that find something in a file."""
    try:
        settings, _ = parse(read_stack_file(file_of(case), case))
    except InvalidInputsError:
        return set()
    today = ANOTHER_DAY.get(case, TODAY)
    found: list[tuple[Any, Iterable[Problem]]] = [
        *((rule, rule(settings)) for rule in (*RULES, *MONEY_RULES)),
        (version_is_supported, version_is_supported(settings, today)),
    ]
    of_items: tuple[tuple[Any, Any], ...] = (
        (cast("Any", POOL_RULES), known(lambda: settings.gpu_pools)),
        (cast("Any", TENANT_RULES), known(lambda: settings.tenants)),
        (cast("Any", SERVICE_RULES), known(lambda: settings.services)),
    )
    found += [
        (rule, rule(settings, "item", item))
        for rules, items in of_items
        for rule in rules
        for item in items
    ]
    return {rule.__name__ for rule, problems in found if judged(problems)}


def test_every_rule_is_broken_by_some_file() -> None:
    rules: tuple[Any, ...] = (
        *RULES, *POOL_RULES, *TENANT_RULES, *SERVICE_RULES, *MONEY_RULES, version_is_supported
    )  # fmt: skip

    broken = {name for case in EXPECTED for name in broken_rules(case)}

    assert broken == {rule.__name__ for rule in rules}


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workspace, "STACKS", tmp_path)
    monkeypatch.setattr(settings_source, "present_day", lambda: TODAY)
    monkeypatch.delenv("LLMP_STACKS", raising=False)
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", BY_COMMAND)
def test_commands_tell_it_and_start_nothing(case: str, command: str, stacks: Path) -> None:
    shutil.copy(file_of(case), stacks)

    result = CliRunner().invoke(main, [command, case])

    expected = sorted(Problem(**each) for each in EXPECTED[case])
    noun = "problem" if len(expected) == 1 else "problems"
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"stacks/Pulumi.{case}.yaml: {len(expected)} {noun}",
        *(f"  {problem}" for problem in expected),
    ]
    assert not (stacks / "state").exists(), "nothing may be started before the input is right"


def test_what_time_makes_wrong_stops_changes_and_nothing_else() -> None:
    for case in ("version-ended", "money"):
        values = read_stack_file(file_of(case), case)
        assert problems_of(case)
        settings_from(values, case, for_change=False, today=ANOTHER_DAY.get(case, TODAY))


def test_a_stack_that_does_not_exist_names_the_nearest_that_does(stacks: Path) -> None:
    for name in ("dev", "prod"):
        (stacks / f"Pulumi.{name}.yaml").touch()

    result = CliRunner().invoke(main, ["up", "prodd"])

    assert result.exit_code == 2
    assert "there is no such stack file; did you mean prod?; allowed: dev | prod" in result.stderr


def test_a_person_s_own_stack_files_are_named_too(
    stacks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (stacks / "Pulumi.dev.yaml").touch()
    (own / "Pulumi.mine.yaml").touch()
    monkeypatch.setenv("LLMP_STACKS", str(own))

    result = CliRunner().invoke(main, ["up", "mien"])

    assert result.exit_code == 2
    assert "there is no such stack file; did you mean mine?; allowed: dev | mine" in result.stderr


@pytest.mark.parametrize("name", ["../dev", "a/b", "-x.", ".dev", ""])
def test_a_stack_s_name_is_no_path(name: str, stacks: Path) -> None:
    result = CliRunner().invoke(main, ["up", "--", name])

    assert result.exit_code == 2
    assert f"stack: '{name}' is no name of a stack" in result.stderr
    assert not (stacks / "state").exists()
