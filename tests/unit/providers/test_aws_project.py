"""What the cloud reports against what the program gave."""

from typing import Any

import pytest

from local.providers.aws.project import reconcile
from local.providers.aws.schema import Field

FIELDS = {
    "name": Field(),
    "size": Field(default=1),
    "zone": Field(computed=True),
    "force": Field(kept=True),
    "ids": Field(unordered=True),
    "text": Field(same=lambda a, b: str(a).lower() == str(b).lower()),
    "net": Field(
        fields={"public": Field(default=True), "cidrs": Field(computed=True), "ids": Field()}
    ),
    "rules": Field(
        unordered=True, fields={"key": Field(), "value": Field(), "made": Field(computed=True)}
    ),
}


def inputs(seen: dict[str, Any], given: dict[str, Any], importing: bool = False) -> Any:
    return reconcile(FIELDS, seen, given, importing)[0]


@pytest.mark.parametrize(
    ("seen", "given", "expected"),
    [
        ({"zone": "a"}, {}, {}),  # the cloud chose
        ({"zone": "b"}, {"zone": "a"}, {"zone": "b"}),  # drift
        ({"size": 1}, {}, {}),  # what everybody gets
        ({"size": 5}, {}, {"size": 5}),  # drift from the default
        ({"name": "by hand"}, {}, {"name": "by hand"}),  # set behind our back
        ({"name": ""}, {}, {}),
        ({}, {"name": "gone"}, {}),
        ({}, {"name": ""}, {"name": ""}),  # given empty, seen as nothing
        ({}, {"force": True}, {"force": True}),  # known to us only
        ({"ids": [3, 1, 2]}, {"ids": [1, 2, 3]}, {"ids": [1, 2, 3]}),  # order means nothing
        ({"ids": [3, 9, 2]}, {"ids": [1, 2, 3]}, {"ids": [2, 3, 9]}),
        ({"text": "ABC"}, {"text": "abc"}, {"text": "abc"}),  # the given form is kept
    ],
)
def test_inputs(seen: dict[str, Any], given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert inputs(seen, given) == expected


def test_an_object_is_taken_apart() -> None:
    seen = {"net": {"public": True, "cidrs": ["0.0.0.0/0"], "vpc": "v", "ids": ["a"]}}
    given = {"net": {"ids": ["a"]}}
    seen_inputs, outputs = reconcile(FIELDS, seen, given, importing=False)
    assert seen_inputs == given
    assert outputs["net"] == seen["net"]


def test_objects_of_a_set_are_matched_in_the_given_order() -> None:
    seen = {"rules": [{"key": "b", "made": "2"}, {"key": "a", "value": "1", "made": "1"}]}
    given = {"rules": [{"key": "a", "value": "1"}, {"key": "b"}]}
    seen_inputs, outputs = reconcile(FIELDS, seen, given, importing=False)
    assert seen_inputs == given
    assert [rule["made"] for rule in outputs["rules"]] == ["1", "2"]


def test_a_changed_object_of_a_set_stays_in_its_place() -> None:
    seen = {"rules": [{"key": "b"}, {"key": "a", "value": "9", "made": "1"}]}
    given = {"rules": [{"key": "a", "value": "1"}, {"key": "b"}]}
    assert inputs(seen, given) == {"rules": [{"key": "a", "value": "9"}, {"key": "b"}]}


def test_an_added_object_of_a_set_comes_last_and_whole() -> None:
    seen = {"rules": [{"key": "new", "made": "3"}, {"key": "a"}]}
    assert inputs(seen, {"rules": [{"key": "a"}]}) == {
        "rules": [{"key": "a"}, {"key": "new", "made": "3"}]
    }


def test_an_import_takes_everything() -> None:
    seen = {"zone": "a", "size": 1, "net": {"public": False, "cidrs": ["x"]}, "arn": "arn:x"}
    assert inputs(seen, {}, importing=True) == {
        "zone": "a",
        "size": 1,
        "net": {"public": False, "cidrs": ["x"]},
    }
