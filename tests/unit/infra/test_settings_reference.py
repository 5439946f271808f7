"""The reference and the schema are those of today's models, and say something of every key."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml

from infra import settings_reference
from infra.settings import Settings
from infra.settings_base import Room
from infra.settings_words import room_in
from local.paths import REPOSITORY

STACKS = REPOSITORY / "stacks"
FIXTURES = REPOSITORY / "tests" / "fixtures" / "stacks"
MODELINE = "# yaml-language-server: $schema=schema.json"
TRACKED = ("local", "dev", "staging", "prod")


def rooms(room: type[Room] = Settings) -> Iterator[type[Room]]:
    yield room
    for field in room.model_fields.values():
        inner = room_in(field.annotation)
        if inner is not None:
            yield from rooms(inner)


def test_the_page_is_of_today() -> None:
    assert settings_reference.PAGE.read_text(encoding="utf-8") == settings_reference.page()


def test_the_schema_is_of_today() -> None:
    assert settings_reference.SCHEMA.read_text(encoding="utf-8") == settings_reference.schema()


def test_every_room_and_key_has_a_meaning() -> None:
    without = [
        f"{room.__name__}.{name}"
        for room in rooms()
        for name, field in room.model_fields.items()
        if not field.description and room_in(field.annotation) is None
    ]

    assert without == []
    assert all(room.__doc__ for room in rooms())


def test_every_key_is_on_the_page() -> None:
    page = settings_reference.page()
    keys = [field.alias for room in rooms() for field in room.model_fields.values()]

    assert [key for key in keys if f"{key}`" not in page and f"### {key}\n" not in page] == []


@pytest.fixture(scope="module")
def errors() -> Any:
    """Finds what the schema has against a document."""
    validator: Any = import_module("jsonschema").Draft202012Validator
    return validator(json.loads(settings_reference.schema())).iter_errors


@pytest.mark.parametrize("stack", TRACKED)
def test_editors_accept_the_stack_files(stack: str, errors: Any) -> None:
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")

    assert text.startswith(f"{MODELINE}\n")
    assert [error.message for error in errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize("case", ["misspelt", "missing", "types", "bounds", "choices", "forms"])
def test_editors_mark_what_has_a_wrong_form(case: str, errors: Any) -> None:
    text = (FIXTURES / f"Pulumi.{case}.yaml").read_text(encoding="utf-8")

    assert list(errors(yaml.safe_load(text)))
