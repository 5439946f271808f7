"""What `LlmService` and `TritonRuntime` emit is what KServe's own models accept."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from accepted import problems

from llm_platform.serving.gateway_transformer import GatewayShape, settings_text, transformer
from llm_platform.serving.kinds import ModelServer, WireProtocol
from llm_platform.serving.llm_service_shape import Adapter, CustomShape, ServiceShape
from llm_platform.serving.llm_service_spec import predictor
from llm_platform.serving.routes import Variant
from llm_platform.serving.triton import RuntimeShape, runtime_spec
from llm_platform.serving.vllm import VllmShape
from llm_platform.serving.vllm import runtime_spec as vllm_runtime_spec

CPU = ServiceShape(
    service="chat",
    variant=Variant.STABLE,
    server=ModelServer.TRITON,
    model="smollm2",
    min_replicas=2,
    max_replicas=4,
    gpus=0,
    cpus=0.25,
    memory_gib=8,
    pool="",
    priority_class="",
    timeout_seconds=300,
    grace_seconds=120,
)
GPU = ServiceShape(
    service="chat",
    variant=Variant.CANDIDATE,
    server=ModelServer.TRITON,
    model="smollm2",
    min_replicas=1,
    max_replicas=8,
    gpus=2,
    cpus=8,
    memory_gib=64,
    pool="l4",
    priority_class="llm-serving",
    timeout_seconds=600,
    grace_seconds=300,
    startup_seconds=600,
    image="x/triton:1",
    extra_args=("--log-verbose=1",),
    env={"OMP_NUM_THREADS": "4"},
    scaled=True,
)
VLLM = replace(
    GPU, server=ModelServer.VLLM, adapters=(Adapter("legal", "s3://bucket/adapters/legal", 16),)
)
CUSTOM = replace(
    CPU,
    server=ModelServer.CUSTOM,
    custom=CustomShape("x/own:1", WireProtocol.V2, ("serve",), 8080, "/ready", "/metrics"),
)
FRONT = GatewayShape("x/gateway:1", "chat-keys", 2, 4, 0.5, 1024)


def inference_service(shape: ServiceShape) -> dict[str, Any]:
    settings = settings_text(shape, FRONT, "assistants")
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": shape.name, "namespace": "assistants"},
        "spec": {
            "predictor": predictor(shape, "triton", "chat", "s3://bucket/model_repo/smollm2"),
            "transformer": transformer(shape, FRONT, "chat", settings),
        },
    }


@pytest.mark.parametrize("shape", [CPU, GPU, VLLM, CUSTOM], ids=["cpu", "gpu", "vllm", "custom"])
def test_inference_services_are_accepted(shape: ServiceShape) -> None:
    assert problems(inference_service(shape), "V1beta1InferenceService") == []


def test_runtimes_are_accepted() -> None:
    shape = RuntimeShape(
        image="nvcr.io/nvidia/tritonserver:26.07-py3",
        shared_memory="1Gi",
        startup_minutes=15,
        metrics_interval_ms=2000,
        extra_args=("--log-verbose=1",),
    )
    manifest = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "triton"},
        "spec": runtime_spec(shape),
    }

    assert problems(manifest, "V1alpha1ClusterServingRuntime") == []
    other = vllm_runtime_spec(VllmShape("x/vllm:1", "4Gi", 1200, 0.9, ()))
    assert problems({**manifest, "spec": other}, "V1alpha1ClusterServingRuntime") == []


@pytest.mark.parametrize(
    ("place", "key", "value", "expected"),
    [
        ([], "minReplica", 1, "spec.predictor.minReplica is not known to V1beta1PredictorSpec"),
        ([], "maxReplicas", "4", "spec.predictor.maxReplicas is str, not int"),
        (["model"], "runtim", "x", "spec.predictor.model.runtim is not known to V1beta1ModelSpec"),
        (
            ["tolerations", 0],
            "efect",
            "x",
            "spec.predictor.tolerations[0].efect is not known to V1Toleration",
        ),
    ],
    ids=["misspelt", "type", "deep", "in a list"],
)
def test_a_wrong_manifest_is_not_accepted(
    place: list[str | int], key: str, value: Any, expected: str
) -> None:
    manifest = copy.deepcopy(inference_service(GPU))
    target: Any = manifest["spec"]["predictor"]
    for step in place:
        target = target[step]
    target[key] = value

    assert problems(manifest, "V1beta1InferenceService") == [expected]
