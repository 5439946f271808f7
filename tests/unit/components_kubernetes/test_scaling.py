"""Numbers of pods: what KEDA is told, how fast, what holds without metrics, and no two masters."""

from typing import Any

import pytest

from llm_platform.problems import Problem
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.routes import Variant
from llm_platform.serving.scaling import scaled_object, scaling_shape
from llm_platform.serving.scaling_check import conflicts
from tests.unit.components_kubernetes.kubernetes_recording import fields

KEYS = {"keys_secret": "chat-keys"}


def shape(**more: Any) -> ServiceShape:
    plain: dict[str, Any] = {
        "service": "chat",
        "variant": Variant.STABLE,
        "server": ModelServer.TRITON,
        "model": "smollm2",
        "min_replicas": 1,
        "max_replicas": 5,
        "gpus": 0,
        "cpus": 1,
        "memory_gib": 4,
        "pool": "",
        "priority_class": "",
        "timeout_seconds": 300,
        "grace_seconds": 120,
    }
    return ServiceShape(**{**plain, **more})


def made(server: ModelServer = ModelServer.TRITON, weights: float = 0.0, **more: Any) -> Any:
    scaling = scaling_shape(fields(**more), 1, weights)
    return scaled_object(shape(server=server), scaling, "assistants")


def triggers(scaled: Any) -> dict[str, Any]:
    return {each["name"]: each for each in scaled["triggers"]}


def problems(**more: Any) -> list[Problem]:
    base = {
        "namespace": "assistants",
        "model": "smollm2",
        "repository_uri": "s3://models/model_repo/",
        "runtime": "triton",
        "service_name": "chat",
    }
    return check_llm_service(fields(**{**base, **more}))


def test_tritons_queue_and_what_waits_for_it_count() -> None:
    found = triggers(made(tokens_per_second=900))
    assert set(found) == {"queue", "pending", "tokens"}
    queue = found["queue"]["metadata"]["query"]
    assert "nv_inference_queue_duration_us" in queue
    assert 'service="chat",variant="stable"' in queue
    assert "llm_queue_seconds_total" in queue, "a model that batches has a queue of its own"
    pending = found["pending"]["metadata"]["query"]
    for name in ("nv_inference_pending_request_count", "llm_waiting_requests"):
        assert f'{name}{{namespace="assistants",service="chat",variant="stable"}}' in pending
    assert "llm_gateway_queue_depth" in pending
    assert found["tokens"]["metadata"]["threshold"] == "900"


def test_vllms_waiting_requests_and_cache_count() -> None:
    found = triggers(made(ModelServer.VLLM, kv_percent=70))
    assert set(found) == {"waiting", "cache"}
    assert "vllm:num_requests_waiting" in found["waiting"]["metadata"]["query"]
    assert "vllm:kv_cache_usage_perc" in found["cache"]["metadata"]["query"]
    assert found["cache"]["metadata"]["threshold"] == "70"


def test_a_fallback_holds_for_every_query_while_metrics_are_missing() -> None:
    scaled = made(fallback_replicas=3)
    assert scaled["fallback"]["replicas"] == 3
    assert scaled["fallback"]["behavior"] == "currentReplicasIfHigher"
    for trigger in scaled["triggers"]:
        assert trigger["metricType"] == "AverageValue", "KEDA has a fallback for no other"
        assert trigger["metadata"]["ignoreNullValues"] == "false"


@pytest.mark.parametrize(("seconds", "weights"), [(240, 0.0), (None, 140.0)])
def test_no_second_step_before_the_first_could_have_started(
    seconds: int | None, weights: float
) -> None:
    more: dict[str, Any] = {"pod_start_seconds": seconds} if seconds else {}
    scaled = made(weights=weights, **more)
    behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    periods = {each["periodSeconds"] for each in behavior["scaleUp"]["policies"]}
    (period,) = periods
    assert period == seconds if seconds else period > 600, "heavy weights take longer"
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= period


@pytest.mark.parametrize(
    ("calm", "start", "window"), [(60, 30, 60), (60, 120, 120), (None, 30, 300)]
)
def test_a_pod_goes_after_as_much_quiet_as_is_said(
    calm: int | None, start: int, window: int
) -> None:
    more: dict[str, Any] = {"calm_seconds": calm} if calm else {}
    scaled = made(pod_start_seconds=start, **more)
    down = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] == window, "not sooner than a pod can start"


def test_the_last_pod_goes_only_where_it_may_and_a_request_wakes_the_model() -> None:
    found = triggers(made(to_zero=True))
    assert "llm_gateway_requests_total" in found["waking"]["metadata"]["query"]
    assert found["waking"]["metadata"]["threshold"] == "1000000", "it adds no second pod"
    assert found["queue"]["metadata"]["ignoreNullValues"] == "true", "no pod, no metrics"
    assert problems(min_replicas=0, scaling={"to_zero": True}, gateway=KEYS) == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"min_replicas": 0, "scaling": {}}, "min_replicas"),
        ({"min_replicas": 1, "scaling": {"to_zero": True}, "gateway": KEYS}, "scaling.to_zero"),
        ({"min_replicas": 0, "scaling": {"to_zero": True}}, "scaling.to_zero"),
        ({"scaling": {"queue_ms": 0}}, "scaling.queue_ms"),
        ({"scaling": {"fallback_replicas": 9}}, "scaling.fallback_replicas"),
        ({"scaling": {"prometheus": "prometheus:9090"}}, "scaling.prometheus"),
        ({"scaling": {"pod_start_seconds": 4000}}, "scaling.pod_start_seconds"),
        ({"scaling": {"calm_seconds": 3601}}, "scaling.calm_seconds"),
        (
            {"scaling": {"cpu_percent": 80}, "recommendations": {"server": ["cpu"]}},
            "recommendations.server[0]",
        ),
        (
            {"scaling": {}, "gateway": KEYS, "recommendations": {"gateway": ["memory", "cpu"]}},
            "recommendations.gateway[1]",
        ),
        ({"recommendations": {"server": ["gpu"]}}, "recommendations.server[0]"),
    ],
)
def test_each_wrong_way_to_scale_is_one_problem(more: Any, path: str) -> None:
    assert [each.path for each in problems(**more)] == [path]


def test_hpa_and_vpa_never_go_by_the_same_resource() -> None:
    (found,) = conflicts("x", ["memory", "cpu"], ["cpu"])
    assert (found.path, found.allowed) == ("x[1]", "memory")
    assert "HPA" in found.problem
    assert conflicts("x", ["memory"], ["cpu"]) == []


def test_defaults_of_scaling_and_recommendations_go_together() -> None:
    assert problems(scaling={}, gateway=KEYS, recommendations={}) == []
