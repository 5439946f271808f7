"""Plans, states and settings: what is written is what is read, and what is wrong is named."""

import json
from typing import Any

import pytest
from rollout.errors import FINAL_CODES, RefusedError
from rollout.plan import Strategy, index_of, plan
from rollout.settings import DEFAULT_WEIGHTS, VARIABLE, read_settings
from rollout.state import Passed, Phase, State, read_state

from llm_platform.serving import rollout_spec as specs
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.rollout_gates import GateLimits, gates

SHAPE = specs.RolloutShape(
    service="chat",
    namespace="assistants",
    workflow_namespace="argo-workflows",
    image="llm-platform/rollout:0.1.0",
    prometheus="http://prometheus:9090",
    strategy=RolloutStrategy.CANARY,
    gates=gates(GateLimits(quality="avg(score{$labels})")),
)


def test_a_canary_grows_and_the_others_do_not() -> None:
    shares = [each.split.candidate for each in plan(Strategy.CANARY, DEFAULT_WEIGHTS, 100)]
    assert shares == [1, 10, 25, 50, 100]
    (shadow,) = plan(Strategy.SHADOW, DEFAULT_WEIGHTS, 40)
    assert (shadow.split.candidate, shadow.split.mirrored) == (0, 40)
    smoke, switch = plan(Strategy.BLUE_GREEN, DEFAULT_WEIGHTS, 100)
    assert (smoke.split.candidate, smoke.gated) == (0, False)
    assert (switch.split.candidate, switch.gated) == (100, True)


def test_the_workflow_has_the_steps_that_the_program_knows() -> None:
    for strategy in RolloutStrategy:
        word = Strategy(specs.strategy_word(strategy))
        names = [each.name for each in plan(word, SHAPE.weights, SHAPE.mirrored)]
        assert names == specs.step_names(strategy, SHAPE.weights)
    assert FINAL_CODES == specs.FINAL_CODES
    assert specs.SETTINGS_VARIABLE == VARIABLE
    assert specs.DEFAULT_WEIGHTS == DEFAULT_WEIGHTS
    with pytest.raises(ValueError, match="no step 'x'; allowed: smoke, switch"):
        index_of(plan(Strategy.BLUE_GREEN, (), 100), "x")


def test_the_settings_that_the_library_writes_are_read() -> None:
    found = read_settings(specs.settings(SHAPE))
    assert (found.service, found.namespace) == ("chat", "assistants")
    assert found.weights == SHAPE.weights
    assert found.lease_seconds == SHAPE.lease_seconds
    names = ["errors", "refusals", "p95", "first-token", "quality"]
    assert [each.name for each in found.gates] == names
    assert found.guard == f"argo-workflows/{SHAPE.name}"
    assert "{{" not in specs.settings(SHAPE), "Argo would take it for a parameter of its own"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"service": None}, "service is no text; service is missing"),
        ({"polls": 1}, "polls is not known; known: service, namespace"),
        ({"step_seconds": 0}, "step_seconds is 0; allowed: a number of seconds above 0"),
        ({"weights": [10, 5, 100]}, "weights is [10, 5, 100]; allowed: ascending numbers"),
        ({"weights": [10, 50]}, "weights is [10, 50]; allowed"),
        ({"mirrored": 0}, "mirrored is 0; allowed: 1 to 100"),
        ({"gates": {}}, "gates is no list"),
        ({"gates": [{"name": "x"}]}, "gates[0] is wrong: 'kind'"),
        (
            {"gates": [{"name": "x", "kind": "ratio", "queries": {"bad": "a"}, "limit": 1}]},
            "gates[0] lacks the query total",
        ),
    ],
)
def test_wrong_settings_are_named(change: dict[str, Any], told: str) -> None:
    document = {**json.loads(specs.settings(SHAPE)), **change}
    with pytest.raises(RefusedError) as caught:
        read_settings(json.dumps(document))
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_settings_that_are_no_mapping(text: str) -> None:
    with pytest.raises(RefusedError, match=VARIABLE):
        read_settings(text)


def test_a_state_is_read_as_it_was_written() -> None:
    passed = Passed("weight-1", "passed", 12.5, ({"gate": "errors", "samples": 60},))
    state = State(
        "chat-x1", Strategy.CANARY, Phase.RUNNING, "weight-10", 5.0, 1.0,
        passed=(passed,), baseline={"errors": 0.01},
    )  # fmt: skip
    assert read_state(state.text()) == state
    assert state.has_passed("weight-1")
    assert not state.has_passed("weight-10")
    assert not state.ended(Phase.ABORTED, "why").runs


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"id": 1}', '{"phase": "x"}'])
def test_what_is_no_state_is_none(text: str | None) -> None:
    assert read_state(text) is None
