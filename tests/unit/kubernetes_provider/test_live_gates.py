"""Gates: a webhook is there when its Service, its certificates and an answer are."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.providers.kubernetes import gates
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.pod_troubles import pod_troubles
from local.providers.model import ProviderError

CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/issuers"
SERVICE = "/api/v1/namespaces/certs/services/webhook"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/certs/endpointslices"
ISSUERS = "/apis/cert-manager.io/v1/namespaces/certs/issuers"
MADE = [{"kind": "ValidatingWebhookConfiguration", "metadata": {"name": "issuers"}}]
DOWN = ApiError(500, {"message": "failed calling webhook x: connection refused"})


class Answers(Api):
    """An API server that answers with what it was given, and with an error where that is one."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        super().__init__(Access("http://127.0.0.1:1", None, None, None))
        self.objects = dict(objects)
        self.tried: list[str] = []

    def request(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        if method == "POST":
            assert given["query"] == {"dryRun": "All"}
            self.tried.append(path)
        found = self.objects.get(path.partition("?")[0])
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise ApiError(404, {"message": "not found", "reason": "NotFound"})
        return dict(found)


def world(**changed: Any) -> Answers:
    webhook = {
        "clientConfig": {
            "service": {"namespace": "certs", "name": "webhook"},
            "caBundle": changed.get("bundle", "Zm9v"),
        },
        "rules": [{"apiGroups": ["cert-manager.io"], "resources": ["issuers"]}],
    }
    service = {
        "metadata": {"name": "webhook", "namespace": "certs"},
        "spec": {"selector": {"app": "x"}, "clusterIP": "10.96.0.5"},
    }
    endpoint = {"conditions": {"ready": changed.get("ready", True)}}
    return Answers(
        {
            CONFIGURATION: {"webhooks": [webhook]},
            SERVICE: changed.get("service", service),
            SLICES: {"items": [{"endpoints": [endpoint]}]},
            ISSUERS: changed.get("answer", {"kind": "Issuer"}),
        }
    )


def cluster(api: Api) -> Cluster:
    return Cluster(api, Discovery(api), force=False, default_namespace="default")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "GATE_SECONDS", 0.0)
    monkeypatch.setattr(gates, "PAUSE_SECONDS", 0.0)


def test_a_webhook_that_answers_lets_pass() -> None:
    api = world()
    gates.pass_gates(cluster(api), MADE, "certs", 0)
    assert api.tried == [ISSUERS]


def test_a_refusal_is_an_answer_too() -> None:
    refused = ApiError(403, {"message": "admission webhook x denied the request"})
    gates.pass_gates(cluster(world(answer=refused)), MADE, "certs", 0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"service": None}, "Service certs/webhook does not exist"),
        ({"ready": False}, "no ready pod stands behind it"),
        ({"bundle": ""}, "caBundle"),
        ({"answer": DOWN}, "connection refused"),
    ],
)
def test_what_a_webhook_lacks_is_named(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderError, match=f"webhook issuers does not answer: .*{words}"):
        gates.pass_gates(cluster(world(**changed)), MADE, "certs", 0)


def test_what_makes_no_webhooks_has_no_gates() -> None:
    api = Answers({})
    gates.pass_gates(cluster(api), [{"kind": "Deployment", "metadata": {"name": "a"}}], "x", 0)
    gates.pass_gates(cluster(api), MADE, "certs", 0)  # its controller makes it by itself
    assert api.tried == []


def test_every_sample_is_of_a_kind_by_its_plural() -> None:
    for (group, plural), (kind, spec) in gates.SAMPLES.items():
        version, _, name = kind.partition(" ")
        assert version.startswith(f"{group}/")
        assert plural == f"{name.lower()}s"
        assert spec


def test_troubles_of_pods_are_told_by_container() -> None:
    def pod(name: str, **status: Any) -> dict[str, Any]:
        return {"metadata": {"name": name}, "status": status}

    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes fit"}
    waiting = {"name": "c", "image": "x:1", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    starting = {"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}
    pods = [
        pod("a", conditions=[unscheduled]),
        pod("b", containerStatuses=[waiting]),
        pod("c", containerStatuses=[starting]),
    ]
    api = Answers({"/api/v1/namespaces/x/pods": {"items": pods}})
    assert pod_troubles(cluster(api), "x") == [
        "pod a has no node: 0/1 nodes fit",
        "pod b, container c (image x:1): ImagePullBackOff",
    ]
    assert pod_troubles(cluster(Answers({})), "x") == []
