from typing import Any

from local.node.eks.addons import IMAGES, coredns, corefile, metrics_server
from local.node.eks.installing import path_of, webhook
from local.node.plan import DNS_ADDRESS


def find(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(each for each in objects if each["kind"] == kind)


def test_the_addons_run_the_images_that_are_named() -> None:
    deployments = [find(objects, "Deployment") for objects in (coredns(), metrics_server())]
    containers = [each["spec"]["template"]["spec"]["containers"][0] for each in deployments]
    assert tuple(each["image"] for each in containers) == IMAGES


def test_selectors_fit_the_pods() -> None:
    for objects in (coredns(), metrics_server()):
        deployment = find(objects, "Deployment")["spec"]
        labels = deployment["template"]["metadata"]["labels"]
        for selector in (
            deployment["selector"]["matchLabels"],
            find(objects, "Service")["spec"]["selector"],
            find(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        ):
            assert selector.items() <= labels.items()


def test_dns_is_where_the_kubelet_says_it_is_and_found_by_its_label() -> None:
    service = find(coredns(), "Service")
    assert service["spec"]["clusterIP"] == DNS_ADDRESS
    assert find(coredns(), "Deployment")["spec"]["template"]["metadata"]["labels"]["k8s-app"] == (
        "kube-dns"
    )


def test_names_of_models_lead_to_the_load_balancer() -> None:
    assert "llm.internal:53 {" in corefile("llm.internal")
    assert "IN A 10.88.0.16" in corefile("llm.internal")
    assert "10.88" not in corefile("")


def test_the_addons_ask_for_little() -> None:
    for objects in (coredns(), metrics_server()):
        container = find(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
        assert container["resources"]["requests"]["cpu"] == "10m"


def test_every_object_has_a_path() -> None:
    hook = webhook(1, "")
    paths = [path_of(each) for each in [hook, *coredns(), *metrics_server()]]
    assert len(set(paths)) == len(paths)
    assert "/apis/apps/v1/namespaces/kube-system/deployments/coredns" in paths
    assert "/api/v1/namespaces/kube-system/services/kube-dns" in paths
    assert "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io" in paths
    assert (
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook"
        in paths
    )


def test_a_pod_is_refused_rather_than_run_without_its_identity() -> None:
    hook = webhook(21000, "authority")["webhooks"][0]
    assert hook["failurePolicy"] == "Fail"
    assert hook["clientConfig"] == {
        "url": "https://127.0.0.1:21000/mutate",
        "caBundle": "authority",
    }
