"""The AWS half of the library on the real engine: what is made, in which order, and unmade.

The cloud only writes down what it is asked for; the children of pulumi-eks' component come from
the stand-in for it. What mocks cannot show is shown here: transforms that reach the children of
a remote component, the engine's own order of deletion, and that a second run changes nothing.
"""

from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation

from infra.cli.interruptible import InterruptiblePulumi
from llm_platform import Cluster, GpuNodePool, ModelStore, Network
from llm_platform.aws.kinds import AccessPolicy, AwsEndpoint
from local.providers.eks.package import EksPackage
from local.providers.model import (
    Checked,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    Package,
    Properties,
    Session,
    State,
)
from local.providers.server import serve

ACCOUNT = "123456789012"
TAGS: dict[str, pulumi.Input[str]] = {"team": "ml"}
INVOKES: dict[str, Properties] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getRegion:getRegion": {"region": "eu-central-1"},
    "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
}
UNTAGGABLE = (
    "AccessPolicyAssociation",
    "Alias",
    "BucketLifecycleConfiguration",
    "BucketObjectv2",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
    "RolePolicy",
    "RolePolicyAttachment",
    "Route",
    "RouteTableAssociation",
)

EARLIER_THAN = [
    ("net-internet", "net-nat-eu-central-1a"),
    ("net-nat-eu-central-1a", "net-private-eu-central-1a-nat"),
    ("net-private-eu-central-1a-nat", "cluster-eksCluster"),
    ("net-s3", "cluster-eksCluster"),
    ("cluster-logs", "cluster-eksCluster"),
    ("cluster-eksCluster", "cluster-vpc-cni"),
    ("cluster-eksCluster", "cluster-kube-proxy"),
    ("cluster-vpc-cni", "cluster-eks-pod-identity-agent"),
    ("cluster-eks-pod-identity-agent", "cluster-system"),
    ("cluster-cni-association", "cluster-system"),
    ("cluster-system", "cluster-coredns"),
    ("cluster-system", "cluster-metrics-server"),
    ("cluster-system", "cluster-eks-node-monitoring-agent"),
    ("cluster-system", "cluster-aws-ebs-csi-driver"),
    ("cluster-ebs-csi-association", "cluster-aws-ebs-csi-driver"),
    ("cluster-coredns", "l4-nodes"),
    ("cluster-aws-ebs-csi-driver", "l4-nodes"),
    ("models-encryption", "models-llama/config.pbtxt"),
    ("models-private", "models-llama/config.pbtxt"),
]
"""The first is made before the second, and deleted after it."""


class Cloud(Package):
    """Writes down what it is asked to make and to delete."""

    threads = 16
    version = "7.51.1"

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: list[tuple[str, str, Properties]] = []
        self.deleted: list[str] = []

    def handled_types(self) -> frozenset[str]:
        return frozenset()

    def configure(self, config: Properties) -> Session:
        return CloudSession(self)


class CloudSession(Session):
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def check(self, request: CheckRequest) -> Checked:
        return Checked(request.inputs)

    def diff(self, request: DiffRequest) -> Diff:
        assert request.old_inputs == request.inputs, request.name
        return Diff()

    def create(self, request: CreateRequest) -> State:
        if not request.preview:
            self._cloud.made.append((request.type, request.name, request.inputs))
        arn = f"arn:aws:any:eu-central-1:{ACCOUNT}:{request.name}"
        added: Properties = {"name": request.name, "arn": arn}
        match request.type.rpartition(":")[2]:
            case "LaunchTemplate":
                added["latestVersion"] = 1
            case "Key":
                added["keyId"] = request.name
            case "Eip":
                added |= {"allocationId": "eipalloc-1", "publicIp": "198.51.100.1"}
            case "NodeGroup":
                added["nodeGroupName"] = request.name
            case "Cluster":
                added |= {
                    "endpoint": "https://127.0.0.1:6443",
                    "certificateAuthority": {"data": "Y2E="},
                    "identities": [{"oidcs": [{"issuer": "https://oidc.example/id/1"}]}],
                }
                group = {"clusterSecurityGroupId": "sg-eks"}
                request.inputs["vpcConfig"] = {**request.inputs["vpcConfig"], **group}
            case _:
                pass
        return State(id=f"{request.name}-id", outputs={**added, **request.inputs})

    def delete(self, request: DeleteRequest) -> None:
        self._cloud.deleted.append(request.name)

    def invoke(self, token: str, args: Properties) -> Properties:
        return INVOKES[token]


def program() -> None:
    network = Network(
        "net",
        {
            "cidr": "10.0.0.0/16",
            "zones": ["eu-central-1a", "eu-central-1b"],
            "endpoints": [AwsEndpoint.STS],
            "cluster_name": "llm",
            "tags": TAGS,
        },
    )
    cluster = Cluster(
        "cluster",
        {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.private_subnet_ids,
            "cluster_name": "llm",
            "access": {
                "admins": {
                    "principal_arn": f"arn:aws:iam::{ACCOUNT}:role/admins",
                    "policies": [{"policy": AccessPolicy.CLUSTER_ADMIN}],
                }
            },
            "tags": TAGS,
        },
    )
    GpuNodePool(
        "l4",
        {
            "cluster_name": cluster.cluster_name,
            "subnet_ids": network.private_subnet_ids,
            "kubernetes_version": cluster.version,
            "instance_types": ["g6.2xlarge"],
            "min_size": 1,
            "max_size": 2,
            "tags": TAGS,
        },
    )
    store = ModelStore("models", {"files": {"llama/config.pbtxt": "name"}, "tags": TAGS})
    pulumi.export("cluster", cluster.cluster_name)
    pulumi.export("uri", store.uri)


class Life:
    """One stack from its first preview to its destruction."""

    def __init__(self, stack: automation.Stack, cloud: Cloud) -> None:
        self.previewed = stack.preview().change_summary
        first = stack.up()
        self.outputs = {name: one.value for name, one in first.outputs.items()}
        self.second = stack.up().summary.resource_changes
        stack.destroy()
        self.made = cloud.made
        self.deleted = cloud.deleted

    def inputs(self, name: str) -> Properties:
        return next(inputs for _, one, inputs in self.made if one == name)


@pytest.fixture(scope="module")
def life(pulumi_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Life]:
    cloud = Cloud("aws")
    folder = tmp_path_factory.mktemp("engine")
    servers: dict[str, Any] = {
        package.name: serve(package) for package in (cloud, Cloud("kubernetes"), EksPackage())
    }
    environment = {
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, (_, port) in servers.items()),
    }
    options = automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        env_vars=environment,
        pulumi_command=InterruptiblePulumi(pulumi_path, _quiet),
    )
    stack = automation.create_or_select_stack(
        "dev", project_name="p", program=program, opts=options
    )
    yield Life(stack, cloud)
    for server, _ in servers.values():
        server.stop(grace=0)


def _quiet(_: object) -> None:
    """The engine's words are of no use to these tests."""


def _resource_types(made: list[tuple[str, str, Properties]]) -> Iterator[tuple[str, str, Any]]:
    for type_, name, inputs in made:
        if type_.rpartition(":")[2] not in UNTAGGABLE:
            yield type_, name, inputs


def test_preview_says_what_up_makes_and_a_second_up_changes_nothing(life: Life) -> None:
    assert set(life.previewed) == {"create"}
    assert life.second == {"same": sum(life.previewed.values())}
    assert life.outputs == {
        "cluster": "llm",
        "uri": f"s3://p-dev-models-{ACCOUNT}-eu-central-1/model_repo/",
    }


def test_everything_taggable_is_tagged_below_remote_components_too(life: Life) -> None:
    wrong = [
        f"{type_} {name}"
        for type_, name, inputs in _resource_types(life.made)
        if inputs.get("tags", {}).get("llm-platform:resource") != name
        or inputs["tags"].get("llm-platform:stack") != "p/dev"
        or inputs["tags"].get("team") != "ml"
    ]
    assert wrong == []


def test_creator_is_no_administrator_and_no_input_is_lost_by_the_transform(life: Life) -> None:
    cluster = life.inputs("cluster-eksCluster")
    assert cluster["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert cluster["roleArn"].endswith(":cluster-eksRole-role")
    assert cluster["encryptionConfig"]["provider"]["keyArn"].endswith(":cluster-key")
    assert len(cluster["vpcConfig"]["subnetIds"]) == 2


def test_network_policies_are_enforced(life: Life) -> None:
    assert '"enableNetworkPolicy":"true"' in life.inputs("cluster-vpc-cni")["configurationValues"]


@pytest.mark.parametrize(("first", "second"), EARLIER_THAN)
def test_order(life: Life, first: str, second: str) -> None:
    made = [name for _, name, _ in life.made]
    assert made.index(first) < made.index(second)
    assert life.deleted.index(second) < life.deleted.index(first)


def test_everything_made_is_deleted_and_the_vpc_after_all_that_is_in_it(life: Life) -> None:
    made = [name for _, name, _ in life.made]
    assert sorted(made) == sorted(life.deleted)
    inside = chain(
        (name for name in made if name.startswith(("net-private", "net-public", "net-nat"))),
        ("net-internet", "net-endpoints", "net-s3", "net-sts", "cluster-eksCluster", "l4-nodes"),
    )
    last = life.deleted.index("net-vpc")
    assert [name for name in inside if life.deleted.index(name) > last] == []
