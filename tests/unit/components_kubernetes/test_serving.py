"""Runtime, gateway and served model."""

from typing import Any

import pulumi
import pytest

from llm_platform.problems import InvalidInputsError
from llm_platform.serving.kinds import TritonVariant
from llm_platform.serving.llm_service import LlmService, LlmServiceArgs
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.serving.triton import IMAGES
from llm_platform.serving.triton_runtime import TritonRuntime, TritonRuntimeArgs
from llm_platform.serving.triton_runtime_check import check_triton_runtime
from tests.unit.components_kubernetes.kubernetes_recording import Recording, fields, record

STATEMENT = {
    "sid": "ReadModels",
    "actions": ["s3:GetObject"],
    "resources": ["arn:aws:s3:::models/model_repo/*"],
}


def runtime(**more: Any) -> Recording:
    args: TritonRuntimeArgs = fields(tags={"team": "ml"}, **more)
    return record(lambda: {"name": TritonRuntime("triton", args).runtime_name})


def args(**more: Any) -> LlmServiceArgs:
    base: LlmServiceArgs = {
        "namespace": "assistants",
        "model": "smollm2",
        "repository_uri": "s3://models/model_repo/",
        "runtime": "triton",
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def service(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = LlmService("chat", args(**more))
        return {"name": made.service_name, "address": made.address, "account": made.service_account}

    return record(program)


# --- runtime -------------------------------------------------------------------------------


def test_the_runtime_runs_under_the_restricted_level() -> None:
    spec = runtime().one("ClusterServingRuntime").spec
    (container,) = spec["containers"]
    security = container["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["runAsNonRoot"] is True
    assert security["readOnlyRootFilesystem"] is True
    assert not any("hostPath" in volume for volume in spec["volumes"])


def test_the_runtime_loads_nothing_by_itself() -> None:
    command = runtime().one("ClusterServingRuntime").spec["containers"][0]["args"]
    assert command[0] == "tritonserver"
    assert "--model-control-mode=explicit" in command
    assert not any(argument.startswith("--load-model") for argument in command)


def test_calls_that_change_the_server_are_guarded_by_the_pods_uid() -> None:
    container = runtime().one("ClusterServingRuntime").spec["containers"][0]
    guarded = "shared-memory,model-repository,trace,logging:llm-platform-admin=$(POD_UID)"
    assert f"--http-restricted-api={guarded}" in container["args"]
    assert f"--grpc-restricted-protocol={guarded}" in container["args"]
    uid = next(each for each in container["env"] if each["name"] == "POD_UID")
    assert uid["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.uid"


def test_ports_protocols_probes_and_metrics_agree() -> None:
    spec = runtime(startup_minutes=30).one("ClusterServingRuntime").spec
    container = spec["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": 8080, "grpc": 9000, "metrics": 8002}
    assert container["ports"][0]["name"] == "http", "KServe gives port 80 to the first"
    for name, port in (("http", 8080), ("grpc", 9000), ("metrics", 8002)):
        assert f"--{name}-port={port}" in container["args"]
    assert spec["annotations"]["prometheus.kserve.io/port"] == "8002"
    assert spec["protocolVersions"] == ["v2", "grpc-v2"]
    probe = container["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] == 30 * 60
    assert container["readinessProbe"]["httpGet"] != container["livenessProbe"]["httpGet"]


def test_shared_memory_is_a_bounded_memory_volume() -> None:
    spec = runtime(shared_memory="4Gi").one("ClusterServingRuntime").spec
    volume = next(each for each in spec["volumes"] if each["name"] == "shared-memory")
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "4Gi"}
    mounts = {each["name"]: each["mountPath"] for each in spec["containers"][0]["volumeMounts"]}
    assert mounts["shared-memory"] == "/dev/shm"  # noqa: S108 - Triton's own place


@pytest.mark.parametrize("variant", TritonVariant)
def test_every_variant_has_a_pinned_image_of_one_release(variant: TritonVariant) -> None:
    image = runtime(variant=variant).one("ClusterServingRuntime").spec["containers"][0]["image"]
    assert image == IMAGES[variant].reference
    assert image.startswith("nvcr.io/nvidia/tritonserver:26.07-")
    assert image.endswith("py3")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"image": "x/triton:latest"}, "image"),
        ({"image": "x/triton"}, "image"),
        ({"image": "host:5000/triton"}, "image"),
        ({"variant": "onnx"}, "variant"),
        ({"shared_memory": "lots"}, "shared_memory"),
        ({"startup_minutes": 0}, "startup_minutes"),
        ({"extra_args": ["--http-port=1"]}, "extra_args[0]"),
        ({"extra_args": ["model-control-mode"]}, "extra_args[0]"),
        ({"runtime_name": "Triton"}, "runtime_name"),
    ],
)
def test_wrong_runtimes_are_refused(more: Any, path: str) -> None:
    assert [problem.path for problem in check_triton_runtime(more)] == [path]


def test_a_digest_pins_an_image() -> None:
    assert check_triton_runtime({"image": f"x/triton@sha256:{'0' * 64}"}) == []


# --- served model --------------------------------------------------------------------------


def test_a_model_is_fetched_into_a_folder_of_its_name() -> None:
    made = service().one("InferenceService")
    predictor = made.spec["predictor"]
    assert predictor["storageUris"] == [
        {"uri": "s3://models/model_repo/smollm2", "mountPath": "/mnt/models/smollm2"}
    ]
    assert predictor["model"]["args"] == ["--load-model=smollm2"]
    assert predictor["model"]["runtime"] == "triton"
    assert made.inputs["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"


def test_nobody_states_replicas_but_bounds() -> None:
    predictor = service(min_replicas=1, max_replicas=3).one("InferenceService").spec["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (1, 3)
    assert "replicas" not in predictor


def test_pods_run_under_the_restricted_level_without_a_token() -> None:
    predictor = service().one("InferenceService").spec["predictor"]
    assert predictor["automountServiceAccountToken"] is False
    assert predictor["securityContext"]["runAsNonRoot"] is True
    assert predictor["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert predictor["model"]["securityContext"]["allowPrivilegeEscalation"] is False
    account = service().one("ServiceAccount")
    assert account.inputs["automountServiceAccountToken"] is False
    assert predictor["serviceAccountName"] == account.object_name == "chat"


def test_gpus_come_with_their_pool_and_its_taint() -> None:
    predictor = service(gpus=2, pool="l4").one("InferenceService").spec["predictor"]
    amounts = predictor["model"]["resources"]
    assert amounts["limits"]["nvidia.com/gpu"] == amounts["requests"]["nvidia.com/gpu"] == "2"
    assert predictor["nodeSelector"] == {"llm-platform.dev/pool": "l4"}
    assert predictor["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]


def test_a_model_on_cpus_stays_off_gpu_nodes() -> None:
    predictor = service().one("InferenceService").spec["predictor"]
    assert "tolerations" not in predictor
    assert "nodeSelector" not in predictor
    assert predictor["model"]["resources"] == {
        "requests": {"cpu": "2", "memory": "8Gi"},
        "limits": {"memory": "8Gi"},
    }


def test_pods_are_spread_and_one_may_go_at_a_time() -> None:
    recording = service(priority_class="llm-serving")
    predictor = recording.one("InferenceService").spec["predictor"]
    assert [each["topologyKey"] for each in predictor["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert predictor["priorityClassName"] == "llm-serving"
    budget = recording.one("PodDisruptionBudget").spec
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"]["matchLabels"] == {
        "llm-platform.dev/service": "chat",
        "llm-platform.dev/variant": "stable",
        "component": "predictor",
    }


def test_only_gateway_and_prometheus_come_in() -> None:
    spec = service().one("NetworkPolicy").spec
    entering = {
        rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: [
            port["port"] for port in rule["ports"]
        ]
        for rule in spec["ingress"]
    }
    assert entering == {"envoy-gateway-system": [8080, 9000], "monitoring": [8002]}
    labels = {"llm-platform.dev/service": "chat", "component": "predictor"}
    assert spec["podSelector"] == {"matchLabels": labels}


def test_pods_reach_storage_but_not_the_nodes_credentials() -> None:
    leaving = service().one("NetworkPolicy").spec["egress"]
    outside = leaving[-1]
    assert outside["ports"] == [{"port": 443, "protocol": "TCP"}]
    assert outside["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]
    narrow = service(storage_cidrs=["10.0.0.0/16"]).one("NetworkPolicy").spec["egress"][-1]
    assert narrow["to"] == [{"ipBlock": {"cidr": "10.0.0.0/16"}}]
    closed = service(storage_cidrs=[]).one("NetworkPolicy").spec["egress"]
    assert len(closed) == len(leaving) - 1


def test_the_role_stands_before_the_pods() -> None:
    recording = service(model_access=[STATEMENT], cluster_name=pulumi.Output.from_input("llm-test"))
    association = recording.one("PodIdentityAssociation")
    assert association.inputs["serviceAccount"] == "chat"
    assert association.inputs["namespace"] == "assistants"
    inference = recording.one("InferenceService")
    for earlier in ("PodIdentityAssociation", "NetworkPolicy", "ServiceAccount"):
        assert recording.waits_for(inference, recording.one(earlier)), earlier
    assert recording.children_outside("LlmService") == []


def test_without_access_there_is_no_role() -> None:
    recording = service()
    assert recording.of("Role") == []
    assert recording.outputs == {
        "name": "chat",
        "address": "chat-predictor.assistants.svc.cluster.local",
        "account": "chat",
    }


def test_everything_waits_for_the_tenants_rules() -> None:
    made = service(tenant=pulumi.Output.from_input("assistants"))
    assert {each.inputs["metadata"]["namespace"] for each in made.in_cluster} == {"assistants"}


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"service_name": "Chat"}, "service_name"),
        ({"service_name": "c" * 41}, "service_name"),
        ({"service_name": "c" * 40, "namespace": "n" * 30}, "service_name"),
        ({"namespace": "kube-system"}, "namespace"),
        ({"namespace": "Team"}, "namespace"),
        ({"model": "../other"}, "model"),
        ({"repository_uri": "http://host/models"}, "repository_uri"),
        ({"gpus": 1}, "pool"),
        ({"pool": "l4"}, "gpus"),
        ({"min_replicas": 5, "max_replicas": 2}, "max_replicas"),
        ({"min_replicas": 0}, "min_replicas"),
        ({"cpus": 0}, "cpus"),
        ({"model_access": [STATEMENT]}, "cluster_name"),
        ({"service_account_name": "default"}, "service_account_name"),
        ({"env": {"HF_TOKEN": "x"}}, "env.HF_TOKEN"),
        ({"env": {"1A": "x"}}, "env.1A"),
        ({"extra_args": ["--load-model=other"]}, "extra_args[0]"),
        ({"extra_args": ["--trust-remote-code"]}, "extra_args[0]"),
        ({"callers": ["A"]}, "callers[0]"),
        ({"storage_cidrs": ["anywhere"]}, "storage_cidrs[0]"),
        ({"tags": {"aws:x": "y"}}, "tags.aws:x"),
    ],
)
def test_wrong_services_are_refused(more: Any, path: str) -> None:
    given = args(service_name="chat")
    assert [problem.path for problem in check_llm_service(fields(**{**given, **more}))] == [path]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        service(gpus=1, memory_gib=0, model="a/b")
    assert [problem.path for problem in caught.value.problems] == ["memory_gib", "model", "pool"]
