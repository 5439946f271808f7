"""Pods of the live platform come and go, and nobody who asks notices."""

import os
import subprocess
from collections.abc import Generator
from typing import Any

import pytest
from live_load import Load, until
from live_platform import NAMESPACE, SERVICE, Platform
from live_pods import (
    GATEWAY,
    SERVER,
    fetch_seconds,
    names_of,
    pods_of,
    read,
    ready,
    ready_pods,
    start_seconds,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

MOVED = 420
"""Seconds within which pods must have been replaced, on a busy machine."""
PAIRS = {"name": SERVICE, "replicas": 2, "gateway": {"replicas": 2}}
"""Two pods of each part: one can go."""
KEPT = "kept"
STATEFUL = {
    "name": KEPT,
    "tenant": NAMESPACE,
    "model": "smollm2",
    "form": "STATEFUL_SET",
    "cache": {"storageGib": 1},
    "cpus": 0.2,
    "memoryGib": 2,
    "replicas": 1,
    "maximumReplicas": 1,
    "gateway": {
        "anonymous": True,
        "replicas": 1,
        "maximumReplicas": 1,
        "cpus": 0.1,
        "memoryMib": 768,
    },
}
POD = f"{KEPT}-predictor-0"
CLAIM = f"models-{POD}"


def tell(words: str) -> None:
    print(words)  # noqa: T201 - a measurement


@pytest.fixture(scope="module")
def moved(platform: Platform) -> Generator[Platform]:
    """The platform, as it was before when the file is done."""
    try:
        yield platform
    finally:
        platform.configure({})
        platform.up()


def uids(platform: Platform, part: str) -> set[str]:
    """Of the pods of a part, also of those that are on their way out."""
    labels = f"llm-platform.dev/service={SERVICE},component={part}"
    told = platform.kubectl(
        "get", "pods", "-n", NAMESPACE, "-l", labels, "-o", "jsonpath={.items[*].metadata.uid}"
    )
    return set(told.split())


def test_an_update_replaces_every_pod_and_fails_no_request(moved: Platform) -> None:
    before = uids(moved, SERVER) | uids(moved, GATEWAY)
    moved.configure(
        {"services": [{"name": SERVICE, "memoryGib": 3, "gateway": {"memoryMib": 800}}]}
    )
    with Load(moved, clients=3) as load:
        until(lambda: load.good > 5, 120, lambda: str(load.trouble))
        took = moved.up()
        gone = until(lambda: not before & (uids(moved, SERVER) | uids(moved, GATEWAY)), MOVED)
        during = load.good
        until(lambda: load.good > during + 5, 120, lambda: str(load.trouble))
    tell(
        f"up with more memory for both parts: {took:.0f} s, the last old pod gone {gone:.0f} s "
        f"later; {load.good} answers, {load.failed} failed"
    )

    assert not load.failed, load.trouble
    (server,) = pods_of(moved, SERVER)
    (container,) = server["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "3Gi"


@pytest.fixture
def pairs(moved: Platform) -> Platform:
    """The platform with two pods of each part of the service."""
    moved.configure({"services": [PAIRS]})
    moved.up()
    for part in (SERVER, GATEWAY):
        until(lambda each=part: ready_pods(moved, each) == 2, MOVED)
    return moved


def test_a_drained_node_keeps_a_pod_of_each_part(pairs: Platform) -> None:
    node = pairs.live.node_name
    before = {part: names_of(pods_of(pairs, part)) for part in (SERVER, GATEWAY)}
    with Load(pairs, clients=3) as load:
        until(lambda: load.good > 5, 120, lambda: str(load.trouble))
        try:
            said = drain(pairs, node)
            for part, names in before.items():
                left = pods_of(pairs, part)
                # what came for those that went has no other node to stand on
                assert len(names_of(left) & names) == 1, (part, names, names_of(left))
                assert sum(ready(each) for each in left) == 1, part
            refused = [evict(pairs, pod) for part in before for pod in stays(pairs, part)]
        finally:
            pairs.kubectl("uncordon", node)
        for part in before:
            until(lambda each=part: ready_pods(pairs, each) == 2, MOVED)
        # with two of each again, those that stayed may go as well
        again = [
            evict(pairs, pod)
            for part, names in before.items()
            for pod in sorted(names & names_of(pods_of(pairs, part)))
        ]
        for part in before:
            until(lambda each=part: ready_pods(pairs, each) == 2, MOVED)
        during = load.good
        until(lambda: load.good > during + 5, 120, lambda: str(load.trouble))
    tell(
        "drained: one pod of each part went, the other was refused and went once a new one was "
        f"ready; {load.good} answers under way, {load.failed} failed"
    )

    assert "would violate the pod's disruption budget" in said
    assert len(refused) == len(again) == 2
    assert all("TooManyRequests" in each for each in refused), refused
    assert again == ["", ""]
    assert not load.failed, load.trouble


def drain(platform: Platform, node: str) -> str:
    """What `kubectl drain` says of the service's pods; it gives up in the end."""
    code, said = asked(
        platform, "drain", node, f"--pod-selector=llm-platform.dev/service={SERVICE}",
        "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=40s",
    )  # fmt: skip
    assert code != 0, said
    return said


def stays(platform: Platform, part: str) -> list[str]:
    """Names of the pods of a part that are asked."""
    return [each["metadata"]["name"] for each in pods_of(platform, part) if ready(each)]


def evict(platform: Platform, pod: str) -> str:
    """Evict a pod as a drain does; why not, when it is refused."""
    eviction = (
        '{"apiVersion":"policy/v1","kind":"Eviction","metadata":'
        f'{{"name":"{pod}","namespace":"{NAMESPACE}"}}}}'
    )
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    code, said = asked(platform, "create", "--raw", path, "-f", "-", stdin=eviction)
    return said if code else ""


def asked(platform: Platform, *words: str, stdin: str = "") -> tuple[int, str]:
    """Code of kubectl, and what it prints."""
    done = subprocess.run(
        platform.kubectl_command(*words), input=stdin, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_a_stateful_pod_that_comes_back_does_not_fetch_again(moved: Platform) -> None:
    moved.configure({"services": [STATEFUL]})
    tell(f"up with a StatefulSet: {moved.up():.0f} s")
    first = stateful_pod(moved, "")
    empty = told_of(moved, first, "first start, empty volume")
    claim = read(moved, "pvc", CLAIM)["metadata"]["uid"]

    moved.kubectl("delete", "pod", POD, "-n", NAMESPACE)
    second = stateful_pod(moved, first["metadata"]["uid"])
    kept = told_of(moved, second, "again, with its volume")
    assert read(moved, "pvc", CLAIM)["metadata"]["uid"] == claim
    answer = moved.ask("/v1/models", service=KEPT)

    moved.kubectl("delete", "pvc", CLAIM, "-n", NAMESPACE, "--wait=false")
    moved.kubectl("delete", "pod", POD, "-n", NAMESPACE)
    third = stateful_pod(moved, second["metadata"]["uid"])
    anew = told_of(moved, third, "again, with an empty volume")
    assert read(moved, "pvc", CLAIM)["metadata"]["uid"] != claim

    assert "smollm2" in answer.body.decode()
    for said in (empty, anew):
        assert "Downloaded object" in said
        assert "kept:" not in said
    assert "Downloaded object" not in kept
    assert kept.startswith("kept: s3://")


def stateful_pod(platform: Platform, other_than: str) -> dict[str, Any]:
    """The pod of the StatefulSet once it is ready and not the one of before."""

    def there() -> bool:
        pods = pods_of(platform, SERVER, KEPT)
        return any(ready(each) and each["metadata"]["uid"] != other_than for each in pods)

    until(there, MOVED)
    (pod,) = pods_of(platform, SERVER, KEPT)
    return pod


def told_of(platform: Platform, pod: dict[str, Any], words: str) -> str:
    """What the container said that has the model at hand before the server starts."""
    tell(f"{words}: ready after {start_seconds(pod):.0f} s, {fetch_seconds(pod):.0f} s of fetching")
    return platform.kubectl("logs", POD, "-n", NAMESPACE, "-c", "storage-initializer")


def test_a_model_is_found_by_name_in_every_way(moved: Platform) -> None:
    assert read(moved, "statefulset", f"{KEPT}-predictor")["status"]["readyReplicas"] == 1
    for service in (SERVICE, KEPT):
        listed = moved.ask("/v1/models", service=service).json["data"]
        assert [each["id"] for each in listed] == ["smollm2"]
        told = moved.ask("/v2/models/smollm2", service=service)
        assert (told.status, told.json["name"]) == (200, "smollm2")
        assert moved.ask("/v2/models/smollm2/ready", service=service).status == 200
        assert moved.ask("/v2/models/nobody", service=service).status == 404
        inside = f"{service}-{SERVER}.{NAMESPACE}.svc.cluster.local"
        assert moved.resolved(inside) == address_of(moved, f"{service}-{SERVER}")
        assert moved.resolved(moved.host_of(service)).startswith("10.")
    (pod,) = pods_of(moved, SERVER, KEPT)
    own = f"{POD}.{KEPT}-predictor-pods.{NAMESPACE}.svc.cluster.local"
    assert moved.resolved(own) == pod["status"]["podIP"]


def address_of(platform: Platform, name: str) -> str:
    """Address of a Service."""
    return str(read(platform, "service", name)["spec"]["clusterIP"])
