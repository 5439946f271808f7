"""The stand-in for `eks` registers what the real component registers.

`eks_cluster_children.json` is a recording of the real pulumi-eks on the real engine: type,
name, parent and inputs of every child of one cluster. The same program runs here with the
stand-in; the providers of its children only write down what they are asked to make.
"""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_eks as eks
import pytest
from pulumi import automation

from infra.cli.interruptible import InterruptiblePulumi
from local.providers.eks.package import EksPackage
from local.providers.model import (
    Checked,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Package,
    Properties,
    Session,
    State,
)
from local.providers.server import serve

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "eks_cluster_children.json").read_text()
)
ACCOUNT = "arn:aws:iam::123456789012"
ADMINS = f"{ACCOUNT}:role/admins"
KEY = "arn:aws:kms:us-east-1:123456789012:key/6c0e2303-63fc-442c-ac7e-e78e33d7093e"
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
MADE_BY_THE_CLOUD = {"roleArn", "role", "securityGroupId", "sourceSecurityGroupId", "url"}
"""Inputs that are another resource's output: their values differ from run to run."""


class Recorder(Package):
    """Makes nothing; answers like EKS, IAM and EC2 would, as far as the component looks."""

    threads = 16
    version = "7.25.0"

    def __init__(self, name: str) -> None:
        self.name = name
        self.created: dict[tuple[str, str], Properties] = {}

    def handled_types(self) -> frozenset[str]:
        return frozenset()

    def configure(self, config: Properties) -> Session:
        return RecorderSession(self)


class RecorderSession(Session):
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def check(self, request: CheckRequest) -> Checked:
        return Checked(request.inputs)

    def create(self, request: CreateRequest) -> State:
        if not request.preview:
            self._recorder.created[request.type, request.name] = request.inputs
        outputs: Properties = {
            "name": request.name,
            "arn": f"arn:aws:any:us-east-1:123456789012:{request.name}",
            **request.inputs,
        }
        if request.type == "aws:eks/cluster:Cluster":
            outputs |= {
                "endpoint": "https://127.0.0.1:6443",
                "certificateAuthority": {"data": "Y2E="},
                "identities": [{"oidcs": [{"issuer": "https://oidc.example/id/1"}]}],
                "vpcConfig": {**request.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-eks"},
            }
        if request.type == "aws:ec2/securityGroupRule:SecurityGroupRule":
            outputs["securityGroupRuleId"] = f"sgr-{request.name}"
        return State(id=f"{request.name}-id", outputs=outputs)

    def delete(self, request: DeleteRequest) -> None:
        del self._recorder.created[request.type, request.name]

    def invoke(self, token: str, args: Properties) -> Properties:
        if token == "aws:eks/getAddonVersion:getAddonVersion":
            assert args["mostRecent"] is True
            newest = {"kube-proxy": "v1.35.0-eksbuild.2", "vpc-cni": "v1.21.1-eksbuild.1"}
            return {"version": newest[args["addonName"]]}
        raise AssertionError(f"unexpected invoke {token}")


class Runner:
    """Runs a program with the stand-in on the real engine; keeps what its children asked for."""

    def __init__(self, pulumi_path: Path, folder: Path) -> None:
        self.aws = Recorder("aws")
        self._servers = [serve(p) for p in (self.aws, Recorder("kubernetes"), EksPackage())]
        ports = [port for _, port in self._servers]
        self._env = {
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": ",".join(
                f"{name}:{port}"
                for name, port in zip(("aws", "kubernetes", "eks"), ports, strict=True)
            ),
        }
        self._pulumi = pulumi_path
        self._folder = folder

    def stack(self, program: Callable[[], None]) -> automation.Stack:
        return automation.create_or_select_stack(
            "dev",
            project_name="p",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(self._folder),
                env_vars=self._env,
                pulumi_command=InterruptiblePulumi(self._pulumi, print),
            ),
        )

    def close(self) -> None:
        for server, _ in self._servers:
            server.stop(grace=0)


@pytest.fixture
def runner(pulumi_path: Path, tmp_path: Path) -> Generator[Runner]:
    made = Runner(pulumi_path, tmp_path)
    yield made
    made.close()


def cluster(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "name": "gpu",
        "version": "1.35",
        "vpc_id": "vpc-0123",
        "public_subnet_ids": ["subnet-c"],
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "authentication_mode": eks.AuthenticationMode.API,
        "access_entries": {
            "admins": {
                "principal_arn": ADMINS,
                "access_policies": {
                    "admin": {"policy_arn": CLUSTER_ADMIN, "access_scope": {"type": "cluster"}}
                },
            }
        },
        "create_oidc_provider": True,
        "enabled_cluster_log_types": ["api", "audit", "authenticator"],
        "encryption_config_key_arn": KEY,
        "endpoint_private_access": True,
        "endpoint_public_access": True,
        "skip_default_node_group": True,
        "tags": {"team": "ml"},
        **changes,
    }
    made = eks.Cluster("gpu", **arguments)
    for name in ("kubeconfig_json", "oidc_issuer", "node_security_group_id", "oidc_provider_arn"):
        pulumi.export(name, getattr(made, name))
    pulumi.export("endpoint", made.eks_cluster.endpoint)
    pulumi.export("vpc", made.core.vpc_id)


def comparable(inputs: Properties) -> Properties:
    kept = {key: value for key, value in inputs.items() if key not in MADE_BY_THE_CLOUD}
    kept.pop("thumbprintLists", None)
    kept.pop("version", None) if "kubeconfig" in kept else None
    kept.pop("kubeconfig", None)
    network = kept.get("vpcConfig")
    return {**kept, "vpcConfig": {**network, "securityGroupIds": []}} if network else kept


def children(stack: automation.Stack) -> list[dict[str, Any]]:
    deployment = stack.export_stack().deployment
    assert deployment is not None
    return [each for each in deployment["resources"] if "eks:index:Cluster$" in each["urn"]]


def parents(urn: str, by_urn: dict[str, dict[str, Any]]) -> str:
    """Names of the components above a resource, as the recording writes them."""
    kind, _, name = urn.split("::", 2)[2].rpartition("::")
    own = f"{name}({kind.rpartition('$')[2].rpartition(':')[2]})"
    above = by_urn[urn].get("parent", "")
    return own if "pulumi:pulumi:Stack" in above else f"{own} < {parents(above, by_urn)}"


def test_children_are_those_of_the_recording(runner: Runner) -> None:
    stack = runner.stack(cluster)
    outputs = stack.up(on_output=print).outputs
    deployment = stack.export_stack().deployment
    assert deployment is not None
    by_urn = {each["urn"]: each for each in deployment["resources"]}

    made = {
        (
            each["type"],
            each["urn"].rpartition("::")[2],
            parents(each["parent"], by_urn),
        ): comparable(each.get("inputs", {}))
        for each in children(stack)
    }
    recorded = {
        (each["type"], each["name"], each["parent"]): comparable(each["inputs"])
        for each in RECORDED
    }

    assert sorted(made) == sorted(recorded)
    for key, inputs in recorded.items():
        if key[0].startswith("aws:"):
            assert made[key] == inputs, key
    assert outputs["oidc_issuer"].value == "oidc.example/id/1"
    assert outputs["endpoint"].value == "https://127.0.0.1:6443"
    assert outputs["node_security_group_id"].value == "gpu-nodeSecurityGroup-id"
    assert json.loads(outputs["kubeconfig_json"].value)["users"][0]["user"]["exec"]["args"] == [
        "--region", "us-east-1", "eks", "get-token", "--cluster-name", "gpu", "--output", "json",
    ]  # fmt: skip

    stack.destroy()
    assert runner.aws.created == {}


GROUPS = {each["name"] for each in RECORDED if each["type"].startswith("aws:ec2/securityGroup")}
OIDC = {"gpu-oidcProvider"}
ENTRIES = {"gpu-admins", "gpu-admins-admin"}
ALL = {each["name"] for each in RECORDED}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"skip_default_security_groups": True}, ALL - GROUPS),
        ({"create_oidc_provider": False}, ALL - OIDC),
        ({"access_entries": {}}, ALL - ENTRIES),
        ({"use_default_vpc_cni": True}, ALL - {"gpu-vpc-cni"}),
        ({"kube_proxy_addon_options": {"enabled": False}}, ALL - {"gpu-kube-proxy"}),
        ({"coredns_addon_options": {"enabled": True, "version": "v1"}}, ALL | {"gpu-coredns"}),
    ],
    ids=["groups", "oidc", "entries", "cni", "kube-proxy", "coredns"],
)
def test_children_follow_the_arguments(
    changes: dict[str, Any], names: set[str], runner: Runner
) -> None:
    stack = runner.stack(lambda: cluster(**changes))

    stack.preview()
    stack.up()

    assert {each["urn"].rpartition("::")[2] for each in children(stack)} == names


def test_pinned_versions_and_network_policy_reach_the_add_ons(runner: Runner) -> None:
    stack = runner.stack(
        lambda: cluster(
            vpc_cni_options={"addon_version": "v1.21.0", "enable_network_policy": True},
            kube_proxy_addon_options={"version": "v1.35.1"},
        )
    )
    stack.up()

    cni = runner.aws.created["aws:eks/addon:Addon", "gpu-vpc-cni"]
    proxy = runner.aws.created["aws:eks/addon:Addon", "gpu-kube-proxy"]
    assert (cni["addonVersion"], proxy["addonVersion"]) == ("v1.21.0", "v1.35.1")
    assert json.loads(cni["configurationValues"])["enableNetworkPolicy"] == "true"


def test_what_is_not_built_is_refused_by_name(runner: Runner) -> None:
    stack = runner.stack(lambda: cluster(fargate=True, skip_default_node_group=False))

    with pytest.raises(automation.CommandError) as failed:
        stack.up()

    assert "input 'fargate' is not built by the local stand-in" in str(failed.value)
    assert "set skipDefaultNodeGroup" in str(failed.value)
    assert runner.aws.created == {}
