import json
from typing import Any

from local.node.eks.mutation import (
    AUDIENCE,
    FULL_URI,
    MOUNT,
    TOKEN_FILE,
    VOLUME,
    Surroundings,
    identity_patch,
    simulation_patch,
)

AROUND = Surroundings("eu-central-1", "http://10.88.0.1:21000")


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}], **spec}}


def patched(subject: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """The little of RFC 6902 that the patches use."""
    result: dict[str, Any] = json.loads(json.dumps(subject))
    for step in patch:
        *path, last = step["path"].strip("/").split("/")
        place: Any = result
        for part in path:
            place = place[int(part) if part.isdigit() else part]
        if step["op"] == "remove":
            del place[last]
        elif last == "-":
            place.append(step["value"])
        else:
            place[last] = step["value"]
    return result


def env(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container.get("env", [])}


def test_every_container_is_told_where_its_credentials_are() -> None:
    subject = pod(initContainers=[{"name": "i"}])
    spec = patched(subject, identity_patch(subject, AROUND))["spec"]
    for container in (spec["initContainers"][0], spec["containers"][0]):
        assert env(container) == {
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": "http://10.88.0.1:21000",
            FULL_URI: "http://169.254.170.23/v1/credentials",
            TOKEN_FILE: f"{MOUNT}/{VOLUME}",
        }
        assert container["volumeMounts"] == [{"name": VOLUME, "mountPath": MOUNT, "readOnly": True}]
    source = spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert source == {"audience": AUDIENCE, "expirationSeconds": 86400, "path": VOLUME}


def test_what_a_container_says_itself_stays() -> None:
    subject = pod(
        containers=[
            {
                "name": "c",
                "env": [{"name": "AWS_REGION", "value": "us-east-1"}],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        volumes=[{"name": "data", "emptyDir": {}}],
    )
    spec = patched(subject, identity_patch(subject, AROUND))["spec"]
    assert env(spec["containers"][0])["AWS_REGION"] == "us-east-1"
    assert [each["name"] for each in spec["volumes"]] == ["data", VOLUME]
    assert len(spec["containers"][0]["volumeMounts"]) == 2


def test_a_container_with_credentials_of_its_own_is_left_alone() -> None:
    own = {"name": FULL_URI, "value": "http://elsewhere"}
    assert identity_patch(pod(containers=[{"name": "c", "env": [own]}]), AROUND) == []


def test_skipped_containers_are_left_alone() -> None:
    subject = pod(containers=[{"name": "a"}, {"name": "b"}])
    subject["metadata"]["annotations"] = {"eks.amazonaws.com/skip-containers": "x, a"}
    spec = patched(subject, identity_patch(subject, AROUND))["spec"]
    assert "env" not in spec["containers"][0]
    assert "env" in spec["containers"][1]


def test_asked_again_it_changes_nothing() -> None:
    subject = pod()
    once = patched(subject, identity_patch(subject, AROUND))
    assert identity_patch(once, AROUND) == []


def test_a_pod_whose_image_cannot_be_had_goes_to_the_simulated_node() -> None:
    subject = pod(
        containers=[{"name": "c", "image": "a:1"}],
        nodeSelector={"x": "y"},
        affinity={"nodeAffinity": {}},
        tolerations=[{"key": "mine"}],
    )
    subject["metadata"]["labels"] = {"app": "a"}
    found = patched(subject, simulation_patch(subject, {"a:1"}))
    assert found["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "simulated-general"}
    assert [each["key"] for each in found["spec"]["tolerations"]] == [
        "mine",
        "llm-platform.dev/simulated",
    ]
    assert "affinity" not in found["spec"]
    assert found["metadata"]["labels"] == {"app": "a", "llm-platform.dev/simulated": "true"}


def test_pods_that_can_run_or_are_placed_stay_where_they_are() -> None:
    image = {"name": "c", "image": "a:1"}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert simulation_patch(pod(containers=[image]), {"b:1"}) == []
    assert simulation_patch(pod(containers=[image], nodeName="n"), {"a:1"}) == []
    daemon = pod(containers=[image], affinity={"nodeAffinity": required})
    assert simulation_patch(daemon, {"a:1"}) == []


def test_a_pod_with_gpus_is_only_named_simulated() -> None:
    gpus = {"limits": {"nvidia.com/gpu": "1"}}
    subject = pod(containers=[{"name": "c", "image": "a:1", "resources": gpus}])
    assert [step["path"] for step in simulation_patch(subject, {"a:1"})] == ["/metadata/labels"]
