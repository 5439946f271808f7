"""Where stack files are looked for, and what of an earlier run stays in the copy."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from infra.cli import workspace
from infra.cli.main import main
from infra.cli.workspace import lay_out, load_settings, passphrase_file, stack_file
from llm_platform.problems import InvalidInputsError
from local.paths import REPOSITORY

LOCAL = REPOSITORY / "stacks" / "Pulumi.local.yaml"


def test_own_stack_files_come_before_those_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMP_STACKS", raising=False)
    assert stack_file("local") == LOCAL
    monkeypatch.setenv("LLMP_STACKS", str(tmp_path))
    assert stack_file("local") == LOCAL

    own = tmp_path / "Pulumi.mine.yaml"
    own.write_text(LOCAL.read_text())

    assert stack_file("mine") == own
    assert load_settings("mine").environment.name == "local"
    own.write_text("config: {}\n")
    with pytest.raises(InvalidInputsError, match=str(own)):
        load_settings("mine")


@pytest.mark.parametrize("command", [["stop"], ["state", "list"]])
def test_what_reads_no_stack_file_takes_no_path_either(command: list[str]) -> None:
    result = CliRunner().invoke(main, [*command, "../other"])

    assert result.exit_code == 2
    assert "'../other' is no name of a stack" in result.output


def test_how_secrets_are_encrypted_stays_and_all_else_is_the_tracked_files(tmp_path: Path) -> None:
    made = lay_out(tmp_path, "local") / "Pulumi.local.yaml"
    first = yaml.safe_load(made.read_text())
    assert first == yaml.safe_load(LOCAL.read_text())
    keys = {"encryptionsalt": "v1:s", "secretsprovider": "awskms://k", "encryptedkey": "abc"}
    made.write_text(yaml.safe_dump({**first, **keys, "config": {"old": 1}}))

    lay_out(tmp_path, "local")

    assert yaml.safe_load(made.read_text()) == {**first, **keys}
    assert set(workspace.SECRETS_KEYS) == set(keys)
    assert made.stat().st_mode & 0o777 == 0o600


def test_a_passphrase_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = passphrase_file(tmp_path)
    made = path.read_text()

    assert passphrase_file(tmp_path).read_text() == made
    assert len(made) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
