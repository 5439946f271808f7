"""TenantNamespace: closed by default, bounded, and without a usable default account."""

from typing import Any

import pytest

from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.kubernetes.tenant_namespace import TenantNamespace, TenantNamespaceArgs
from llm_platform.kubernetes.tenant_namespace_check import check_tenant_namespace
from llm_platform.problems import InvalidInputsError
from tests.unit.components_kubernetes.kubernetes_recording import (
    STACK_ID,
    Recording,
    fields,
    record,
)

TAGS = {"team": "ml", "owner": "platform@example.com"}


def tenant(**more: Any) -> Recording:
    args: TenantNamespaceArgs = fields(**{"tags": {**TAGS}, **more})

    def program() -> dict[str, Any]:
        made = TenantNamespace("assistants", args)
        return {"namespace": made.namespace, "accounts": made.service_accounts}

    return record(program)


def policies(recording: Recording) -> dict[str, Any]:
    return {made.object_name: made.spec for made in recording.of("NetworkPolicy")}


def test_pods_are_held_to_the_restricted_level_of_a_fixed_version() -> None:
    labels = tenant().one("Namespace").labels
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.35"


def test_whoever_may_do_more_is_still_warned() -> None:
    labels = tenant(pod_security=PodSecurity.BASELINE).one("Namespace").labels
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"


def test_nothing_is_let_through_but_names_and_credentials() -> None:
    found = policies(tenant())
    assert set(found) == {"default-deny", "allow-dns", "allow-pod-identity"}
    assert found["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert found["allow-dns"]["egress"][0]["ports"] == [
        {"port": 53, "protocol": "UDP"},
        {"port": 53, "protocol": "TCP"},
    ]
    agent = found["allow-pod-identity"]["egress"][0]
    assert [peer["ipBlock"]["cidr"] for peer in agent["to"]] == [
        "169.254.170.23/32",
        "fd00:ec2::23/128",
    ]
    assert agent["ports"] == [{"port": 80, "protocol": "TCP"}]


def test_peers_are_let_in_and_out_by_name() -> None:
    found = policies(
        tenant(
            allow_within=True,
            allow_from=[{"namespace": "monitoring", "ports": [8002]}],
            allow_to=[{"namespace": "opentelemetry"}],
        )
    )
    entering = found["allow-from-monitoring"]
    assert entering["ingress"][0]["ports"] == [{"port": 8002, "protocol": "TCP"}]
    assert entering["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }
    assert entering["policyTypes"] == ["Ingress"]
    leaving = found["allow-to-opentelemetry"]
    assert "ports" not in leaving["egress"][0]
    assert leaving["policyTypes"] == ["Egress"]
    assert found["allow-within"]["ingress"] == [{"from": [{"podSelector": {}}]}]


def test_quota_and_limits() -> None:
    recording = tenant(gpus=2, cpus=32, memory_gib=128, storage_gib=100)
    hard = recording.one("ResourceQuota").spec["hard"]
    assert hard["requests.nvidia.com/gpu"] == "2"
    assert hard["requests.cpu"] == "32"
    assert hard["limits.memory"] == hard["requests.memory"] == "128Gi"
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"
    containers, claims = recording.one("LimitRange").spec["limits"]
    assert set(containers["defaultRequest"]) == {"cpu", "memory", "ephemeral-storage"}
    assert "cpu" not in containers["default"], "a CPU limit throttles"
    assert containers["max"] == {"memory": "128Gi"}
    assert claims["max"] == {"storage": "100Gi"}


def test_a_tenant_without_gpus_can_have_none() -> None:
    assert tenant().one("ResourceQuota").spec["hard"]["requests.nvidia.com/gpu"] == "0"


def test_service_accounts_mount_no_token() -> None:
    recording = tenant(service_accounts=["trainer"])
    account = recording.one("ServiceAccount")
    assert account.object_name == "trainer"
    assert account.inputs["automountServiceAccountToken"] is False
    assert recording.outputs["accounts"] == ["trainer"]


def test_everything_says_whose_it_is_and_who_pays() -> None:
    for made in tenant(service_accounts=["trainer"]).in_cluster:
        assert made.labels["team"] == "ml"
        assert made.labels["owner"] == "platform-example.com"
        assert made.labels["app.kubernetes.io/managed-by"] == "pulumi"
        notes = made.inputs["metadata"]["annotations"]
        assert notes["llm-platform.dev/stack"] == STACK_ID
        assert notes["llm-platform.dev/resource"] == made.name


def test_the_name_is_known_once_the_rules_stand() -> None:
    recording = tenant(namespace_name="other")
    assert recording.outputs["namespace"] == "other"
    for kind in ("NetworkPolicy", "ResourceQuota", "LimitRange"):
        for made in recording.of(kind):
            assert recording.waits_for(made, recording.one("Namespace"))
            assert made.inputs["metadata"]["namespace"] == "other"
    assert recording.children_outside("TenantNamespace") == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"namespace_name": "default"}, "namespace_name"),
        ({"namespace_name": "Team"}, "namespace_name"),
        ({"pod_security": PodSecurity.PRIVILEGED}, "pod_security"),
        ({"gpus": -1}, "gpus"),
        ({"memory_gib": 0}, "memory_gib"),
        ({"service_accounts": ["default"]}, "service_accounts[0]"),
        ({"service_accounts": ["a", "a"]}, "service_accounts[1]"),
        ({"allow_from": [{"namespace": "X"}]}, "allow_from[0].namespace"),
        ({"allow_to": [{"namespace": "x", "ports": [0]}]}, "allow_to[0].ports[0]"),
        ({"allow_from": [{"namespace": "x"}, {"namespace": "x"}]}, "allow_from[1]"),
        ({"kubernetes_version": "1.2"}, "kubernetes_version"),
        ({"tags": {"aws:team": "x"}}, "tags.aws:team"),
    ],
)
def test_wrong_inputs_are_refused(more: Any, path: str) -> None:
    assert [problem.path for problem in check_tenant_namespace(more)] == [path]


def test_the_components_name_is_checked_when_it_becomes_the_namespaces() -> None:
    with pytest.raises(InvalidInputsError, match="Team_A"):
        record(lambda: {"namespace": TenantNamespace("Team_A", {}).namespace})
