"""Inputs and outputs of the stand-in have the names of the typed SDK."""

import importlib
import re

import pytest

from local.providers.aws.functions.table import FUNCTIONS
from local.providers.aws.handler import Handler
from local.providers.aws.registry import HANDLERS


def properties(handler: Handler) -> set[str]:
    """Names of the properties of the SDK's class for a type."""
    module, _, name = handler.urn_type.partition(":")[2].partition("/")
    kind = name.partition(":")[2]
    found: type = getattr(importlib.import_module(f"pulumi_aws.{module}"), kind)
    snake = [name for name, value in vars(found).items() if isinstance(value, property)]
    return {re.sub(r"_([a-z0-9])", lambda m: m.group(1).upper(), each) for each in snake}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.urn_type)
def test_properties_are_those_of_the_sdk(handler: Handler) -> None:
    own = {*handler.schema.all_fields, *handler.schema.volatile}
    own |= {path.partition(".")[0] for path in handler.schema.computed}
    assert own - properties(handler) == set()


@pytest.mark.parametrize("token", FUNCTIONS)
def test_functions_are_those_of_the_sdk(token: str) -> None:
    module, _, name = token.partition(":")[2].partition("/")
    where = "pulumi_aws" if module == "index" else f"pulumi_aws.{module}"
    snake = re.sub(r"([A-Z])", lambda m: f"_{m.group(1).lower()}", name.partition(":")[2])
    assert hasattr(importlib.import_module(where), snake)
