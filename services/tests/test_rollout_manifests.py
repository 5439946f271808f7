"""What `LlmRollout` emits is what Argo's own models, as Hera has them, accept."""

import copy
from typing import Any, cast

import pytest
from hera.workflows.models import Workflow, WorkflowTemplate
from pydantic import ValidationError
from rollout.__main__ import parser
from rollout.settings import VARIABLE, read_settings

from llm_platform.serving import rollout_spec as specs
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.rollout_gates import GateLimits, gates

SHAPE = specs.RolloutShape(
    service="chat",
    namespace="assistants",
    workflow_namespace="argo-workflows",
    image="llm-platform/rollout:0.1.0",
    prometheus="http://prometheus:9090",
    strategy=RolloutStrategy.BLUE_GREEN,
    gates=gates(GateLimits()),
)


def manifest() -> dict[str, Any]:
    return {
        "apiVersion": specs.ARGO,
        "kind": "WorkflowTemplate",
        "metadata": {"name": SHAPE.name, "namespace": "argo-workflows"},
        "spec": specs.workflow_template(SHAPE, SHAPE.name),
    }


def lost(given: Any, read: Any, path: str = "") -> list[str]:
    """What a model has dropped of a document: fields that Argo does not know."""
    if isinstance(given, dict):
        known = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
        return [
            each
            for key, value in given.items()  # pyright: ignore[reportUnknownVariableType]
            for each in (
                lost(value, known[key], f"{path}.{key}") if key in known else [f"{path}.{key}"]
            )
        ]
    if isinstance(given, list):
        return [
            each
            for index, value in enumerate(given)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            for each in lost(value, read[index], f"{path}[{index}]")
        ]
    return []


def test_argo_knows_every_field_of_the_template() -> None:
    read = WorkflowTemplate.model_validate(manifest())
    assert lost(manifest(), read.model_dump(by_alias=True, exclude_none=True)) == []


def test_a_workflow_of_it_is_accepted() -> None:
    document = {
        "apiVersion": specs.ARGO,
        "kind": "Workflow",
        "metadata": {"generateName": "chat-", "namespace": "argo-workflows"},
        "spec": {
            "workflowTemplateRef": {"name": SHAPE.name},
            "arguments": {"parameters": [{"name": "strategy", "value": "canary"}]},
        },
    }
    read = Workflow.model_validate(document)
    assert lost(document, read.model_dump(by_alias=True, exclude_none=True)) == []


def test_a_field_that_argo_does_not_know_is_told() -> None:
    wrong = copy.deepcopy(manifest())
    wrong["spec"]["onExitt"] = "settle"
    try:
        read = WorkflowTemplate.model_validate(wrong)
    except ValidationError as error:
        assert "onExitt" in str(error)  # noqa: PT017 - either answer tells it
    else:
        dumped = read.model_dump(by_alias=True, exclude_none=True)
        assert lost(wrong, dumped) == [".spec.onExitt"]


def test_every_command_of_the_template_is_one_that_the_program_takes() -> None:
    spec = specs.workflow_template(SHAPE, SHAPE.name)
    filled = {
        "{{workflow.name}}": "chat-1",
        "{{workflow.parameters.strategy}}": "canary",
        "{{inputs.parameters.step}}": "weight-10",
        "{{workflow.status}}": "Failed",
    }
    commands: list[str] = []
    for each in (
        template["container"] for template in spec["templates"] if "container" in template
    ):
        words = [str(filled.get(word, word)) for word in each["args"]]
        commands.append(parser().parse_args(words).command)
        assert not [word for word in words if "{{" in word]
        (pair,) = each["env"]
        assert pair["name"] == VARIABLE
        assert read_settings(pair["value"]).service == "chat"
    assert commands == ["begin", "step", "finish", "settle"]
    (guard,) = specs.guard(SHAPE, "x")["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert parser().parse_args(guard["args"]).command == "guard"


@pytest.mark.parametrize("word", specs.STRATEGIES)
def test_every_strategy_is_one_that_the_program_takes(word: str) -> None:
    given = parser().parse_args(["begin", "--id", "x", "--strategy", word])
    assert given.strategy == word
