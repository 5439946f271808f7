"""ServingPlatform: definitions, operators, gates, in this order; and what it refuses."""

from typing import Any

import pytest

from llm_platform.addons.order import before
from llm_platform.addons.table import ADDONS
from llm_platform.problems import InvalidInputsError
from llm_platform.serving.gateway import ServingGateway
from llm_platform.serving.platform import ServingPlatform
from llm_platform.serving.platform_check import check_serving_platform
from llm_platform.serving.platform_spec import GATE, GATES, OPTIONAL, PARTS, is_definition
from tests.unit.components_kubernetes.kubernetes_recording import Made, Recording, fields, record

GIVEN = {"domain": "models.example.com", "cluster_name": "llm-prod", "region": "eu-central-1"}


def platform(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = ServingPlatform("platform", fields(**{**GIVEN, **more}))
        return {"namespace": made.namespace, "controllers": made.controller_namespace}

    return record(program)


def release(recording: Recording, part: str) -> Made:
    return recording.one("Release", f"platform-{part}-release")


def test_every_part_is_installed_as_the_table_has_it() -> None:
    recording = platform()
    releases = {each.inputs["name"]: each.inputs for each in recording.of("Release")}
    assert set(releases) == set(PARTS)
    for name, inputs in releases.items():
        assert inputs["version"] == ADDONS[name].version
        assert inputs["namespace"] == ADDONS[name].namespace
    assert recording.outputs == {"namespace": "kserve", "controllers": "envoy-gateway-system"}
    assert recording.children_outside("ServingPlatform") == []


def test_definitions_come_before_every_operator() -> None:
    recording = platform()
    definitions = [name for name in PARTS if is_definition(name)]
    assert definitions
    for name in PARTS:
        needed = [] if name in definitions else [*definitions, *before(name)]
        # whatever is in an add-on comes after what the add-on waits for
        addon = recording.one("HelmAddon", f"platform-{name}")
        for other in needed:
            assert recording.waits_for(addon, release(recording, other)), (name, other)


def test_a_gate_waits_for_its_operator() -> None:
    recording = platform()
    for gate in GATES:
        made = recording.one(gate.kind)
        assert made.object_name == GATE
        assert made.inputs["metadata"]["namespace"] == ADDONS[gate.addon].namespace
        assert recording.waits_for(made, release(recording, gate.addon))


def test_what_uses_the_platform_waits_for_its_gates() -> None:
    def program() -> dict[str, Any]:
        made = ServingPlatform("platform", fields(**GIVEN))
        ServingGateway("gateway", {"domain": GIVEN["domain"], "namespace": made.namespace})
        return {"addons": len(made.addons)}

    recording = record(program)
    assert recording.outputs == {"addons": len(PARTS)}
    for gate in GATES:
        made = recording.one(gate.kind, f"platform-{gate.addon}-gate")
        assert recording.waits_for(recording.one("Gateway"), made), gate.kind


def test_parts_that_nothing_needs_may_be_left_out() -> None:
    recording = platform(without=list(OPTIONAL))
    names = {each.inputs["name"] for each in recording.of("Release")}
    assert names == set(PARTS) - set(OPTIONAL)
    assert recording.of("TriggerAuthentication") == []


def test_values_of_a_part_are_overridden() -> None:
    recording = platform(size="small", overrides={"keda": {"image": {"pullPolicy": "Always"}}})
    values = release(recording, "keda").inputs["values"]
    assert values["image"] == {"pullPolicy": "Always"}
    assert values["operator"] == {"replicaCount": 1}


def test_tags_become_labels_of_namespaces_and_gates() -> None:
    recording = platform(tags={"team": "ml"})
    for each in recording.of("Namespace") + recording.of("Issuer"):
        assert each.labels["team"] == "ml"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"domain": "models"}, "domain"),
        ({"region": "eu-central-9"}, "region"),
        ({"size": "huge"}, "size"),
        ({"without": ["cert-manager"]}, "without[0]"),
        ({"without": ["keda", "keda"]}, "without[1]"),
        ({"overrides": {"kida": {}}}, "overrides.kida"),
        ({"tags": {"aws:x": "y"}}, "tags.aws:x"),
    ],
)
def test_wrong_inputs_are_refused(more: dict[str, Any], path: str) -> None:
    found = check_serving_platform(fields(**{**GIVEN, **more}))
    assert [problem.path for problem in found] == [path]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        platform(domain="x", region="y", without=["z"])
    assert [each.path for each in caught.value.problems] == ["domain", "region", "without[0]"]
