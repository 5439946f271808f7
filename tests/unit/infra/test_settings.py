"""The tracked stack files, and the two ways in which settings arrive."""

import json
from pathlib import Path

import pytest

from infra.settings import Cloud
from infra.settings_source import read_stack_file, settings_from
from local.paths import REPOSITORY

STACKS = sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_tracked_stack_files_are_right(path: Path) -> None:
    settings = settings_from(read_stack_file(path, path.name), path.name)

    assert path.name == f"Pulumi.{settings.environment.name}.yaml"
    here = {"Pulumi.local.yaml": Cloud.EMULATED, "Pulumi.live.yaml": Cloud.LIVE}
    assert settings.environment.cloud is here.get(path.name, Cloud.AWS)


def test_settings_from_the_engine_equal_those_from_the_file() -> None:
    values = read_stack_file(REPOSITORY / "stacks" / "Pulumi.prod.yaml", "prod")
    # the engine hands every object over as JSON text
    engine = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}

    assert settings_from(engine, "prod") == settings_from(values, "prod")


def test_keys_of_providers_are_left_to_them() -> None:
    values = read_stack_file(REPOSITORY / "stacks" / "Pulumi.dev.yaml", "dev")

    settings = settings_from({**values, "aws:profile": "me", "pulumi:tags": "{}"}, "dev")

    assert settings.region == "eu-central-1"
