"""Values of the wrong type never stop a policy: it says something or nothing, and ends."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from case_parts import Case
from cases import CASES
from changes import changed
from helpers import evaluation, subject

from llm_platform_policies import catalogue

ODD = (None, "", "9Qi", -1, True, ["x"], {"x": "y"}, [{"x": 1}], [None])


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Every path below a value, inner ones too."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            path = f"{prefix}.'{key}'" if prefix else f"'{key}'"
            yield path
            yield from paths(inner, path)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield f"{prefix}[{index}]"
            yield from paths(inner, f"{prefix}[{index}]")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy}-{case.type}")
def test_odd_values_do_not_stop_a_policy(case: Case) -> None:
    run = evaluation()
    policy = catalogue.BY_ID[case.policy]
    for path in paths(case.passes):
        for value in ODD:
            odd = subject(case.type, changed(case.passes, path, value))
            found = run.check_resource(policy, odd)
            assert all(each.message.strip() for each in found)
