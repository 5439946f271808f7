"""Objects against schemas: what is right passes, what is wrong is named by path and allowed."""

from typing import Any

import pytest

from infra.offline.conformity import Checker, Findings, with_defaults

UNKNOWN = "?"
NO_SCHEMAS: dict[str, dict[str, Any]] = {}

NAMED = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["replicas"],
            "properties": {
                "replicas": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 9},
                "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "step": {"type": "integer", "multipleOf": 5},
                "on": {"type": "boolean"},
                "mode": {"type": "string", "enum": ["Always", "Never"]},
                "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
                "when": {"type": "string", "format": "date-time"},
                "port": {"x-kubernetes-int-or-string": True},
                "target": {
                    "format": "int-or-string",
                    "oneOf": [{"type": "integer"}, {"type": "string"}],
                },
                "items": {"type": "array", "items": NAMED, "minItems": 1, "maxItems": 2},
                "labels": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "maxProperties": 2,
                },
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "anything": {"type": "object"},
                "closed": {"type": "object", "additionalProperties": False, "properties": {}},
                "embedded": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
                "ref": {"$ref": "Named"},
                "one": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                },
                "any": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "anyOf": [{"required": ["a"]}, {"properties": {"b": {"enum": ["x"]}}}],
                },
                "all": {"type": "integer", "allOf": [{"minimum": 3}, {"maximum": 5}]},
                "none": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "not": {"required": ["a"]},
                },
            },
        }
    },
}


def check(spec: Any, schema: dict[str, Any] | None = None) -> Findings:
    findings = Findings()
    checker = Checker(lambda value: value == UNKNOWN, {"Named": NAMED}.__getitem__)
    about: dict[str, Any] = {"apiVersion": "x/v1", "kind": "X", "metadata": {}, "spec": spec}
    checker.check(about, schema or SCHEMA, findings, implied=True)
    return findings


GOOD: list[dict[str, Any]] = [
    {"replicas": 0},
    {"replicas": 3.0},
    {"replicas": 1, "ratio": 0.5, "step": 10, "on": False, "mode": "Never", "name": "abc"},
    {"replicas": 1, "when": "2026-11-24T12:00:00Z"},
    {"replicas": 1, "when": "2026-11-24T12:00:00.5+01:00"},
    {"replicas": 1, "port": 80, "target": "http"},
    {"replicas": 1, "port": "http", "target": 80},
    {"replicas": 1, "items": [{"name": "a"}, {"name": "b"}]},
    {"replicas": 1, "labels": {"a": "b"}, "open": {"x": {"y": 1}}, "anything": {"z": []}},
    {"replicas": 1, "embedded": {"kind": "Y", "metadata": {"name": "z"}, "spec": {}}},
    {"replicas": 1, "ref": {"name": "a"}, "one": {"b": "x"}, "any": {"b": "x"}, "all": 4},
    {"replicas": 1, "none": {}, "name": None},
]

OTHER_FIELDS = (
    "is no field of this kind; there are: all, any, anything, closed, embedded, items, labels, "
    "mode, name, none, on, one and 8 more"
)

BAD: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, [("spec.replicas", "is missing; it is required")]),
    ({"replicas": None}, [("spec.replicas", "is missing; it is required")]),
    ({"replicas": "3"}, [("spec.replicas", "is '3', a text; allowed: an integer")]),
    ({"replicas": True}, [("spec.replicas", "is True, true or false; allowed: an integer")]),
    ({"replicas": 1.5}, [("spec.replicas", "is 1.5; allowed: an integer")]),
    ({"replicas": 10}, [("spec.replicas", "is 10; allowed: at most 9")]),
    ({"replicas": -1}, [("spec.replicas", "is -1; allowed: at least 0")]),
    ({"replicas": 1, "ratio": 0}, [("spec.ratio", "is 0; allowed: more than 0")]),
    ({"replicas": 1, "step": 7}, [("spec.step", "is 7; allowed: multiples of 5")]),
    (
        {"replicas": 1, "mode": "Sometimes"},
        [("spec.mode", "is 'Sometimes'; allowed: Always | Never")],
    ),
    (
        {"replicas": 1, "name": "A"},
        [
            ("spec.name", "has 1 characters; allowed: at least 2"),
            ("spec.name", "is 'A'; allowed: text of the form ^[a-z]+$"),
        ],
    ),
    (
        {"replicas": 1, "when": "yesterday"},
        [("spec.when", "is 'yesterday'; allowed: a moment such as 2026-11-24T12:00:00Z")],
    ),
    (
        {"replicas": 1, "port": [80]},
        [("spec.port", "is a list; allowed: an integer or a text")],
    ),
    ({"replicas": 1, "items": []}, [("spec.items", "has 0 items; allowed: at least 1")]),
    (
        {"replicas": 1, "items": [{"name": "a"}, {"nmae": "b"}]},
        [
            ("spec.items[1].name", "is missing; it is required"),
            ("spec.items[1].nmae", "is no field of this kind; did you mean name?"),
        ],
    ),
    (
        {"replicas": 1, "labels": {"a.b/c": 1}},
        [('spec.labels["a.b/c"]', "is 1, an integer; allowed: a text")],
    ),
    (
        {"replicas": 1, "labels": {"a": "", "b": "", "c": ""}},
        [("spec.labels", "has 3 fields; allowed: at most 2")],
    ),
    ({"replicas": 1, "closed": {"a": 1}}, [("spec.closed.a", "is no field here")]),
    (
        {"replicas": 1, "zzz": 1},
        [
            (
                "spec.zzz",
                OTHER_FIELDS,
            )
        ],
    ),
    ({"replicas": 1, "ref": {}}, [("spec.ref.name", "is missing; it is required")]),
    (
        {"replicas": 1, "one": {}},
        [("spec.one", "has to fit exactly one of 2 forms: a is missing or b is missing")],
    ),
    (
        {"replicas": 1, "one": {"a": "x", "b": "y"}},
        [("spec.one", "has to fit exactly one of 2 forms, 2 do")],
    ),
    (
        {"replicas": 1, "any": {"b": "y"}},
        [
            (
                "spec.any",
                "has to fit at least one of 2 forms: a is missing or b is 'y'; allowed: x",
            )
        ],
    ),
    ({"replicas": 1, "all": 2}, [("spec.all", "is 2; allowed: at least 3")]),
    (
        {"replicas": 1, "none": {"a": "x"}},
        [("spec.none", "has a form that is excluded: with a")],
    ),
]


@pytest.mark.parametrize("spec", GOOD, ids=str)
def test_good(spec: dict[str, Any]) -> None:
    assert check(spec).problems == []


@pytest.mark.parametrize(("spec", "problems"), BAD, ids=lambda value: str(value)[:40])
def test_bad(spec: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert sorted(check(spec).problems) == problems


def test_all_problems_are_named_at_once() -> None:
    found = check({"replicas": "x", "mode": "y", "zzz": 1})
    assert [path for path, _ in found.problems] == ["spec.replicas", "spec.mode", "spec.zzz"]


def test_a_value_of_another_type_is_not_looked_into() -> None:
    assert check("text").problems == [("spec", "is 'text', a text; allowed: an object")]


def test_what_is_not_known_is_counted_and_nothing_concluded() -> None:
    spec = {
        "replicas": UNKNOWN,
        "mode": UNKNOWN,
        "items": [{"name": UNKNOWN}],
        "open": {"a": [UNKNOWN]},
        "any": {"b": UNKNOWN},
    }
    found = check(spec)
    assert found.problems == []
    assert found.unknown == 5


def test_an_unknown_name_beside_a_wrong_field() -> None:
    found = check({"replicas": UNKNOWN, "zzz": UNKNOWN})
    assert [path for path, _ in found.problems] == ["spec.zzz"]


def test_built_in_kinds_name_their_own_head() -> None:
    findings = Findings()
    checker = Checker(lambda _: False, NO_SCHEMAS.__getitem__)
    checker.check({"kind": "X"}, {"properties": {"spec": {}}}, findings, implied=False)
    assert [path for path, _ in findings.problems] == ["kind"]


def test_defaults_of_a_crd_come_before_the_check() -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["mode"],
                "properties": {
                    "mode": {"type": "string", "default": "a"},
                    "rules": {
                        "type": "array",
                        "items": {"properties": {"weight": {"default": 1}}},
                    },
                    "by": {"additionalProperties": {"properties": {"x": {"default": 2}}}},
                },
            }
        },
    }
    given: dict[str, Any] = {"spec": {"rules": [{}], "by": {"k": {}}}}
    filled = with_defaults(given, schema)
    assert filled == {"spec": {"mode": "a", "rules": [{"weight": 1}], "by": {"k": {"x": 2}}}}
    assert given == {"spec": {"rules": [{}], "by": {"k": {}}}}
    findings = Findings()
    Checker(lambda _: False, NO_SCHEMAS.__getitem__).check(filled, schema, findings, implied=True)
    assert findings.problems == []
