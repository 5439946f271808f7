"""The gateway of the cluster: TLS, load balancer, what goes first."""

from typing import Any

import pytest

from llm_platform.serving.gateway import ServingGateway
from llm_platform.serving.gateway_check import check_serving_gateway
from tests.unit.components_kubernetes.kubernetes_recording import Recording, fields, record


def gateway(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        given = fields(domain="models.example.com", tags={"team": "ml"}, **more)
        made = ServingGateway("gateway", given)
        return {"gateway": made.gateway, "class": made.gateway_class}

    return record(program)


def test_the_gateway_speaks_tls_only_and_to_tenants_only() -> None:
    recording = gateway()
    (listener,) = recording.one("Gateway").spec["listeners"]
    assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
    assert listener["hostname"] == "*.models.example.com"
    routes = listener["allowedRoutes"]["namespaces"]
    assert routes["selector"] == {"matchLabels": {"llm-platform.dev/tenant": "true"}}
    certificate = recording.one("Certificate", "gateway-certificate").spec
    assert certificate["secretName"] == listener["tls"]["certificateRefs"][0]["name"]
    assert certificate["dnsNames"] == [
        "*.models.example.com",
        "*.grpc.models.example.com",
        "*.triton.models.example.com",
    ]
    clients = recording.one("ClientTrafficPolicy").spec
    assert clients["tls"]["minVersion"] == "1.2"
    assert recording.outputs == {"gateway": "kserve/kserve-ingress-gateway", "class": "envoy"}


def test_the_load_balancer_is_private_tagged_and_of_our_controller() -> None:
    proxy = gateway().one("EnvoyProxy").spec["provider"]["kubernetes"]
    service_spec = proxy["envoyService"]
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    assert service_spec["loadBalancerClass"] == "service.k8s.aws/nlb"
    assert service_spec["annotations"][f"{prefix}-scheme"] == "internal"
    assert service_spec["annotations"][f"{prefix}-additional-resource-tags"] == "team=ml"
    public = gateway(internal=False).one("EnvoyProxy").spec["provider"]["kubernetes"]
    assert public["envoyService"]["annotations"][f"{prefix}-scheme"] == "internet-facing"


def test_the_gateway_goes_before_class_and_authority_do() -> None:
    recording = gateway()
    made = recording.one("Gateway")
    for kind, name in (
        ("GatewayClass", ""),
        ("EnvoyProxy", ""),
        ("Certificate", "gateway-authority"),
        ("Issuer", "gateway-issuer"),
    ):
        assert recording.waits_for(made, recording.one(kind, name)), kind


def test_an_issuer_of_ones_own_needs_no_authority() -> None:
    recording = gateway(issuer="letsencrypt")
    assert recording.of("Issuer") == []
    assert recording.one("Certificate").spec["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "ClusterIssuer",
        "name": "letsencrypt",
    }


@pytest.mark.parametrize("domain", ["models", "Models.example", "*.example.com", "a..b", ""])
def test_wrong_domains_are_refused(domain: str) -> None:
    assert [problem.path for problem in check_serving_gateway({"domain": domain})] == ["domain"]


def test_tags_that_cannot_be_written_are_refused() -> None:
    problems = check_serving_gateway({"domain": "a.example", "tags": {"team": "a=b"}})
    assert [problem.path for problem in problems] == ["tags.team"]
