"""What EKS provides, on a real node: names, metrics, load balancers, identity, volumes, GPUs."""

import json
import os
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from eks_world import (
    CLUSTER,
    DOMAIN,
    FETCHER_IMAGE,
    GPU_TAINT,
    SMALL,
    Side,
    echo,
    folder_of,
    named,
    pod,
    role,
    service,
    side,
    until,
)
from node_world import ECHO_IMAGE

from local.cluster.processes import write_private
from local.node.eks.settings import SIMULATED_IMAGES_FILE
from local.providers.kubernetes.trees import mappings

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

FETCH = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
body = boto3.client("s3").get_object(Bucket="models", Key="chat/config.pbtxt")["Body"]
print(body.read().decode())
"""
CONFIG = 'name: "chat"'
LOAD_BALANCER = {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A live cloud of this module's own, with a pod `web` in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        with side("eks-side") as made:
            made.node.apply(echo("web", app="web"), echo("asking"))
            made.wait_ready("web", "asking")
            yield made


# --- Names and metrics ------------------------------------------------------------------------


def test_services_have_names_and_other_names_do_not_exist(world: Side) -> None:
    world.node.apply(service("web", {"app": "web"}, 80))
    until(lambda: world.asks("http://web/", "asking") == "web", "the Service's short name")
    assert world.asks("http://web.default.svc.cluster.local/", "asking") == "web"
    said = world.node.kubectl(
        "exec", "asking", "--", "/echo", "get", "http://outside.example/", fails=True
    )
    assert "no such host" in said


def test_metrics_of_nodes_and_pods(world: Side) -> None:
    def used() -> bool:
        try:
            found = json.loads(world.node.kubectl("get", "--raw", path))
        except AssertionError:
            return False
        return any(each["metadata"]["name"] == "web" for each in found["items"])

    path = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"
    until(used, "metrics of the pod", seconds=90)
    nodes = json.loads(world.node.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"))
    assert [each["metadata"]["name"] for each in nodes["items"]] == ["local-node"]


# --- Load balancers ---------------------------------------------------------------------------


def test_a_load_balancer_is_reached_from_the_host_and_by_names_of_models(world: Side) -> None:
    world.node.apply(service("gateway", {"app": "web"}, 443, **LOAD_BALANCER))
    until(lambda: addresses(world, "gateway") == ["10.88.0.16"], "an address")
    url = f"http://127.0.0.1:{world.node.live.https_port}/"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.read() == b"web\n")
        except OSError:
            return False

    until(answers, "an answer from the host")
    assert world.asks(f"http://chat.{DOMAIN}:443/", "asking") == "web"
    world.delete("service", "gateway")
    until(lambda: not answers(), "no answer any more")


def addresses(world: Side, name: str) -> list[str]:
    status = world.get("service", name)["status"]["loadBalancer"]
    return [str(each["ip"]) for each in mappings(status.get("ingress"))]


# --- Pod Identity -----------------------------------------------------------------------------


def test_a_pod_reads_a_model_with_the_credentials_of_its_service_account(world: Side) -> None:
    s3 = world.aws("s3")
    s3.create_bucket(
        Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="models", Key="chat/config.pbtxt", Body=CONFIG.encode())
    reader = role(world, "reader", "pods.eks.amazonaws.com")
    world.aws("eks").create_pod_identity_association(
        clusterName=CLUSTER, namespace="default", serviceAccount="model", roleArn=reader
    )
    world.node.apply(
        named("ServiceAccount", "model"),
        fetcher("fetch", "model", ["python3", "-c", FETCH]),
        fetcher("initialize", "model", None, ["s3://models/chat", "/mnt/models"]),
        fetcher("other", "default", ["python3", "-c", FETCH]),
    )
    until(lambda: world.phase("fetch") == "Succeeded", "the model read by boto3", 90)
    said = world.node.kubectl("logs", "fetch").splitlines()
    assert said[0].startswith("arn:aws:sts::123456789012:assumed-role/reader/eks-live-fetch")
    assert said[1] == CONFIG
    until(lambda: world.phase("initialize") == "Succeeded", "the model fetched by KServe", 90)
    until(lambda: world.phase("other") == "Failed", "no credentials without an association", 90)
    assert "AWS_CONTAINER" not in json.dumps(world.get("pod", "other"))


def test_an_association_that_is_gone_gives_no_credentials(world: Side) -> None:
    account = "leaving"
    reader = role(world, "leaving", "pods.eks.amazonaws.com")
    made = world.aws("eks").create_pod_identity_association(
        clusterName=CLUSTER, namespace="default", serviceAccount=account, roleArn=reader
    )["association"]
    waiting = ["python3", "-c", "import time; time.sleep(600)"]
    world.node.apply(named("ServiceAccount", account), fetcher("leaver", account, waiting))
    world.wait_ready("leaver")
    ask = ["exec", "leaver", "--", "python3", "-c", FETCH]
    assert "assumed-role/leaving" in world.node.kubectl(*ask)
    world.aws("eks").delete_pod_identity_association(
        clusterName=CLUSTER, associationId=made["associationId"]
    )
    assert "has no pod identity association" in world.node.kubectl(*ask, fails=True)


def fetcher(
    name: str, account: str, command: list[str] | None, arguments: list[str] | None = None
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "fetch",
        "image": FETCHER_IMAGE,
        "resources": {
            "requests": {"cpu": "5m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "volumeMounts": [{"name": "models", "mountPath": "/mnt/models"}],
        **({"command": command} if command else {}),
        **({"args": arguments} if arguments else {}),
    }
    volumes: list[dict[str, Any]] = [{"name": "models", "emptyDir": {}}]
    spec: dict[str, Any] = {
        "serviceAccountName": account,
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": volumes,
    }
    return pod(name, "default", spec)


# --- Volumes ----------------------------------------------------------------------------------


def test_a_claim_keeps_its_content_from_pod_to_pod_and_goes_when_it_is_deleted(world: Side) -> None:
    world.node.apply(
        named(
            "StorageClass",
            "gp3",
            "storage.k8s.io/v1",
            provisioner="ebs.csi.aws.com",
            reclaimPolicy="Delete",
            volumeBindingMode="WaitForFirstConsumer",
        ),
        named(
            "PersistentVolumeClaim",
            "cache",
            spec={
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "gp3",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        ),
        writer("first", ["write", "/cache/word"]),
    )
    until(lambda: world.phase("first") == "Succeeded", "the file written", 60)
    world.delete("pod", "first")
    world.node.apply(writer("second", ["read", "/cache/word"]))
    until(lambda: world.phase("second") == "Succeeded", "the file read", 60)
    assert world.node.kubectl("logs", "second") == "written\n"
    world.delete("pod", "second")
    world.delete("pvc", "cache")
    folder = folder_of(world) / "volumes"
    until(lambda: not list(folder.iterdir()), "its folder gone")
    assert json.loads(world.node.kubectl("get", "pv", "-o", "json"))["items"] == []


def writer(name: str, arguments: list[str]) -> dict[str, Any]:
    container = {
        "name": "echo",
        "image": ECHO_IMAGE,
        "command": ["/echo"],
        "args": arguments,
        "resources": SMALL,
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsUser": 1000, "runAsNonRoot": True, "fsGroup": 1000},
        "containers": [container],
        "volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}],
    }
    return pod(name, "default", spec)


# --- Simulated nodes --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool(world: Side) -> Side:
    """The cloud with a GPU pool of one node, and a group without GPUs."""
    groups = world.aws("eks")
    common = {
        "clusterName": CLUSTER,
        "nodeRole": role(world, "node", "ec2.amazonaws.com"),
        "subnets": list(world.subnets),
    }
    groups.create_nodegroup(
        **common,
        nodegroupName="l4",
        instanceTypes=["g6.2xlarge"],
        scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 1},
        labels={"llm-platform.dev/pool": "l4"},
        taints=[GPU_TAINT],
    )
    groups.create_nodegroup(
        **common,
        nodegroupName="system",
        instanceTypes=["m7i.large"],
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
        labels={"role": "system"},
    )
    until(lambda: "simulated-l4-0" in world.node.kubectl("get", "nodes"), "the simulated node")
    return world


def test_nodes_have_the_labels_of_their_group(pool: Side) -> None:
    until(lambda: labels(pool, "local-node").get("role") == "system", "labels of the real node")
    simulated = labels(pool, "simulated-l4-0")
    assert simulated["llm-platform.dev/simulated"] == "true"
    assert simulated["llm-platform.dev/pool"] == "l4"
    assert "llm-platform.dev/simulated" not in labels(pool, "local-node")


def test_a_pod_that_does_not_tolerate_the_taint_stays_pending(pool: Side) -> None:
    careless = gpu_pod("careless")
    del careless["spec"]["tolerations"]
    pool.node.apply(careless)
    until(lambda: "untolerated taint" in reason(pool, "careless"), "the reason")
    assert pool.phase("careless") == "Pending"
    pool.delete("pod", "careless")


def test_a_quota_of_gpus_holds(pool: Side) -> None:
    quota = named("ResourceQuota", "gpus", spec={"hard": {"requests.nvidia.com/gpu": "1"}})
    quota["metadata"]["namespace"] = "bounded"
    pool.node.apply(named("Namespace", "bounded"), quota)
    until(lambda: "hard" in status_of_quota(pool), "the quota counted")
    first, second = gpu_pod("first", "bounded"), gpu_pod("second", "bounded")
    pool.node.apply(first)
    said = pool.node.kubectl("create", "-f", "-", stdin=json.dumps(second), fails=True)
    assert "exceeded quota" in said
    pool.delete("pod", "first", namespace="bounded")


def status_of_quota(world: Side) -> dict[str, Any]:
    return dict(world.get("resourcequota", "gpus", "bounded").get("status", {}))


def test_one_gpu_too_many_stays_pending_until_the_group_grows(pool: Side) -> None:
    pool.node.apply(gpu_pod("one"), gpu_pod("two"))
    until(lambda: {pool.phase("one"), pool.phase("two")} == {"Running", "Pending"}, "placed")
    waiting = "one" if pool.phase("one") == "Pending" else "two"
    until(lambda: "Insufficient nvidia.com/gpu" in reason(pool, waiting), "the reason")
    groups = pool.aws("eks")
    groups.update_nodegroup_config(
        clusterName=CLUSTER, nodegroupName="l4", scalingConfig={"desiredSize": 2}
    )
    until(lambda: pool.phase(waiting) == "Running", "a place on the second node")
    groups.delete_nodegroup(clusterName=CLUSTER, nodegroupName="l4")
    until(lambda: "simulated-l4" not in pool.node.kubectl("get", "nodes"), "no node any more")


def gpu_pod(name: str, namespace: str = "default") -> dict[str, Any]:
    container = {
        "name": "model",
        "image": "docker.io/vllm/vllm-openai:none",
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    return pod(name, namespace, {"containers": [container], "tolerations": [toleration]})


def labels(world: Side, node_name: str) -> dict[str, str]:
    return dict(world.get("node", node_name)["metadata"]["labels"])


def reason(world: Side, name: str) -> str:
    conditions = world.get("pod", name)["status"].get("conditions", [])
    return " ".join(each.get("message", "") for each in conditions)


def test_a_pod_whose_image_cannot_be_had_runs_on_the_simulated_node(world: Side) -> None:
    image = "docker.io/library/nowhere:1"
    write_private(folder_of(world) / SIMULATED_IMAGES_FILE, json.dumps([image]))
    world.node.apply(pod("nowhere", "default", {"containers": [{"name": "c", "image": image}]}))
    until(lambda: world.phase("nowhere") == "Running", "running in name")
    found = world.get("pod", "nowhere")
    assert found["spec"]["nodeName"] == "simulated-general"
    assert found["metadata"]["labels"]["llm-platform.dev/simulated"] == "true"
    assert world.get("pod", "web")["spec"]["nodeName"] == "local-node"
