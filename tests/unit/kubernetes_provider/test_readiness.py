"""When each kind is ready, and what its annotations ask for."""

from typing import Any

import pytest

from local.providers.kubernetes.objects import PROPAGATION, SKIP_AWAIT, TIMEOUT, WAIT_FOR
from local.providers.kubernetes.readiness import Lack, missing
from local.providers.kubernetes.waiting import seconds, unmet, wrong_annotations
from local.providers.model import ProviderError
from local.providers.values import UNKNOWN


def live(version: str, kind: str, status: Any = None, **spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "a", "namespace": "ns", "generation": 2},
        "spec": spec,
    }
    return made if status is None else {**made, "status": status}


def said(name: str, status: str, message: str = "why") -> dict[str, Any]:
    return {"conditions": [{"type": name, "status": status, "message": message}]}


def nothing(path: str) -> None:
    raise AssertionError(f"{path} was read for nothing")


SEEN = {"observedGeneration": 2}
UP = {"updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, "replicas": 1}
EXTENSIONS = "apiextensions.k8s.io/v1"

READY = [
    live("v1", "Namespace", {"phase": "Active"}),
    live("v1", "ConfigMap"),
    live("v1", "Pod", said("Ready", "True")),
    live("v1", "Pod", {"phase": "Succeeded"}),
    live("v1", "Service", {}, type="ClusterIP"),
    live("v1", "Service", {}, type="ExternalName", selector={"a": "b"}),
    live("v1", "Service", {}, clusterIP="None", selector={"a": "b"}),
    live("v1", "Service", {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}, type="LoadBalancer"),
    live("v1", "PersistentVolumeClaim", {"phase": "Bound"}),
    live("apps/v1", "Deployment", {**SEEN, **UP}),
    live("apps/v1", "Deployment", {**SEEN}, replicas=0),
    live("apps/v1", "StatefulSet", {**SEEN, **UP}),
    live("apps/v1", "DaemonSet", {**SEEN, "desiredNumberScheduled": 0}),
    live("batch/v1", "Job", said("Complete", "True")),
    live("batch/v1", "Job", {}, suspend=True),
    live(EXTENSIONS, "CustomResourceDefinition", said("Established", "True")),
    live("networking.k8s.io/v1", "Ingress", {"loadBalancer": {"ingress": [{"hostname": "h"}]}}),
    live("serving.knative.dev/v1", "Service", {}, type="LoadBalancer"),
]

NOT_READY = [
    (live("v1", "Namespace", {"phase": "Terminating"}), "phase is Terminating, not Active"),
    (live("v1", "Namespace"), "phase is not set"),
    (live("v1", "Pod", {"phase": "Pending", **said("Ready", "False", "no node")}), "no node"),
    (live("v1", "Service", {"loadBalancer": {}}, type="LoadBalancer"), "no load balancer"),
    (live("v1", "PersistentVolumeClaim", {"phase": "Pending"}), "phase is Pending, not Bound"),
    (live("apps/v1", "Deployment", {**UP, "observedGeneration": 1}), "not seen it yet"),
    (live("apps/v1", "Deployment"), "not seen it yet"),
    (live("apps/v1", "Deployment", {**SEEN, **UP}, replicas=2), "1 of 2 replicas"),
    (live("apps/v1", "Deployment", {**SEEN, **UP, "replicas": 2}), "1 of 1 replicas"),
    (live("apps/v1", "StatefulSet", {**UP}), "not seen it yet"),
    (live("apps/v1", "StatefulSet", {**SEEN, "readyReplicas": 1}), "0 of 1 replicas"),
    (live("apps/v1", "DaemonSet", {"observedGeneration": 1}), "not seen it yet"),
    (
        live("apps/v1", "DaemonSet", {**SEEN, "desiredNumberScheduled": 2, "numberReady": 1}),
        "0 of 2 nodes",
    ),
    (live("batch/v1", "Job", {}), "not completed"),
    (live(EXTENSIONS, "CustomResourceDefinition", {"conditions": None}), "not established"),
    (live("networking.k8s.io/v1", "Ingress", {"loadBalancer": {}}), "no address"),
]

HOPELESS = [
    (live("batch/v1", "Job", said("Failed", "True", "backoff")), "it failed: backoff"),
    (live("v1", "Pod", {"phase": "Failed", "message": "evicted"}), "evicted"),
    (live("v1", "PersistentVolumeClaim", {"phase": "Lost"}), "Lost"),
    (
        live("apps/v1", "Deployment", {**SEEN, **said("Progressing", "False", "deadline")}),
        "deadline",
    ),
    (
        live(EXTENSIONS, "CustomResourceDefinition", said("NamesAccepted", "False", "taken")),
        "names are not accepted: taken",
    ),
]


def text(lack: Lack | None) -> str:
    assert lack is not None
    return lack.text


@pytest.mark.parametrize("made", READY, ids=lambda made: made["kind"])
def test_ready(made: dict[str, Any]) -> None:
    assert missing(made, nothing) is None


@pytest.mark.parametrize(("made", "why"), NOT_READY)
def test_not_ready(made: dict[str, Any], why: str) -> None:
    lack = missing(made, nothing)
    assert why in text(lack)
    assert lack is not None
    assert not lack.is_final


@pytest.mark.parametrize(("made", "why"), HOPELESS)
def test_waiting_will_not_help(made: dict[str, Any], why: str) -> None:
    lack = missing(made, nothing)
    assert why in text(lack)
    assert lack is not None
    assert lack.is_final


@pytest.mark.parametrize(("made", "why"), [*NOT_READY, *HOPELESS])
def test_skip_await_goes_before_everything(made: dict[str, Any], why: str) -> None:
    del why
    noted = {SKIP_AWAIT: "true", WAIT_FOR: "condition=Never"}
    made = {**made, "metadata": {**made["metadata"], "annotations": noted}}
    assert missing(made, nothing) is None


@pytest.mark.parametrize(
    ("endpoints", "is_ready"),
    [
        ([], False),
        ([{"conditions": {"ready": False}}], False),
        ([{"conditions": {"ready": False}}, {"conditions": {"ready": True}}], True),
        ([{"addresses": ["10.0.0.1"]}], True),
    ],
)
def test_a_service_waits_for_pods_behind_it(endpoints: list[Any], is_ready: bool) -> None:
    asked: list[str] = []

    def look(path: str) -> dict[str, Any]:
        asked.append(path)
        return {"items": [{"endpoints": None}, {"endpoints": endpoints}]}

    lack = missing(live("v1", "Service", {}, selector={"a": "b"}, clusterIP="10.0.0.1"), look)
    assert (lack is None) is is_ready
    slices = "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices"
    assert asked == [f"{slices}?labelSelector=kubernetes.io/service-name%3Da"]


def test_a_claim_that_binds_late_may_be_pending() -> None:
    def look(path: str) -> dict[str, Any]:
        assert path == "/apis/storage.k8s.io/v1/storageclasses/gp3"
        return {"volumeBindingMode": "WaitForFirstConsumer"}

    claim = live("v1", "PersistentVolumeClaim", {"phase": "Pending"}, storageClassName="gp3")
    assert missing(claim, look) is None
    assert "Pending" in text(missing(claim, lambda _: {"volumeBindingMode": "Immediate"}))


CUSTOM = live(
    "x.io/v1",
    "Model",
    {
        "phase": "Running", "count": 3, "on": True, "list": [{"a": "b"}], "a.b": "dotted",
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Synced", "status": "False"},
            {"type": "Old", "status": "True", "observedGeneration": 1},
        ],
    },
)  # fmt: skip


class TestWaitFor:
    @pytest.mark.parametrize(
        "wanted",
        [
            "condition=Ready",
            "condition=Ready=True",
            "condition=Synced=False",
            "jsonpath={.status.phase}=Running",
            "jsonpath={.status.phase}",
            "jsonpath={.status.count}=3",
            "jsonpath={.status.on}=true",
            "jsonpath={.status.list[0].a}=b",
            "jsonpath={.status.a\\.b}=dotted",
            '["condition=Ready", "jsonpath={.status.phase}=Running"]',
        ],
    )
    def test_holds(self, wanted: str) -> None:
        assert unmet(wanted, CUSTOM) == ""

    @pytest.mark.parametrize(
        "wanted",
        [
            "condition=Synced",
            "condition=Missing",
            "condition=Old",
            "jsonpath={.status.phase}=Failed",
            "jsonpath={.status.nowhere.at.all}",
            "jsonpath={.status.list[7].a}",
            '["condition=Ready", "jsonpath={.status.phase}=Failed"]',
        ],
    )
    def test_does_not_hold(self, wanted: str) -> None:
        assert "does not hold" in unmet(wanted, CUSTOM)

    @pytest.mark.parametrize(
        "wanted",
        [
            "Ready",
            "condition=",
            "jsonpath=.status.phase",
            "jsonpath={.status.conditions[?(@.type=='Ready')].status}",
            '["condition=Ready"',
            "[]",
            "[1]",
            '["nonsense"]',
        ],
    )
    def test_malformed(self, wanted: str) -> None:
        with pytest.raises(ProviderError):
            unmet(wanted, CUSTOM)
        failures = wrong_annotations({"metadata": {"annotations": {WAIT_FOR: wanted}}})
        assert [each.property for each in failures] == [f'metadata.annotations["{WAIT_FOR}"]']

    def test_it_replaces_what_the_kind_waits_for(self) -> None:
        made = live("v1", "Namespace", {"phase": "Terminating", "x": 1})
        made["metadata"]["annotations"] = {WAIT_FOR: "jsonpath={.status.x}=1"}
        assert missing(made, nothing) is None


def test_annotations_for_the_provider_are_checked_at_once() -> None:
    noted = {TIMEOUT: "ten", PROPAGATION: "sideways", WAIT_FOR: "x"}
    failures = wrong_annotations({"metadata": {"annotations": noted}})
    assert len(failures) == 3
    assert "whole number of seconds" in failures[0].reason
    assert "foreground" in failures[1].reason
    good = {TIMEOUT: "10", PROPAGATION: "Orphan", WAIT_FOR: "condition=Ready"}
    assert wrong_annotations({"metadata": {"annotations": good}}) == []
    unknown = dict.fromkeys(good, UNKNOWN)
    assert wrong_annotations({"metadata": {"annotations": unknown}}) == []
    assert wrong_annotations({"metadata": UNKNOWN}) == []


def test_how_long_to_wait() -> None:
    noted = {"metadata": {"annotations": {TIMEOUT: "7"}}}
    assert seconds(noted, 5, 600) == 7
    assert seconds({}, 5, 600) == 5
    assert seconds({}, 0, 600) == 600
