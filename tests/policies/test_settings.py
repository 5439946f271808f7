"""Settings of the pack: strict, all problems at once, and the same in every stack file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import CONFIG

from llm_platform.problems import InvalidInputsError
from llm_platform_policies.settings import ALLOWED, EnvironmentName, settings_from

COST_KEYS = (
    "monthlyBudgetUsd", "allowedInstanceFamilies", "maxGpus", "alertEmail",
)  # fmt: skip
FAMILIES = "cost.allowedInstanceFamilies"
STACKS = sorted((Path(__file__).resolve().parents[2] / "stacks").glob("Pulumi.*.yaml"))
"""Those of the project, and those that somebody has made beside them."""


def test_they_are_read_from_the_stack() -> None:
    settings = settings_from(CONFIG, "test")

    assert settings.region == "us-east-1"
    assert settings.environment.name is EnvironmentName.PROD
    assert settings.cost.monthly_budget_usd == 20000
    assert settings.cost.max_gpus == 8


def test_without_any_the_pack_guards_nothing_and_says_so() -> None:
    with pytest.raises(InvalidInputsError) as raised:
        settings_from({}, "configuration of stack dev")

    assert str(raised.value).splitlines() == [
        "configuration of stack dev: 3 problems",
        "  aws:region: is not set; allowed: an AWS region, e.g. eu-central-1",
        "  cost: is not set; allowed: an object with monthlyBudgetUsd and allowedInstanceFamilies",
        "  environment: is not set; allowed: an object with the key name",
    ]


def test_all_problems_are_told_at_once() -> None:
    config = {
        "aws:region": "europe",
        "llm-platform:environment": json.dumps({"name": "production"}),
        "llm-platform:cost": json.dumps(
            {"monthlyBudgetUsd": 0, "allowedInstanceFamilies": [], "maxGPUs": 3}
        ),
    }

    with pytest.raises(InvalidInputsError) as raised:
        settings_from(config, "stack")

    assert str(raised.value).splitlines() == [
        "stack: 5 problems",
        "  aws:region: is 'europe'; allowed: an AWS region, e.g. eu-central-1",
        f"  {FAMILIES}: is []; allowed: {ALLOWED[FAMILIES]}",
        f"  cost.maxGPUs: is no known key; allowed: {' | '.join(COST_KEYS)}",
        "  cost.monthlyBudgetUsd: is 0; allowed: US dollars a month, above 0",
        "  environment.name: is 'production'; allowed: local | live | dev | staging | prod",
    ]


@pytest.mark.parametrize("text", ["{", "prod", "[1]"])
def test_a_room_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputsError, match="environment: is"):
        settings_from(CONFIG | {"llm-platform:environment": text}, "stack")


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_every_stack_file_of_the_project_suits(path: Path) -> None:
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    flat = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }

    settings = settings_from(flat, path.name)

    second = settings.environment.name is EnvironmentName.LOCAL
    assert second or path.name == f"Pulumi.{settings.environment.name}.yaml"


def test_there_are_stack_files_to_check() -> None:
    assert len(STACKS) >= 4
