"""Everything that a served model is made of has the form that the real CRDs and Kubernetes want."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.offline.conformity import Findings
from infra.offline.manifests import Schemas
from llm_platform.addons.table import ADDONS
from llm_platform.kubernetes.network_rules import gateway_of_model, served_model
from llm_platform.serving import (
    gateway_transformer,
    inference_pool,
    monitors,
    multi_node,
    routes,
    scaling,
    stateful,
    traffic,
    triton,
    vllm,
)
from llm_platform.serving.kinds import ModelServer, ServingForm, WireProtocol
from llm_platform.serving.llm_service_shape import Adapter, CustomShape, ServiceShape
from llm_platform.serving.llm_service_spec import (
    disruption_budget,
    part_labels,
    predictor,
    service_annotations,
    service_labels,
)
from llm_platform.serving.plain_pods import headless, service_spec
from llm_platform.serving.routes import Part, Split, Variant
from local.reporter import QuietReporter

CHARTS = {
    "gateway-helm": ADDONS["gateway-helm"].version,
    "keda": "2.20.2",
    "kserve-crd": "v0.20.0",
    "lws": "0.10.0",
    "prometheus-operator-crds": "31.0.1",
    "vertical-pod-autoscaler": "0.11.0",
    "gateway-api-inference-extension": "v1.5.0",
}


def shape(**more: Any) -> ServiceShape:
    plain: dict[str, Any] = {
        "service": "chat",
        "variant": Variant.CANDIDATE,
        "server": ModelServer.TRITON,
        "model": "smollm2",
        "min_replicas": 1,
        "max_replicas": 3,
        "gpus": 2,
        "cpus": 0.25,
        "memory_gib": 4,
        "pool": "l4",
        "priority_class": "llm-serving",
        "timeout_seconds": 300,
        "grace_seconds": 120,
        "startup_seconds": 900,
        "image": "x/server:1",
        "extra_args": ("--log-verbose=1",),
        "env": {"OMP_NUM_THREADS": "1"},
        "scaled": True,
    }
    return ServiceShape(**{**plain, **more})


CUSTOM = CustomShape("x/own:1", WireProtocol.V2, ("serve",), 8080, "/v2/health/ready", "/metrics")
ADAPTERS = (Adapter("legal", "s3://bucket/adapters/legal", 16),)
SHAPES = {
    "triton": shape(),
    "vllm": shape(server=ModelServer.VLLM, adapters=ADAPTERS),
    "custom": shape(server=ModelServer.CUSTOM, custom=CUSTOM, gpus=0, pool=""),
}
FRONT = gateway_transformer.GatewayShape("x/gateway:1", "chat-keys", 1, 3, 0.1, 512)
SCALING = scaling.scaling_shape({"tokens_per_second": 900, "cpu_percent": 80}, 1, 16.0)
SPLITS = {
    "stable": routes.STABLE_ONLY,
    "canary": Split(candidate=10),
    "shadow": Split(mirrored=50),
    "rolled-back": Split(pinned=False),
}


def manifest(api_version: str, kind: str, spec: Any, **metadata: Any) -> dict[str, Any]:
    named = {"name": "chat", "namespace": "assistants", **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": named, "spec": spec}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in SHAPES.items():
        kserve = "serving.kserve.io/v1beta1"
        settings = gateway_transformer.settings_text(each, FRONT, "assistants")
        spec = {
            "predictor": predictor(each, "triton", "chat", "s3://bucket/model_repo/smollm2"),
            "transformer": gateway_transformer.transformer(each, FRONT, "chat", settings),
        }
        metadata = {
            "labels": service_labels("chat", each.variant),
            "annotations": service_annotations(each),
        }
        yield f"{name} service", manifest(kserve, "InferenceService", spec, **metadata)
        yield (
            f"{name} scaler",
            manifest(
                scaling.KEDA, "ScaledObject", scaling.scaled_object(each, SCALING, "assistants")
            ),
        )
    runtimes = "serving.kserve.io/v1alpha1"
    triton_runtime = triton.runtime_spec(triton.RuntimeShape("x/t:1", "1Gi", 15, 2000, ()))
    yield "triton", manifest(runtimes, "ClusterServingRuntime", triton_runtime)
    vllm_runtime = vllm.runtime_spec(vllm.VllmShape("x/v:1", "1Gi", 900, 0.9, ()))
    yield "vllm", manifest(runtimes, "ClusterServingRuntime", vllm_runtime)
    yield from route_manifests()
    yield from guard_manifests()
    yield from form_manifests()


def route_manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, split in SPLITS.items():
        http = routes.route_spec(("kserve", "gw"), "chat.x.y", routes.http_rules("chat", split))
        yield f"http {name}", manifest(routes.API_VERSION, "HTTPRoute", http)
        grpc = routes.route_spec(("kserve", "gw"), "chat.x.y", routes.grpc_rules("chat", split))
        yield f"grpc {name}", manifest(routes.API_VERSION, "GRPCRoute", grpc)
    named = [("HTTPRoute", "chat"), ("GRPCRoute", "chat-grpc")]
    bounds = traffic.limits({"domain": "x.y"}, 300)
    yield (
        "traffic",
        manifest(
            traffic.API_VERSION, "BackendTrafficPolicy", traffic.backend_traffic(named, bounds)
        ),
    )
    tokens = traffic.security(named, "https://issuer", ["chat"], "https://issuer/keys")
    yield "security", manifest(traffic.API_VERSION, "SecurityPolicy", tokens)
    clients = traffic.client_traffic("gw")
    yield "clients", manifest(traffic.API_VERSION, "ClientTrafficPolicy", clients)


def guard_manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    each = SHAPES["triton"]
    labels = part_labels(each, Part.SERVER)
    monitor = monitors.pod_monitor("chat", Part.GATEWAY, "http")
    yield "monitor", manifest(monitors.API_VERSION, "PodMonitor", monitor)
    advice = scaling.recommender(each, Part.GATEWAY, ["memory"])
    yield "vpa", manifest(scaling.VPA, "VerticalPodAutoscaler", advice)
    hpa = scaling.gateway_scaler(each, 1, 3, SCALING)
    yield "hpa", manifest("autoscaling/v2", "HorizontalPodAutoscaler", hpa)
    yield "pdb", manifest("policy/v1", "PodDisruptionBudget", disruption_budget(labels))
    network = "networking.k8s.io/v1"
    callers = {"monitoring": [8002]}
    inside = served_model(labels, callers, ["0.0.0.0/0"], (labels, [8080]))
    yield "server policy", manifest(network, "NetworkPolicy", inside)
    front = gateway_of_model(labels, callers, (labels, [8080, 9000]))
    yield "gateway policy", manifest(network, "NetworkPolicy", front)


def form_manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    own = shape(form=ServingForm.STATEFUL_SET, scaled=False)
    pods = stateful.stateful_set(own, "chat", "s3://b/model_repo/smollm2", 50, "gp3")
    yield "stateful", manifest("apps/v1", "StatefulSet", pods)
    answers = service_spec(own, Part.SERVER, part_labels(own, Part.SERVER))
    yield "address", manifest("v1", "Service", answers)
    yield "pods", manifest("v1", "Service", headless(answers))
    large = shape(server=ModelServer.VLLM, form=ServingForm.LEADER_WORKER_SET)
    groups = multi_node.leader_worker_set(large, "chat", "s3://b/model_repo/big", 2)
    yield "groups", manifest(multi_node.API_VERSION, multi_node.KIND, groups)
    pool = inference_pool.inference_pool(SHAPES["vllm"])
    yield "pool", manifest(inference_pool.API_VERSION, inference_pool.KIND, pool)


MANIFESTS = dict(manifests())


@pytest.fixture(scope="module")
def schemas() -> Any:
    return Schemas(CHARTS, QuietReporter())


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_has_the_form_that_its_schema_wants(schemas: Any, name: str) -> None:
    findings = Findings()

    schemas.check(MANIFESTS[name], findings)

    assert findings.problems == []
    assert findings.unknown == 0


def test_a_misspelt_field_would_be_found(schemas: Any) -> None:
    wrong = {**MANIFESTS["http canary"], "spec": {"hostnamez": ["a"]}}
    findings = Findings()

    schemas.check(wrong, findings)

    assert [path for path, _ in findings.problems] == ["spec.hostnamez"]
