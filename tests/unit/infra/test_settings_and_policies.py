"""Settings and the policy pack read the same keys of a stack file in the same way.

The pack lives in an environment of its own and cannot import `infra`; its model of the
configuration needs nothing but pydantic and the library, so it can be looked at from here.
"""

import importlib.util
from typing import Any

import pytest

from infra import arguments, settings, settings_base
from infra.settings_source import read_stack_file, settings_from
from llm_platform.tags import COST_TAGS
from local.paths import REPOSITORY

PACK = REPOSITORY / "policies" / "llm_platform_policies" / "settings.py"


@pytest.fixture(scope="module")
def pack() -> Any:
    spec = importlib.util.spec_from_file_location("pack_settings", PACK)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(model: Any, *names: str) -> dict[str, tuple[Any, ...]]:
    """Key, whether it must be there, default and lower bound of a model's fields."""
    return {
        field.alias: (
            field.is_required(),
            field.default,
            [bound for bound in field.metadata if type(bound).__name__ in {"Gt", "Ge", "MinLen"}],
        )
        for name, field in model.model_fields.items()
        if not names or name in names
    }


def test_cost_has_the_same_keys_and_bounds(pack: Any) -> None:
    assert described(pack.Cost) == described(settings.Cost)


def test_environment_has_the_same_names(pack: Any) -> None:
    ours = settings.Environment.model_fields["name"]

    assert described(pack.Environment, "name") == described(settings.Environment, "name")
    assert pack.Environment.model_fields["name"].annotation is ours.annotation


def test_region_has_the_same_form(pack: Any) -> None:
    def pattern(model: type[settings_base.Room]) -> list[str]:
        return [str(each.pattern) for each in model.model_fields["region"].metadata]

    assert pattern(pack.PackSettings) == pattern(settings.Settings)


def test_what_the_program_tags_is_what_the_pack_asks_for() -> None:
    path = REPOSITORY / "stacks" / "Pulumi.prod.yaml"

    tags = arguments.cost_tags(settings_from(read_stack_file(path, "prod"), "prod"))

    assert set(COST_TAGS) <= set(tags)
    assert all(tags.values())
