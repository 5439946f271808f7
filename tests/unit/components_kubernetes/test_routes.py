"""Routes between stable and candidate: who gets what, and how a rollout reads and changes it."""

import re
from typing import Any

import pytest

from llm_platform.serving.routes import (
    STABLE_ONLY,
    VARIANT_COOKIE,
    VARIANT_HEADER,
    Part,
    Split,
    Variant,
    grpc_host,
    grpc_rules,
    http_host,
    http_rules,
    resplit,
    split_of,
)

Rules = list[dict[str, Any]]


def weights(rules: Rules) -> dict[str, int]:
    return {each["name"]: each["weight"] for each in rules[-1]["backendRefs"]}


def answered_by(rules: Rules, headers: dict[str, str]) -> str:
    """The backend that the first rule names whose headers fit, as Gateway API says."""
    for rule in rules[:-1]:
        for match in rule["matches"]:
            (wanted,) = match["headers"]
            given = headers.get(wanted["name"], "")
            exact = wanted["type"] == "Exact" and given == wanted["value"]
            found = wanted["type"] == "RegularExpression" and re.fullmatch(wanted["value"], given)
            if exact or found:
                return rule["backendRefs"][0]["name"]
    return "by weight"


@pytest.mark.parametrize("share", [0, 1, 10, 50, 100])
def test_weights_are_the_split(share: int) -> None:
    rules = http_rules("chat", Split(candidate=share))
    assert weights(rules) == {
        "chat-transformer": 100 - share,
        "chat-candidate-transformer": share,
    }
    assert split_of(rules) == Split(candidate=share)


@pytest.mark.parametrize(
    ("headers", "backend"),
    [
        ({}, "by weight"),
        ({VARIANT_HEADER: "candidate"}, "chat-candidate-transformer"),
        ({VARIANT_HEADER: "stable"}, "chat-transformer"),
        ({"cookie": f"a=b; {VARIANT_COOKIE}=candidate; c=d"}, "chat-candidate-transformer"),
        ({"cookie": f"{VARIANT_COOKIE}=stable"}, "chat-transformer"),
        ({"cookie": f"my{VARIANT_COOKIE}=candidate"}, "by weight"),
        ({"cookie": f"{VARIANT_COOKIE}=candidates"}, "by weight"),
        (
            {VARIANT_HEADER: "stable", "cookie": f"{VARIANT_COOKIE}=candidate"},
            "chat-transformer",
        ),
    ],
)
def test_a_conversation_stays_where_it_began(headers: dict[str, str], backend: str) -> None:
    assert answered_by(http_rules("chat", Split(candidate=50)), headers) == backend


def test_after_a_rollback_nobody_is_kept_at_the_candidate() -> None:
    rules = http_rules("chat", Split(candidate=0, pinned=False))
    for headers in ({VARIANT_HEADER: "candidate"}, {"cookie": f"{VARIANT_COOKIE}=candidate"}):
        assert answered_by(rules, headers) == "chat-transformer"
    assert split_of(rules) == Split(candidate=0, pinned=False)


def test_every_answer_says_which_variant_it_is_from() -> None:
    for rules in (http_rules("chat", Split(candidate=5)), grpc_rules("chat", Split(candidate=5))):
        for rule in rules:
            for backend in rule["backendRefs"]:
                (told,) = backend["filters"][0]["responseHeaderModifier"]["set"]
                expected = "candidate" if "candidate" in backend["name"] else "stable"
                assert told == {"name": VARIANT_HEADER, "value": expected}


def test_a_shadow_gets_copies_and_answers_nobody() -> None:
    rules = http_rules("chat", Split(mirrored=30))
    (mirror,) = rules[-1]["filters"]
    assert mirror["requestMirror"]["backendRef"]["name"] == "chat-candidate-transformer"
    assert mirror["requestMirror"]["percent"] == 30
    assert weights(rules)["chat-candidate-transformer"] == 0
    assert split_of(rules) == Split(mirrored=30)


def test_only_paths_of_the_two_surfaces_are_led_anywhere() -> None:
    prefixes = {
        match["path"]["value"] for rule in http_rules("chat", Split()) for match in rule["matches"]
    }
    assert prefixes == {"/v1", "/v2"}, "metrics must not be seen from outside"


def test_a_route_without_candidate_gets_one() -> None:
    rules = http_rules("chat", STABLE_ONLY)
    assert weights(rules) == {"chat-transformer": 100}
    assert split_of(rules) == STABLE_ONLY
    assert resplit(rules, Split(candidate=10)) == http_rules("chat", Split(candidate=10))


@pytest.mark.parametrize("part", Part)
def test_a_new_split_leaves_kind_and_part_as_they_were(part: Part) -> None:
    for make in (http_rules, grpc_rules):
        rules = make("my-chat", Split(candidate=1), part)
        assert resplit(rules, Split(candidate=25)) == make("my-chat", Split(candidate=25), part)


NOT_OURS: tuple[Rules, ...] = (
    [],
    [{"backendRefs": [{"name": "x", "port": 80}]}],
    [{"backendRefs": [{"name": "x", "port": 80, "weight": 1, "filters": []}]}],
)


@pytest.mark.parametrize("rules", NOT_OURS)
def test_rules_of_others_are_not_read(rules: Rules) -> None:
    with pytest.raises(ValueError, match="not those of a served model"):
        split_of(rules)


@pytest.mark.parametrize("wrong", [{"candidate": 101}, {"candidate": -1}, {"mirrored": 200}])
def test_shares_are_of_a_hundred(wrong: Any) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        Split(**wrong)


def test_a_host_belongs_to_one_kind_of_route() -> None:
    assert http_host("chat", "a", "x.y") != grpc_host("chat", "a", "x.y")
    assert set(Variant) == {"stable", "candidate"}
