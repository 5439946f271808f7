"""ClusterDefaults: one default storage class, encrypted and tagged; priorities in order."""

from typing import Any

import pulumi

from llm_platform.kubernetes.cluster_defaults import ClusterDefaults, ClusterDefaultsArgs
from tests.unit.components_kubernetes.kubernetes_recording import (
    STACK_ID,
    Recording,
    fields,
    record,
)

TAGS = {"team": "ml", "owner": "a@b.example"}


def defaults(**more: Any) -> Recording:
    args: ClusterDefaultsArgs = fields(**{"tags": {**TAGS}, **more})

    def program() -> dict[str, Any]:
        made = ClusterDefaults("defaults", args)
        return {
            "class": made.storage_class,
            "retained": made.retained_storage_class,
            "serving": made.serving_priority,
            "batch": made.batch_priority,
        }

    return record(program)


def test_exactly_one_class_is_the_default() -> None:
    classes = {made.object_name: made.inputs for made in defaults().of("StorageClass")}
    notes = {
        name: inputs["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"]
        for name, inputs in classes.items()
    }
    assert notes == {"gp3": "true", "gp3-retain": "false"}
    assert classes["gp3"]["reclaimPolicy"] == "Delete"
    assert classes["gp3-retain"]["reclaimPolicy"] == "Retain"


def test_volumes_are_encrypted_tagged_and_made_where_their_pod_is() -> None:
    for made in defaults().of("StorageClass"):
        parameters = made.inputs["parameters"]
        assert parameters["type"] == "gp3"
        assert parameters["encrypted"] == "true"
        assert "kmsKeyId" not in parameters
        tags = {value for key, value in parameters.items() if key.startswith("tagSpecification")}
        assert tags == {"team=ml", "owner=a@b.example", f"llm-platform:stack={STACK_ID}"}
        assert made.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
        assert made.inputs["allowVolumeExpansion"] is True


def test_a_key_and_tags_may_be_outputs() -> None:
    recording = defaults(
        kms_key_arn=pulumi.Output.from_input("arn:key"),
        tags={"team": pulumi.Output.from_input("ml team")},
    )
    made = recording.one("StorageClass", "defaults-gp3")
    assert made.inputs["parameters"]["kmsKeyId"] == "arn:key"
    assert made.inputs["parameters"]["tagSpecification_2"] == "team=ml team"
    assert made.labels["team"] == "ml-team"


def test_serving_goes_before_batch_and_batch_preempts_nobody() -> None:
    recording = defaults()
    values = {made.object_name: made.inputs for made in recording.of("PriorityClass")}
    assert (
        values["llm-platform"]["value"]
        > values["llm-serving"]["value"]
        > 0
        > values["llm-batch"]["value"]
    )
    assert values["llm-batch"]["preemptionPolicy"] == "Never"
    assert not any(inputs["globalDefault"] for inputs in values.values())
    assert recording.outputs == {
        "class": "gp3",
        "retained": "gp3-retain",
        "serving": "llm-serving",
        "batch": "llm-batch",
    }
