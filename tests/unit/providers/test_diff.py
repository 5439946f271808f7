from typing import Any

import pytest

from local.providers.diff import Path, Rule, covers, diff_inputs, parse_path, path_text
from local.providers.model import Diff, Kind
from local.providers.values import UNKNOWN


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("a",), "a"),
        (("a", "b", 0, "c"), "a.b[0].c"),
        (("tags", "kubernetes.io/name"), 'tags["kubernetes.io/name"]'),
        (("tags", 'a"b\\c'), 'tags["a\\"b\\\\c"]'),
        (("odd-name", "x"), '["odd-name"].x'),
    ],
)
def test_paths_are_written_and_read_back(path: Path, text: str) -> None:
    assert path_text(path) == text
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("tags", "tags.owner", True),
        ("tags.owner", "tags", False),
        ("ingress[*].description", "ingress[3].description", True),
        ("*.owner", "tags.owner", True),
        ("scaling.desired", "scaling.min", False),
    ],
)
def test_patterns_cover_paths(pattern: str, path: str, expected: bool) -> None:
    assert covers(parse_path(pattern), parse_path(path)) is expected


def kinds(old: dict[str, Any], new: dict[str, Any], **rules: Rule) -> dict[str, Kind]:
    return dict(diff_inputs(old, new, lambda path: rules.get(str(path[-1]), Rule())).detailed)


def test_nested_differences_have_nested_paths() -> None:
    old = {"a": 1, "b": {"x": 1, "y": 2}, "c": [1, 2, 3], "gone": True}
    new = {"a": 1, "b": {"x": 9, "z": 3}, "c": [1, 5], "new": "n"}
    assert kinds(old, new) == {
        "b.x": Kind.UPDATE,
        "b.y": Kind.DELETE,
        "b.z": Kind.ADD,
        "c[1]": Kind.UPDATE,
        "c[2]": Kind.DELETE,
        "gone": Kind.DELETE,
        "new": Kind.ADD,
    }


def test_unknown_differs_from_everything() -> None:
    assert kinds({"a": 1}, {"a": UNKNOWN}) == {"a": Kind.UPDATE}
    assert kinds({"a": [1]}, {"a": [UNKNOWN]}) == {"a[0]": Kind.UPDATE}
    assert kinds({}, {"a": UNKNOWN}) == {"a": Kind.ADD}


def test_a_boolean_is_not_a_number() -> None:
    assert kinds({"a": True}, {"a": 1}) == {"a": Kind.UPDATE}


def test_order_of_a_set_means_nothing() -> None:
    rule = Rule(unordered=True)
    assert kinds({"s": [1, 2, 2]}, {"s": [2, 1, 2]}, s=rule) == {}
    assert kinds({"s": [1, 2]}, {"s": [2, 3]}, s=rule) == {"s[0]": Kind.DELETE, "s[1]": Kind.ADD}
    assert kinds({"s": [1, 2]}, {"s": [2, 2]}, s=rule) == {"s[0]": Kind.DELETE, "s[1]": Kind.ADD}


def test_a_changed_object_of_a_set_shows_what_changed_in_it() -> None:
    old = {"s": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]}
    new = {"s": [{"k": "a", "v": 9}, {"k": "b", "v": 2}]}
    assert kinds(old, new, s=Rule(unordered=True)) == {"s[0].v": Kind.UPDATE}


def test_equal_meaning_is_no_difference() -> None:
    rule = Rule(same=lambda a, b: str(a).lower() == str(b).lower())
    assert kinds({"a": "X"}, {"a": "x"}, a=rule) == {}
    assert kinds({"a": "X"}, {"a": UNKNOWN}, a=rule) == {"a": Kind.UPDATE}


def test_a_dropped_input_that_the_cloud_chooses_is_no_difference() -> None:
    rule = Rule(replace=True, kept_when_dropped=True)
    assert kinds({"zone": "a"}, {}, zone=rule) == {}
    assert kinds({"zone": "a"}, {"zone": "b"}, zone=rule) == {"zone": Kind.UPDATE_REPLACE}


def test_default_and_emptiness() -> None:
    assert kinds({}, {"a": 3}, a=Rule(default=3)) == {}
    assert kinds({"a": []}, {}, a=Rule(empty_is_absent=True)) == {}
    assert kinds({}, {"a": False}, a=Rule(empty_is_absent=True)) == {}
    assert kinds({"a": False}, {"a": []}, a=Rule(empty_is_absent=True)) == {"a": Kind.UPDATE}


def test_ignored_paths_are_left_out() -> None:
    old = {"scaling": {"desired": 3, "max": 5}, "tags": {"a": "1"}}
    new = {"scaling": {"desired": 1, "max": 6}, "tags": {"a": "2"}}
    diff = diff_inputs(old, new, ignore_changes=("scaling.desired", "tags"))
    assert dict(diff.detailed) == {"scaling.max": Kind.UPDATE}


def test_replacement_is_asked_for_only_when_something_needs_it() -> None:
    rules = {"name": Rule(replace=True)}

    def diff(old: dict[str, Any], new: dict[str, Any]) -> Diff:
        return diff_inputs(
            old, new, lambda p: rules.get(str(p[0]), Rule()), delete_before_replace=True
        )

    changed = diff({"name": "a", "x": 1}, {"name": "b", "x": 2})
    assert changed.replaces == {"name"}
    assert changed.changes == {"name", "x"}
    assert changed.delete_before_replace
    assert not diff({"x": 1}, {"x": 2}).delete_before_replace


def test_what_the_engine_keeps_for_itself_is_not_compared() -> None:
    assert kinds({"__defaults": ["a"]}, {"__defaults": []}) == {}


def test_top_level_names_of_quoted_paths() -> None:
    diff = Diff({'["odd-name"].x': Kind.ADD_REPLACE, 'tags["a.b"]': Kind.UPDATE})
    assert diff.changes == {"odd-name", "tags"}
    assert diff.replaces == {"odd-name"}
