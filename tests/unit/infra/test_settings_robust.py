"""Whatever a stack file says: settings, or one error in its own paths; never a crash."""

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import pytest

from infra.settings_source import read_stack_file, settings_from
from llm_platform.problems import InvalidInputsError, Problem
from local.paths import REPOSITORY

GOOD = read_stack_file(REPOSITORY / "stacks" / "Pulumi.dev.yaml", "dev")
TODAY = date(2026, 11, 24)
NOTHING = object()

Place = tuple[str | int, ...]


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    if above:
        yield above
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from places(inner, (*above, key))
    if isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from places(inner, (*above, index))


def changed(place: Place, value: Any) -> dict[str, Any]:
    values = copy.deepcopy(GOOD)
    target: Any = values
    for key in place[:-1]:
        target = target[key]
    if value is NOTHING:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return values


@pytest.mark.parametrize("value", [NOTHING, {"a": 1}, 10**30], ids=["nothing", "mapping", "huge"])
def test_any_value_anywhere(value: Any) -> None:
    told: list[tuple[Place, Problem]] = []
    for place in places(GOOD):
        try:
            settings_from(changed(place, value), "dev", today=TODAY)
        except InvalidInputsError as error:
            told += [(place, problem) for problem in error.problems]

    assert len({place for place, _ in told}) > 20
    # a path with a component's name is one that no table translates
    assert [each for each in told if "(" in each[1].path] == []
