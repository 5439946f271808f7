"""Fault plans: what is accepted, what is refused, and which calls they strike."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llm_platform.problems import InvalidInputsError
from local.faults import plan
from local.faults.decisions import Decisions, Faults
from local.faults.plan import Effect, FaultPlan, Kind, Rule, Side, parse
from local.faults.record import counted, recorded

GOOD: dict[str, Any] = {"side": "aws", "call": "ec2:Create*", "ratio": 0.5, "kind": "error"}


def text(*rules: Any, **more: Any) -> str:
    return json.dumps({"seed": 3, "rules": list(rules), **more})


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    rules = (
        Rule(Side.AWS, "ec2:*", 0.2, Kind.ERROR, Effect.AFTER),
        Rule(Side.AWS, "*", 1.0, Kind.TIMEOUT, Effect.AFTER, 5.0, 3),
        Rule(Side.KUBERNETES, "POST /api/v1/namespaces", 0.1, Kind.THROTTLE, seconds=2.0),
        Rule(Side.KUBERNETES, "*", 0.1, Kind.SLOW, seconds=0.5),
    )
    FaultPlan(7, rules).write(tmp_path)
    path = tmp_path / plan.PLAN_FILE
    assert parse(path.read_text()) == FaultPlan(7, rules)
    assert path.stat().st_mode & 0o077 == 0


def test_what_is_left_out_has_defaults() -> None:
    (rule,) = parse(text(GOOD)).rules
    assert (rule.effect, rule.times) == (Effect.BEFORE, None)
    assert parse(text({**GOOD, "kind": "slow"})).rules[0].seconds == 1.0


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ({**GOOD, "side": "azure"}, "rules[0].side", "one of aws, kubernetes"),
        ({**GOOD, "kind": "throtle"}, "rules[0].kind", "one of throttle, error"),
        ({**GOOD, "effect": "later"}, "rules[0].effect", "one of before, after"),
        ({**GOOD, "kind": "throttle", "effect": "after"}, "rules[0].effect", "leave it out"),
        ({**GOOD, "call": " "}, "rules[0].call", "a glob such as"),
        ({**GOOD, "ratio": 20}, "rules[0].ratio", "a number from 0 to 1"),
        ({**GOOD, "ratio": 0}, "rules[0].ratio", "above 0"),
        ({**GOOD, "ratio": True}, "rules[0].ratio", "a number"),
        ({**GOOD, "seconds": -1}, "rules[0].seconds", "a number from 0 to 600"),
        ({**GOOD, "times": 0}, "rules[0].times", "a whole number from 1"),
        ({**GOOD, "rato": 1}, "rules[0].rato", "side, call, ratio"),
        ("ec2:*", "rules[0]", "an object"),
    ],
)
def test_a_wrong_rule_is_named_with_what_is_allowed(rule: Any, path: str, allowed: str) -> None:
    with pytest.raises(InvalidInputsError) as caught:
        parse(text(rule))
    problems = {each.path: each.allowed for each in caught.value.problems}
    assert list(problems) == [path]
    assert allowed in problems[path]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        parse(text({"kind": "throtle"}, 5, speed=1, seed="x"))
    paths = [each.path for each in caught.value.problems]
    assert paths == [
        "rules[0].call", "rules[0].kind", "rules[0].ratio", "rules[0].side", "rules[1]", "seed",
        "speed",
    ]  # fmt: skip
    assert "did you mean throttle?" in str(caught.value)


@pytest.mark.parametrize("wrong", ["{", "[]", "3", "{}", '{"rules": []}'])
def test_what_is_no_plan_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInputsError):
        parse(wrong)


def strikes(seed: int, calls: list[str], ratio: float = 0.2) -> list[bool]:
    rule = Rule(Side.AWS, "ec2:*", ratio, Kind.ERROR)
    decisions = Decisions(FaultPlan(seed, (rule,)), Side.AWS)
    return [decisions.decide(call) is not None for call in calls]


def test_the_same_seed_strikes_the_same_calls() -> None:
    calls = [f"ec2:{name}" for name in ("CreateVpc", "DescribeVpcs", "CreateSubnet")] * 200
    first = strikes(1, calls)
    assert first == strikes(1, calls)
    assert first != strikes(2, calls)
    assert 0.15 < sum(first) / len(first) < 0.25
    assert all(strikes(1, calls, ratio=1.0))


def test_calls_of_other_names_do_not_matter() -> None:
    """Calls come in any order when a run makes many at once."""
    mine = ["ec2:CreateVpc"] * 50
    mixed = [name for call in mine for name in (call, "ec2:DescribeVpcs")]
    assert strikes(1, mixed)[::2] == strikes(1, mine)


def test_the_first_rule_that_strikes_counts_and_times_end_it() -> None:
    rules = (
        Rule(Side.KUBERNETES, "*", 1.0, Kind.CUT),
        Rule(Side.AWS, "ec2:Create*", 1.0, Kind.THROTTLE, times=2),
        Rule(Side.AWS, "ec2:*", 1.0, Kind.SLOW),
    )
    decisions = Decisions(FaultPlan(0, rules), Side.AWS)
    found = Counter(str(decisions.decide("ec2:CreateVpc")) for _ in range(5))
    assert found == {"throttle": 2, "slow": 3}
    assert decisions.decide("s3:PutObject") is None


def test_a_plan_counts_as_soon_as_it_lies_there(tmp_path: Path) -> None:
    faults = Faults(tmp_path, Side.AWS)
    assert faults.due("ec2:CreateVpc") is None
    for kind in (Kind.CUT, Kind.SLOW):
        FaultPlan(1, (Rule(Side.AWS, "*", 1.0, kind),)).write(tmp_path)
        fault = faults.due("ec2:CreateVpc")
        assert fault is not None
        assert fault.kind is kind
    assert plan.clear(tmp_path)
    assert not plan.clear(tmp_path)
    assert faults.due("ec2:CreateVpc") is None

    assert counted(tmp_path) == {("aws", "cut before"): 1, ("aws", "slow"): 1}
    assert [each["call"] for each in recorded(tmp_path)] == ["ec2:CreateVpc"] * 2


def test_a_wrong_plan_is_told_with_every_call(tmp_path: Path) -> None:
    path = tmp_path / plan.PLAN_FILE
    path.write_text(text({**GOOD, "kind": "throtle"}))
    faults = Faults(tmp_path, Side.AWS)
    for _ in range(2):
        with pytest.raises(InvalidInputsError, match=r"rules\[0\]\.kind"):
            faults.due("ec2:CreateVpc")
    path.write_text(text(GOOD))
    os.utime(path, ns=(1, 1))
    faults.due("ec2:CreateVpc")
