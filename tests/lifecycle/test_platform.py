"""The whole `local` stack on the real engine, by the command that people type.

One `up` serves all tests, in the order of the file: they look, then change by hand, then take
down. Every claim is checked against AWS (boto3) and Kubernetes (its client), not against the
state.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.aws.client import client
from local.paths import REPOSITORY
from local.providers.aws.package import AwsPackage
from local.providers.eks.package import EksPackage
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.providers.kubernetes.package import KubernetesPackage

REGION = "eu-central-1"
READS = ("Describe", "List", "Get", "Head", "Lookup", "BatchGet")
UP_SECONDS = 420
ONLY_THESE_TWO = re.compile(r"✓ \w+: ~2 update  \d+ unchanged \(")


@dataclass
class Llmp:
    """The command, with a state folder of its own.

    Its first `up` is stopped by Ctrl-C (`interrupted` is what it said, `stood` how much was there
    then), and the second one goes on (`resumed`).
    """

    state: Path
    interrupted: str = ""
    stood: int = 0
    resumed: str = ""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "LLMP_STATE": str(self.state), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=UP_SECONDS)
        assert process.returncode == expect, said
        assert "Traceback" not in said, said
        return said

    def interrupted_up(self) -> str:
        """What `up` says when Ctrl-C comes as soon as there is a VPC."""
        process = self.start("up", "local")
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if (self.folder / "aws" / "calls.jsonl").exists() and any(
                call["action"] == "CreateVpc" for call in self.calls()
            ):
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=UP_SECONDS)
        assert process.returncode == 130, said
        return said

    @property
    def cloud(self) -> dict[str, Any]:
        return json.loads((self.folder / "cloud.json").read_text())

    @property
    def folder(self) -> Path:
        return self.state / "local" / "cloud"

    def aws(self, service: str) -> Any:
        return client(service, self.cloud["aws"]["endpoint"], REGION)

    def kubernetes(self) -> Api:
        return Api(read_kubeconfig((self.folder / "admin.kubeconfig").read_text()))

    def get(self, path: str) -> Any:
        return self.kubernetes().get(path)

    def calls(self) -> list[dict[str, Any]]:
        lines = (self.folder / "aws" / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def resources(self) -> list[dict[str, Any]]:
        return json.loads(self.run("status", "local", "--json"))["resources"]


def work_tree() -> set[str]:
    """Every file that git does not ignore; the content is a person's to change meanwhile."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return set(listed.stdout.splitlines())


@pytest.fixture(scope="module")
def llmp(tmp_path_factory: pytest.TempPathFactory) -> Generator[Llmp]:
    made = Llmp(tmp_path_factory.mktemp("platform"))
    try:
        made.interrupted = made.interrupted_up()
        made.stood = len(made.resources())
        made.resumed = made.run("up", "local")
        yield made
    finally:
        made.run("stop", "local")


def test_ctrl_c_during_the_first_up_saves_and_the_next_run_goes_on(llmp: Llmp) -> None:
    assert "Stopping" in llmp.interrupted
    assert "run the same command again" in llmp.interrupted
    assert 0 < llmp.stood < len(llmp.resources())
    vpcs = llmp.aws("ec2").describe_vpcs()["Vpcs"]
    assert len([each for each in vpcs if not each["IsDefault"]]) == 1, "the VPC was doubled"


def test_up_says_what_stands_and_where_to_look(llmp: Llmp) -> None:
    said = llmp.resumed

    assert "policies: 0 mandatory" in said or "policies: nothing found" in said
    for component in (
        "Network network",
        "Cluster cluster",
        "GpuNodePool gpu-l4",
        "LlmService chat",
    ):
        assert component in said
    assert "Where to look next" in said
    assert len(llmp.resources()) > 150


def test_what_status_says_is_what_the_clouds_list(llmp: Llmp) -> None:
    status = json.loads(llmp.run("status", "local", "--json"))
    holdings = status["holdings"]

    eks = llmp.aws("eks")
    cluster = eks.list_clusters()["clusters"][0]
    addons = [f"{cluster}/{each}" for each in eks.list_addons(clusterName=cluster)["addons"]]
    assert holdings["aws eks/addon"] == sorted(addons)
    associations = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert len(holdings["aws eks/pod-identity-association"]) == len(associations)
    vpcs = [each["VpcId"] for each in llmp.aws("ec2").describe_vpcs()["Vpcs"]]
    assert holdings["aws ec2/vpc"] == sorted(vpcs)

    namespaces = [each["metadata"]["name"] for each in llmp.get("/api/v1/namespaces")["items"]]
    assert sorted(holdings["kubernetes core/Namespace"]) == sorted(namespaces)
    services = llmp.get("/apis/serving.kserve.io/v1beta1/inferenceservices")["items"]
    names = [f"{s['metadata']['namespace']}/{s['metadata']['name']}" for s in services]
    assert holdings["kubernetes serving.kserve.io/InferenceService"] == names
    if shutil.which("kubectl"):
        command = ["kubectl", "--kubeconfig", status["cloud"]["kubeconfig"], "get", "ns", "-o"]
        listed = subprocess.run([*command, "name"], capture_output=True, text=True, check=True)
        assert sorted(f"namespace/{name}" for name in namespaces) == sorted(listed.stdout.split())


def test_every_type_in_use_is_handled_and_known_by_name(llmp: Llmp) -> None:
    kubernetes = KubernetesPackage()
    handled = AwsPackage().handled_types() | EksPackage().handled_types()

    unhandled = {
        each["type"]
        for each in llmp.resources()
        if each["type"] not in handled and not kubernetes.handles(each["type"])
    }

    assert unhandled == set()


def test_no_path_of_this_machine_and_no_secret_is_kept(llmp: Llmp) -> None:
    engine = llmp.folder / "engine"
    secrets = [(engine / "passphrase").read_text()]
    pulumi = engine / "backend" / ".pulumi"
    kept = [path for part in ("stacks", "backups") for path in (pulumi / part).rglob("*.json")]
    kept += llmp.folder.glob("*.log")
    assert len(kept) > 2

    for path in kept:
        text = path.read_text(errors="replace")
        for forbidden in (str(REPOSITORY), *secrets, "BEGIN RSA PRIVATE KEY", "BEGIN PRIVATE KEY"):
            assert forbidden not in text, f"{forbidden!r} stands in {path}"


def versions(llmp: Llmp) -> dict[str, str]:
    """Resource version of every object of the platform, by path."""
    found: dict[str, str] = {}
    for path in (
        "/api/v1/namespaces", "/api/v1/secrets", "/api/v1/resourcequotas",
        "/apis/networking.k8s.io/v1/networkpolicies",
        "/apis/serving.kserve.io/v1beta1/inferenceservices",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    ):  # fmt: skip
        for each in llmp.get(path)["items"]:
            meta = each["metadata"]
            found[f"{path} {meta.get('namespace')} {meta['name']}"] = meta["resourceVersion"]
    return found


def test_hand_made_changes_are_found_and_repaired(llmp: Llmp) -> None:
    tree = work_tree()
    logs = llmp.aws("logs")
    group = next(
        each["logGroupName"]
        for each in logs.describe_log_groups()["logGroups"]
        if each["logGroupName"].startswith("/aws/eks/")
    )
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    quotas = "/api/v1/namespaces/assistants/resourcequotas"
    quota = llmp.get(quotas)["items"][0]
    body = {"spec": {"hard": {"requests.nvidia.com/gpu": "64"}}}
    llmp.kubernetes().request(
        "PATCH",
        f"{quotas}/{quota['metadata']['name']}",
        body=body,
        content_type="application/merge-patch+json",
    )

    seen = llmp.run("preview", "local")
    repaired = llmp.run("up", "local")

    for said in (seen, repaired):
        assert ONLY_THESE_TWO.search(said), "the up before had left something to do"
        assert "retentionInDays" in said
        assert 'spec.hard["requests.nvidia.com/gpu"]' in said
    assert (
        logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
    )
    assert llmp.get(quotas)["items"][0]["spec"]["hard"]["requests.nvidia.com/gpu"] == "2"
    for command in (["status", "local"], ["doctor"]):
        llmp.run(*command)
    assert work_tree() == tree, "something is written into the work tree"


def test_the_next_up_changes_nothing(llmp: Llmp) -> None:
    before, calls = versions(llmp), len(llmp.calls())

    said = llmp.run("up", "local")

    assert "Nothing to change." in said
    changing = {
        call["action"] for call in llmp.calls()[calls:] if not call["action"].startswith(READS)
    }
    assert changing <= {"GetCallerIdentity"}
    assert versions(llmp) == before


def deletions(llmp: Llmp, since: int) -> Iterator[tuple[str, float]]:
    for call in llmp.calls()[since:]:
        if call["status"] < 300:
            yield call["action"], call["at"]


def test_destroy_goes_in_order_and_leaves_nothing(llmp: Llmp) -> None:
    since = len(llmp.calls())

    said = llmp.run("destroy", "local")

    assert "AWS and Kubernetes are as they were before the first up." in said
    assert "left over" not in said
    order = [action for action, _ in deletions(llmp, since)]
    last = {action: index for index, action in enumerate(order)}
    first = {action: order.index(action) for action in last}
    assert last["DeleteNodegroup"] < first["DeleteCluster"]
    assert last["DeleteAddon"] < first["DeleteCluster"]
    assert last["DeletePodIdentityAssociation"] < first["DeleteCluster"]
    assert last["DeleteNatGateway"] < first["ReleaseAddress"]
    assert last["DeleteCluster"] < first["DeleteSubnet"]
    assert last["DeleteSubnet"] < first["DeleteVpc"]
    assert llmp.resources() == []
