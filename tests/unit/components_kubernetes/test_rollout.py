"""LlmRollout: what drives a rollout, and what it may do."""

import json
from dataclasses import replace
from typing import Any

import pytest

from llm_platform.problems import InvalidInputsError
from llm_platform.serving import rollout_spec as specs
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.rollout import LlmRollout, LlmRolloutArgs, limits, shape
from llm_platform.serving.rollout_check import check_llm_rollout
from llm_platform.serving.rollout_gates import GateLimits, gates
from tests.unit.components_kubernetes.kubernetes_recording import Recording, record


def args(**more: Any) -> LlmRolloutArgs:
    base: LlmRolloutArgs = {"service": "chat", "namespace": "assistants"}
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def rollout(**more: Any) -> Recording:
    given = args(tags={"team": "ml"}, **more)
    return record(lambda: {"template": LlmRollout("chat-rollout", given).workflow_template})


def templates(found: Recording) -> dict[str, Any]:
    return {each["name"]: each for each in found.one("WorkflowTemplate").spec["templates"]}


def test_the_template_has_a_branch_for_every_strategy() -> None:
    found = templates(rollout())
    (branches,) = found["rollout"]["steps"]
    assert [each["name"] for each in branches] == ["shadow", "canary", "blue-green"]
    for each in branches:
        word = each["name"]
        assert each["when"] == f"'{{{{workflow.parameters.strategy}}}}' == '{word}'"
        steps = [step["name"] for (step,) in found[word]["steps"]]
        assert (steps[0], steps[-1]) == ("begin", "finish")
    canary = [step["name"] for (step,) in found["canary"]["steps"]]
    assert canary[1:-1] == ["weight-1", "weight-10", "weight-25", "weight-50", "weight-100"]


def test_a_workflow_ends_in_order_and_tries_again_what_may_be_tried() -> None:
    spec = rollout(step_limit_seconds=600).one("WorkflowTemplate").spec
    assert spec["onExit"] == "settle"
    assert spec["activeDeadlineSeconds"] > 5 * 600
    assert spec["archiveLogs"] is False
    for each in templates(rollout()).values():
        if "container" in each:
            retry = each["retryStrategy"]
            assert retry["expression"] == "!(asInt(lastRetry.exitCode) in [2, 10, 11])"
            assert "retryPolicy" not in retry, "the expression alone decides"


def test_its_pods_run_under_the_restricted_level() -> None:
    found = rollout()
    pods = [found.one("CronJob").spec["jobTemplate"]["spec"]["template"]["spec"]]
    containers = [each["container"] for each in templates(found).values() if "container" in each]
    for pod in (*pods, found.one("WorkflowTemplate").spec):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*containers, *pods[0]["containers"]):
        security = container["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert container["command"] == ["python3", "-m", "rollout"]
        assert "limits" in container["resources"]


def test_it_may_touch_its_own_objects_and_no_others() -> None:
    found = rollout()
    roles = {each.inputs["metadata"]["name"]: each.inputs for each in found.of("Role")}
    service = roles["chat-rollout"]
    assert service["metadata"]["namespace"] == "assistants"
    given = {each["resources"][0]: each for each in service["rules"]}
    assert given["httproutes"]["resourceNames"] == ["chat"]
    assert given["grpcroutes"]["resourceNames"] == ["chat-grpc", "chat-triton"]
    assert given["inferenceservices"]["verbs"] == ["get"]
    verbs = {verb for role in roles.values() for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "patch", "create"}
    unnamed = [
        rule["resources"] for role in roles.values() for rule in role["rules"]
        if "resourceNames" not in rule
    ]  # fmt: skip
    assert unnamed == [["workflowtaskresults"]], "Argo names its results itself"


def test_its_pods_get_a_token() -> None:
    assert rollout().one("ServiceAccount").inputs["automountServiceAccountToken"] is True


def test_the_guard_says_nothing_of_its_own_rest() -> None:
    spec = rollout().one("CronJob").spec
    assert "suspend" not in spec
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"] == ["guard"]


def test_names_fit_and_differ() -> None:
    long = "a" * 40
    first = specs.rollout_name(f"{long}-one", long)
    second = specs.rollout_name(f"{long}-two", long)
    assert first != second
    assert max(len(first), len(second)) <= specs.NAME_LIMIT
    assert specs.rollout_name("assistants", "chat") == "rollout-assistants-chat"


def test_settings_hold_what_the_inputs_say() -> None:
    given = args(
        weights=[20, 100], min_samples=5, max_error_ratio=0.2, step_seconds=10,
        quality={"query": "avg(q{$labels})", "minimum": 0.7}, prometheus_url="http://p:9090",
    )  # fmt: skip
    found = json.loads(specs.settings(shape(given)))
    assert found["weights"] == [20, 100]
    assert found["prometheus"] == "http://p:9090"
    by_name = {each["name"]: each for each in found["gates"]}
    assert by_name["errors"]["limit"] == 0.2
    assert by_name["errors"]["min_samples"] == 5
    assert by_name["quality"]["limit"] == 0.7
    assert by_name["quality"]["required"] is False
    assert "{{" not in specs.settings(shape(given)), "Argo would take it for its own"


def test_what_a_candidate_refuses_is_what_clients_may_ask() -> None:
    (gate,) = [each for each in gates(limits(args(max_refusal_ratio=0.3))) if "4.." in str(each)]
    assert (gate["name"], gate["limit"], gate["factor"]) == ("refusals", 0.3, 1.5)
    bad, total = gate["queries"]["bad"], gate["queries"]["total"]
    assert bad == ('llm_gateway_requests_total{$labels,status=~"4..",status!~"401|403|429|499"}')
    assert total == bad.replace('status=~"4..",', "")


def test_without_a_quality_score_there_is_no_such_gate() -> None:
    names = ["errors", "refusals", "p95", "first-token"]
    assert [each["name"] for each in gates(limits(args()))] == names
    assert gates(replace(GateLimits(), quality="x"))[-1]["queries"] == {"value": "x"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"weights": []}, "weights"),
        ({"weights": [50, 10, 100]}, "weights"),
        ({"weights": [10, 10, 100]}, "weights"),
        ({"weights": [10, 50]}, "weights"),
        ({"weights": [0, 100]}, "weights"),
        ({"min_samples": 0}, "min_samples"),
        ({"max_error_ratio": 1.5}, "max_error_ratio"),
        ({"max_refusal_ratio": -0.1}, "max_refusal_ratio"),
        ({"slower_than_stable": 0.5}, "slower_than_stable"),
        ({"step_seconds": 100, "step_limit_seconds": 50}, "step_limit_seconds"),
        ({"lease_seconds": 5}, "lease_seconds"),
        ({"quality": {"query": "avg(q)"}}, "quality.query"),
        ({"prometheus_url": "prometheus:9090"}, "prometheus_url"),
        ({"image": "llm-platform/rollout:latest"}, "image"),
        ({"service": "a" * 41}, "service"),
        ({"strategy": "SLOWLY"}, "strategy"),
    ],
)
def test_wrong_inputs_are_named(change: dict[str, Any], path: str) -> None:
    assert [each.path for each in check_llm_rollout(args(**change))] == [path]
    with pytest.raises(InvalidInputsError, match=path):
        LlmRollout("wrong", args(**change))


def test_every_strategy_has_a_word() -> None:
    assert specs.STRATEGIES == ("shadow", "canary", "blue-green")
    assert specs.step_names(RolloutStrategy.BLUE_GREEN, ()) == ["smoke", "switch"]
