"""The real control plane beside the real AWS process: security, controllers, CRDs, crashes."""

import http.client
import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from local import cloud
from local.aws.client import ACCESS_KEY, SECRET_KEY, client
from local.cluster import keeping
from local.cluster.crd_catalogue import CATALOGUE
from local.cluster.crds import QuietReporter, crds_for, fetch
from local.cluster.inventory import api_client, inventory, listable
from local.cluster.record import Record
from local.errors import LocalCloudError
from local.providers.kubernetes.eks_token import eks_token
from local.reporter import LineReporter
from local.toolchain import ensure as ensure_tools

REGION = "us-east-1"
STACK = "control-plane"
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
Answer = TypeVar("Answer")
APPLY = "application/apply-patch+yaml"
SCHEMAS_LOOKED_AT = ("inferenceservices.serving.kserve.io", "ec2nodeclasses.karpenter.k8s.aws")


class Api:
    """Bare HTTP at the API server, as the administrator or as the bearer of a token."""

    def __init__(self, kubeconfig: Path) -> None:
        made = api_client(kubeconfig)
        self._pool = made.rest_client.pool_manager
        self._host = made.configuration.host

    def call(
        self, method: str, path: str, body: object = None, content: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        response = self._pool.request(
            method,
            self._host + path,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": content},
            timeout=60,
        )
        return response.status, json.loads(response.data)

    def apply(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        return self.call("PATCH", f"{path}?fieldManager=test&force=true", body, APPLY)


def until(ask: Callable[[], Answer | None], seconds: float = 30) -> Answer:
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def reviewed(made: cloud.LocalCloud, token: str) -> tuple[int, dict[str, Any]]:
    """Who the API server takes the bearer of `token` for."""
    port = int(made.cluster_endpoint.rpartition(":")[2])
    record = Record.read(made.folder)
    assert record
    context = ssl.create_default_context(cafile=str(record.ca_file))
    body = json.dumps(
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    ).encode()
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


@pytest.fixture(scope="module")
def tools() -> dict[str, Path]:
    return ensure_tools(("etcd", "kube-apiserver", "kube-controller-manager"), LineReporter())


@pytest.fixture(scope="module")
def made(
    tools: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[cloud.LocalCloud]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        fresh, lost = cloud.ensure(STACK, "stand-in", tools, LineReporter())
        assert lost == []
        yield fresh
        assert cloud.stop(STACK, QuietReporter())
        assert not keeping.is_alive(fresh.folder)


@pytest.fixture
def api(made: cloud.LocalCloud) -> Api:
    return Api(made.kubeconfig)


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    name = f"test-{time.monotonic_ns()}"
    status, _ = api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert status == 201
    yield name
    api.call("DELETE", f"/api/v1/namespaces/{name}")


def test_it_is_what_it_says(made: cloud.LocalCloud, api: Api) -> None:
    assert cloud.find(STACK) == made
    status, version = api.call("GET", "/version")
    assert (status, version["gitVersion"]) == (200, "v1.35.4")
    kubeconfig = yaml.safe_load(made.kubeconfig.read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == made.cluster_endpoint


def test_nobody_without_credentials_gets_in(made: cloud.LocalCloud) -> None:
    assert reviewed(made, "")[0] == 401
    assert reviewed(made, "nonsense")[0] == 401
    record = Record.read(made.folder)
    assert record
    context = ssl.create_default_context(cafile=str(made.folder / "pki" / "etcd-ca.crt"))
    with (
        socket.create_connection(("127.0.0.1", record.ports.etcd), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        # In TLS 1.3 the client learns of the refusal when it reads.
        pytest.raises(ssl.SSLError, match="certificate required"),
    ):
        tls.recv(1)


def test_only_loopback_listens(made: cloud.LocalCloud) -> None:
    record = Record.read(made.folder)
    assert record
    wanted = {f"{port:04X}" for port in record.ports.as_dict().values()}
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    found = {each.partition(":")[2]: each.partition(":")[0] for each in listening}
    assert {port: found.get(port) for port in wanted} == dict.fromkeys(wanted, "0100007F")


def test_pod_security_is_enforced_where_it_is_asked_for(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    container = {"name": "c", "image": "i", "securityContext": {"privileged": True}}
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [container]}}
    until(lambda: api.call("POST", f"{pods}?dryRun=All", pod)[0] == 201)
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.apply(
        f"/api/v1/namespaces/{namespace}",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": label}},
    )
    status, answer = until(lambda: got if (got := api.call("POST", pods, pod))[0] != 201 else None)
    assert status == 403
    assert "violates PodSecurity" in answer["message"]


def test_the_controllers_work(api: Api, namespace: str) -> None:
    root = f"/api/v1/namespaces/{namespace}"
    until(lambda: api.call("GET", f"{root}/serviceaccounts/default")[0] == 200)
    until(lambda: api.call("GET", f"{root}/configmaps/kube-root-ca.crt")[0] == 200)
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    deployment = {
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    assert api.call("POST", deployments, deployment)[0] == 201
    until(lambda: api.call("GET", f"{root}/pods")[1]["items"])
    policy = "?propagationPolicy=Background"
    assert api.call("DELETE", f"{deployments}/d{policy}")[0] == 200
    until(lambda: not api.call("GET", f"{root}/pods")[1]["items"])
    assert api.call("DELETE", root)[0] == 200
    until(lambda: api.call("GET", root)[0] == 404)


def make_cluster(made: cloud.LocalCloud) -> str:
    """An EKS cluster that lets nobody in yet; returns the ARN of whoever made it."""
    iam, ec2, eks, sts = (
        client(name, made.aws_endpoint, REGION) for name in ("iam", "ec2", "eks", "sts")
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    described = eks.create_cluster(
        name="demo",
        roleArn=role,
        version="1.35",
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig=access,
    )["cluster"]
    until(lambda: eks.describe_cluster(name="demo")["cluster"]["status"] == "ACTIVE")
    described = eks.describe_cluster(name="demo")["cluster"]
    assert described["endpoint"] == made.cluster_endpoint
    return sts.get_caller_identity()["Arn"]


def test_a_token_of_eks_is_who_its_access_entry_says(
    made: cloud.LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = make_cluster(made)
    eks = client("eks", made.aws_endpoint, REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    token = eks_token("demo", REGION)
    assert reviewed(made, token)[0] == 401, "no access entry yet"
    eks.create_access_entry(clusterName="demo", principalArn=caller, kubernetesGroups=["readers"])
    groups = until(lambda: groups_of(made, token))
    assert "readers" in groups
    assert "system:masters" not in groups
    eks.associate_access_policy(
        clusterName="demo",
        principalArn=caller,
        policyArn=CLUSTER_ADMIN,
        accessScope={"type": "cluster"},
    )
    until(lambda: "system:masters" in groups_of(made, token))
    assert token not in (made.folder / "logs" / "kube-apiserver.log").read_text()
    eks.delete_cluster(name="demo")


def groups_of(made: cloud.LocalCloud, token: str) -> list[str]:
    status, answer = reviewed(made, token)
    return answer["status"]["userInfo"]["groups"] if status == 201 else []


def test_the_inventory_sees_what_is_made(made: cloud.LocalCloud, api: Api, namespace: str) -> None:
    before = inventory(made.kubeconfig)
    root = f"/api/v1/namespaces/{namespace}/configmaps"
    assert api.call("POST", root, {"metadata": {"name": "mine"}})[0] == 201
    after = inventory(made.kubeconfig)
    assert f"{namespace}/mine" in after["core/ConfigMap"]
    assert f"{namespace}/mine" not in before["core/ConfigMap"]
    assert namespace in after["core/Namespace"]
    assert "core/Event" not in after


def test_every_crd_of_the_catalogue_is_taken_and_one_of_each_chart_served(
    made: cloud.LocalCloud, api: Api
) -> None:
    """A dry run looks at every schema; serving all takes a minute more, and no two are rivals."""
    fetch(CATALOGUE, LineReporter())
    sets = [crds_for(chart, entry.chart_version).manifests for chart, entry in CATALOGUE.items()]
    # Later charts come with the same kinds as earlier ones, some in another channel: no conflict.
    every = {each["metadata"]["name"]: each for found in sets for each in found}
    kinds = [_kind(each) for each in every.values()]
    assert sorted(set(kinds)) == sorted(kinds)
    root = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for name, manifest in every.items():
        status, answer = api.call(
            "PATCH", f"{root}/{name}?fieldManager=test&dryRun=All", manifest, APPLY
        )
        assert status == 201, (name, answer.get("message"))

    chosen = {found[0]["metadata"]["name"]: found[0] for found in sets if found}
    chosen |= {name: every[name] for name in SCHEMAS_LOOKED_AT}
    for name, manifest in chosen.items():
        assert api.apply(f"{root}/{name}", manifest)[0] == 201, name
    served = {_kind(each) for each in chosen.values()}
    server = api_client(made.kubeconfig)
    until(lambda: served <= {each.kind for each in listable(server)})
    found = inventory(made.kubeconfig)["apiextensions.k8s.io/CustomResourceDefinition"]
    assert found == sorted(chosen)
    _schemas_are_real(api)


def _kind(manifest: dict[str, Any]) -> str:
    return f"{manifest['spec']['group']}/{manifest['spec']['names']['kind']}"


def _schemas_are_real(api: Api) -> None:
    services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices"
    model = {"modelFormat": {"name": "triton"}, "storageUri": "s3://models/m"}
    service: dict[str, Any] = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "m"},
        "spec": {"predictor": {"minReplicas": 1, "model": model}},
    }
    dry = "?dryRun=All&fieldValidation=Strict"
    status, answer = until(
        lambda: got if (got := api.call("POST", services + dry, service))[0] != 404 else None
    )
    assert status == 201, answer
    service["spec"]["predictor"]["minReplicas"] = "one"
    status, answer = api.call("POST", services + dry, service)
    assert status == 422
    assert "minReplicas" in answer["message"]
    node_class = {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": "gpu"},
        "spec": {"amiSelectorTerms": [{"alias": "al2023@v20260714"}]},
    }
    classes = "/apis/karpenter.k8s.aws/v1/ec2nodeclasses"
    status, answer = api.call("POST", classes + dry, node_class)
    assert status == 201, answer


def test_killed_kubernetes_comes_back_with_everything(
    made: cloud.LocalCloud, tools: dict[str, Path], api: Api, namespace: str
) -> None:
    root = f"/api/v1/namespaces/{namespace}/configmaps"
    assert api.call("POST", root, {"metadata": {"name": "kept"}})[0] == 201
    known = keeping.status(made.folder)
    assert known
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        os.kill(known.processes[name].pid, signal.SIGKILL)
    again, lost = cloud.ensure(STACK, "stand-in", tools, LineReporter())
    assert (again, lost) == (made, [])
    assert Api(made.kubeconfig).call("GET", f"{root}/kept")[0] == 200


def test_a_wrong_flag_is_told_with_the_servers_own_words(
    tools: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = tmp_path / "kube-apiserver"
    wrapper.write_text(f'#!/bin/sh\nexec {tools["kube-apiserver"]} "$@" --no-such-flag\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(cloud, "START_SECONDS", 8)
    with pytest.raises(LocalCloudError, match="kube-apiserver") as caught:
        cloud.ensure("wrong", "stand-in", {**tools, "kube-apiserver": wrapper}, QuietReporter())
    assert "unknown flag: --no-such-flag" in caught.value.detail
    assert not (tmp_path / "state" / "wrong" / "cloud").exists()
