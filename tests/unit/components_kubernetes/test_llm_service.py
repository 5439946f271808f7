"""LlmService's parts: gateway, candidate, routes, guards, autoscalers, forms."""

import json
from typing import Any

from llm_platform.serving.routes import Split, http_rules
from tests.unit.components_kubernetes.kubernetes_recording import Recording
from tests.unit.components_kubernetes.llm_service_cases import (
    CUSTOM,
    JWT,
    KEYS,
    LLAMA_70B,
    ROUTE,
    problems,
    service,
    whole,
)

# --- variants and gateway ------------------------------------------------------------------


def test_stable_and_candidate_are_services_of_their_own() -> None:
    made = {each.object_name: each for each in whole().of("InferenceService")}
    assert set(made) == {"chat", "chat-candidate"}
    candidate = made["chat-candidate"].spec["predictor"]
    assert candidate["storageUris"][0]["mountPath"] == "/mnt/models/smollm3"
    assert candidate["model"]["resources"]["requests"]["cpu"] == "1500m"
    assert made["chat"].spec["predictor"]["model"]["resources"]["requests"]["cpu"] == "2"
    labels = made["chat-candidate"].inputs["metadata"]["labels"]
    assert labels["llm-platform.dev/variant"] == "candidate"
    assert labels["networking.kserve.io/visibility"] == "cluster-local", "our routes lead"


def test_the_candidate_answers_to_the_name_of_stable() -> None:
    entry = {"name": "smollm2", "kind": "tensor"}
    recording = whole(gateway={**KEYS, "model_settings": entry})
    settings = {
        each.object_name: json.loads(each.inputs["data"]["gateway.json"])
        for each in recording.of("ConfigMap")
    }
    (model,) = settings["chat-candidate-gateway"]["models"]
    assert (model["name"], model["triton"]) == ("smollm2", "smollm3")
    upstream = settings["chat-candidate-gateway"]["upstream"]
    assert upstream["grpc"] == "chat-candidate-predictor.assistants:9000"
    assert settings["chat-gateway"]["models"][0]["triton"] == "smollm2"


def test_the_candidates_gateway_knows_the_candidates_template() -> None:
    stable = {"name": "smollm2", "kind": "chat", "context_tokens": 9, "template": "smollm2"}
    own = {"kind": "chat", "context_tokens": 7, "template_text": "x", "name": "smollm3"}
    recording = whole(
        gateway={**KEYS, "model_settings": stable},
        candidate={"model": "smollm3", "model_settings": own},
    )
    models = {
        each.object_name: json.loads(each.inputs["data"]["gateway.json"])["models"]
        for each in recording.of("ConfigMap")
    }
    assert models["chat-gateway"] == [{**stable, "triton": "smollm2"}]
    assert models["chat-candidate-gateway"] == [{**own, "name": "smollm2", "triton": "smollm3"}]


def test_a_candidate_may_differ_by_what_its_gateway_knows_alone() -> None:
    entry = {"name": "smollm2", "kind": "chat", "context_tokens": 9, "template": "smollm2"}
    gateway = {**KEYS, "model_settings": entry}
    other = {"kind": "chat", "context_tokens": 9, "template": "chatml"}
    assert problems(gateway=gateway, candidate={"model_settings": other}) == []
    same = problems(gateway=gateway, candidate={"model_settings": {**entry, "name": "x"}})
    assert [each.path for each in same] == ["candidate"]
    (found,) = problems(gateway=KEYS, candidate={"model_settings": other})
    assert found.path == "candidate.model_settings"


def test_the_digest_of_the_settings_is_the_same_for_equal_variants() -> None:
    def digests(**candidate: Any) -> set[str]:
        made = whole(gateway={**KEYS, "model_settings": {"name": "m"}}, candidate=candidate)
        return {
            each.spec["transformer"]["annotations"]["llm-platform.dev/gateway-settings"]
            for each in made.of("InferenceService")
        }

    assert len(digests(cpus=1.5)) == 1
    assert len(digests(model_settings={"kind": "tensor"})) == 2


def test_pods_are_replaced_when_their_settings_change() -> None:
    def digest(recording: Recording) -> str:
        made = next(e for e in recording.of("InferenceService") if e.object_name == "chat")
        return made.spec["transformer"]["annotations"]["llm-platform.dev/gateway-settings"]

    budgets = {"budgets": {"default": ""}}
    assert digest(whole()) != digest(whole(gateway={**KEYS, "settings": budgets}))
    assert digest(whole()) == digest(whole())


def test_the_gateway_takes_kserves_arguments_and_states_a_limit() -> None:
    transformer = whole().of("InferenceService")[0].spec["transformer"]
    (container,) = transformer["containers"]
    assert container["args"][0] == "serve"
    assert "--http_port=18080" in container["args"], "KServe would say 8080"
    assert container["resources"]["limits"]["cpu"] == "1"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert transformer["automountServiceAccountToken"] is False
    volumes = {each["name"]: each for each in transformer["volumes"]}
    assert volumes["keys"]["secret"]["secretName"] == "chat-keys"


def test_anybody_may_ask_only_where_it_is_said() -> None:
    recording = service(gateway={"anonymous": True})
    settings = json.loads(recording.one("ConfigMap").inputs["data"]["gateway.json"])
    assert settings["keys"] == {"required": False}
    assert [each.path for each in problems(gateway={})] == ["gateway.keys_secret"]


def test_a_rolling_update_takes_no_pod_before_another_is_ready() -> None:
    spec = whole().of("InferenceService")[0].spec
    for part in ("predictor", "transformer"):
        rolling = spec[part]["deploymentStrategy"]["rollingUpdate"]
        assert rolling == {"maxUnavailable": 0, "maxSurge": 1}


def test_heavy_weights_get_a_longer_start() -> None:
    def allowed(billions: float) -> int:
        figures = {**LLAMA_70B, "parameters_billions": billions, "gpu_memory_gib": 80.0}
        made = service(footprint=figures, gpus=8, pool="h100").one("InferenceService")
        return made.spec["predictor"]["model"]["startupProbe"]["failureThreshold"]

    assert allowed(8) < allowed(70)
    plain = service().one("InferenceService").spec["predictor"]["model"]
    assert "startupProbe" not in plain, "the runtime's holds"


# --- routes --------------------------------------------------------------------------------


def test_the_route_leads_to_stable_until_a_rollout_says_otherwise() -> None:
    recording = whole()
    route = recording.one("HTTPRoute")
    assert route.spec["hostnames"] == ["chat-assistants.models.example.com"]
    assert route.spec["rules"] == http_rules("chat", Split())
    assert recording.outputs["url"] == "https://chat-assistants.models.example.com"
    assert recording.outputs["address"] == "chat-transformer.assistants.svc.cluster.local"
    (parent,) = route.spec["parentRefs"]
    assert (parent["namespace"], parent["name"]) == ("kserve", "kserve-ingress-gateway")


def test_envoys_limits_hold_for_every_route() -> None:
    recording = whole(route={**ROUTE, "jwt": JWT, "direct": True, "requests_per_second": 7})
    targets = {
        (each["kind"], each["name"])
        for each in recording.one("BackendTrafficPolicy").spec["targetRefs"]
    }
    assert targets == {
        ("HTTPRoute", "chat"),
        ("GRPCRoute", "chat-grpc"),
        ("GRPCRoute", "chat-triton"),
    }
    policy = recording.one("BackendTrafficPolicy").spec
    assert policy["retry"]["retryOn"]["triggers"] == ["connect-failure", "refused-stream"]
    assert policy["rateLimit"]["local"]["rules"][0]["limit"]["requests"] == 7
    (provider,) = recording.one("SecurityPolicy").spec["jwt"]["providers"]
    assert provider["remoteJWKS"] == {"uri": "https://id/keys"}


def test_without_a_route_nothing_leads_in() -> None:
    recording = service(gateway=KEYS)
    for kind in ("HTTPRoute", "GRPCRoute", "BackendTrafficPolicy", "SecurityPolicy"):
        assert recording.of(kind) == []
    assert recording.outputs["url"] == ""


# --- guards --------------------------------------------------------------------------------


def test_a_model_is_asked_by_its_own_gateway_alone() -> None:
    policies = {each.object_name: each.spec for each in whole().of("NetworkPolicy")}
    inside = [rule for rule in policies["chat"]["ingress"] if "ports" in rule]
    asked = {
        json.dumps(rule["from"], sort_keys=True): [port["port"] for port in rule["ports"]]
        for rule in inside
    }
    gateway = {"llm-platform.dev/service": "chat", "component": "transformer"}
    neighbours = json.dumps([{"podSelector": {"matchLabels": gateway}}], sort_keys=True)
    assert asked[neighbours] == [8080, 9000]
    assert len(asked) == 2, "and Prometheus"
    front = policies["chat-gateway"]
    (envoy, *_) = front["ingress"]
    assert [port["port"] for port in envoy["ports"]] == [18080, 18081]
    out = [rule["to"] for rule in front["egress"]]
    assert not any("ipBlock" in peer for peers in out for peer in peers), "nothing outside"


def test_every_part_of_every_variant_has_a_budget_of_its_own() -> None:
    selectors = [
        tuple(sorted(each.spec["selector"]["matchLabels"].items()))
        for each in whole().of("PodDisruptionBudget")
    ]
    assert len(selectors) == 4
    assert len(set(selectors)) == 4, "a pod in two budgets can never be evicted"


def test_metrics_tell_variants_apart() -> None:
    monitors = {each.object_name: each.spec for each in whole().of("PodMonitor")}
    assert set(monitors) == {"chat", "chat-gateway"}
    for spec in monitors.values():
        (endpoint,) = spec["podMetricsEndpoints"]
        labels = {each["targetLabel"]: each["sourceLabels"] for each in endpoint["relabelings"]}
        assert labels == {
            "service": ["__meta_kubernetes_pod_label_llm_platform_dev_service"],
            "variant": ["__meta_kubernetes_pod_label_llm_platform_dev_variant"],
        }
    assert service().of("PodMonitor") == []


# --- forms and servers ---------------------------------------------------------------------


def test_a_stateful_set_keeps_its_volumes_and_answers_by_the_same_names() -> None:
    recording = whole(
        form="STATEFUL_SET", image="x/triton:1", runtime=None, cache={"storage_gib": 50}
    )
    assert recording.of("InferenceService") == []
    made = {each.object_name: each.spec for each in recording.of("StatefulSet")}
    assert set(made) == {"chat-predictor", "chat-candidate-predictor"}
    spec = made["chat-predictor"]
    assert spec["serviceName"] == "chat-predictor-pods"
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "50Gi"
    (fetch,) = spec["template"]["spec"]["initContainers"]
    assert fetch["args"] == ["s3://models/model_repo/smollm2", "/mnt/models/smollm2"]
    assert "replicas" not in spec, "an autoscaler decides"
    services = {each.object_name: each.spec for each in recording.of("Service")}
    ports = {port["name"]: port["port"] for port in services["chat-predictor"]["ports"]}
    assert ports == {"http": 80, "grpc": 9000, "metrics": 8002}
    assert services["chat-predictor-pods"]["clusterIP"] == "None"
    for each in recording.of("Service"):
        skips = each.inputs["metadata"]["annotations"].get("pulumi.com/skipAwait")
        assert skips == "true", "its pods come after it: the engine would wait for them for ever"
    assert recording.one("ScaledObject", "chat-scaler").spec["scaleTargetRef"]["kind"] == (
        "StatefulSet"
    )
    labels = spec["template"]["metadata"]["labels"]
    budget = recording.one("PodDisruptionBudget", "chat-budget").spec
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_a_group_over_nodes_has_a_leader_that_answers() -> None:
    recording = service(
        server="vllm",
        form="LEADER_WORKER_SET",
        image="x/vllm:1",
        runtime=None,
        nodes=2,
        gpus=8,
        pool="h100",
        model="large",
    )
    group = recording.one("LeaderWorkerSet").spec
    template = group["leaderWorkerTemplate"]
    assert template["size"] == 2
    leader = template["leaderTemplate"]
    (container,) = leader["spec"]["containers"]
    assert "--pipeline-parallel-size=2" in container["command"][-1]
    assert "--tensor-parallel-size=8" in container["command"][-1]
    address = recording.one("Service").spec
    assert address["selector"].items() <= leader["metadata"]["labels"].items()
    worker = template["workerTemplate"]
    assert not address["selector"].items() <= worker["metadata"]["labels"].items()


def test_adapters_come_with_the_weights_and_have_names_of_their_own() -> None:
    adapters = [{"name": "legal", "uri": "s3://models/adapters/legal", "rank": 32}]
    predictor = (
        service(server="vllm", runtime="vllm", adapters=adapters)
        .one("InferenceService")
        .spec["predictor"]
    )
    assert predictor["storageUris"][1] == {
        "uri": "s3://models/adapters/legal",
        "mountPath": "/mnt/models/adapters/legal",
    }
    command = predictor["model"]["args"]
    assert "legal=/mnt/models/adapters/legal" in command
    assert "--max-lora-rank=32" in command
    assert predictor["model"]["modelFormat"] == {"name": "vllm"}


def test_a_server_of_ones_own_states_all_that_kserve_would_add() -> None:
    made = service(server="custom", runtime=None, custom=CUSTOM, cpus=4).one("InferenceService")
    (container,) = made.spec["predictor"]["containers"]
    assert container["resources"]["limits"]["cpu"] == "4", "KServe would allow one"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health"
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "model" not in made.spec["predictor"]


def test_a_claim_is_mounted_as_a_repository() -> None:
    made = service(repository_uri="pvc://models/model_repo").one("InferenceService")
    predictor = made.spec["predictor"]
    assert predictor["model"]["storageUri"] == "pvc://models/model_repo"
    assert "storageUris" not in predictor
