"""Cluster: what it asks of pulumi-eks, what it makes itself, and in which order."""

import json
from typing import Any

import pytest
from aws_recording import ACCOUNT, EKS_COMPONENT, Recording, children_outside, record, untagged

from llm_platform import versions
from llm_platform.aws.cluster import Cluster, ClusterArgs
from llm_platform.aws.kinds import AccessPolicy, NodeAutoscaler
from llm_platform.problems import InvalidInputsError

ADDON = "aws:eks/addon:Addon"
NODES = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

TAGGABLE = {ADDON, NODES, TEMPLATE, ASSOCIATION, LOG_GROUP, "aws:iam/role:Role", "aws:kms/key:Key"}
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"


def args(**more: Any) -> ClusterArgs:
    base: ClusterArgs = {
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "access": {
            "admins": {
                "principal_arn": ADMIN,
                "policies": [{"policy": AccessPolicy.CLUSTER_ADMIN}],
            },
            "readers": {
                "principal_arn": f"arn:aws:iam::{ACCOUNT}:role/reader",
                "policies": [{"policy": AccessPolicy.VIEW, "namespaces": ["serving"]}],
                "kubernetes_groups": ["readers"],
            },
        },
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def cluster(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = Cluster("llm", args(**more))
        return {
            "name": made.cluster_name,
            "version": made.version,
            "endpoint": made.endpoint,
            "ca": made.certificate_authority,
            "issuer": made.oidc_issuer,
            "provider": made.oidc_provider_arn,
            "group": made.security_group_id,
            "kubeconfig": made.kubeconfig,
        }

    return record(program)


@pytest.fixture(scope="module")
def plain() -> Recording:
    return cluster()


@pytest.fixture(scope="module")
def asked(plain: Recording) -> dict[str, Any]:
    return plain.one(EKS_COMPONENT).inputs


def test_every_taggable_resource_is_tagged_and_below_the_component(plain: Recording) -> None:
    assert untagged(plain, TAGGABLE) == []
    assert children_outside(plain, "llm-platform:index:Cluster") == []


def test_endpoint_is_private_by_default(asked: dict[str, Any]) -> None:
    assert asked["endpointPrivateAccess"] is True
    assert asked["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in asked


def test_public_endpoint_needs_its_blocks_spelled_out() -> None:
    asked = cluster(public_access_cidrs=["203.0.113.0/24"]).one(EKS_COMPONENT).inputs
    assert asked["endpointPublicAccess"] is True
    assert asked["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_secrets_logs_support_and_protection(plain: Recording, asked: dict[str, Any]) -> None:
    assert asked["encryptionConfigKeyArn"] == plain.one(LOG_GROUP).inputs["kmsKeyId"]
    assert len(asked["enabledClusterLogTypes"]) == 5
    assert asked["upgradePolicy"] == {"supportType": "STANDARD"}
    assert asked["deletionProtection"] is True
    assert asked["version"] == versions.KUBERNETES_VERSION
    group = plain.one(LOG_GROUP).inputs
    assert (group["name"], group["retentionInDays"]) == ("/aws/eks/llm/cluster", 90)


def test_access_is_by_entries_alone(asked: dict[str, Any]) -> None:
    assert asked["authenticationMode"] == "API"
    entries = asked["accessEntries"]
    (admin,) = entries["admins"]["accessPolicies"].values()
    assert (
        admin["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    )
    assert admin["accessScope"] == {"type": "cluster"}
    (view,) = entries["readers"]["accessPolicies"].values()
    assert view["accessScope"] == {"type": "namespace", "namespaces": ["serving"]}
    assert entries["readers"]["kubernetesGroups"] == ["readers"]
    assert entries["readers"]["tags"] == {"team": "ml"}


def test_network_policies_are_enforced_and_every_version_is_pinned(
    plain: Recording, asked: dict[str, Any]
) -> None:
    pins = versions.ADDONS[versions.KUBERNETES_VERSION]
    assert asked["vpcCniOptions"]["enableNetworkPolicy"] is True
    assert asked["vpcCniOptions"]["addonVersion"] == pins[versions.VPC_CNI]
    assert asked["kubeProxyAddonOptions"]["version"] == pins[versions.KUBE_PROXY]
    assert asked["corednsAddonOptions"]["enabled"] is False
    made = {one.inputs["addonName"]: one.inputs["addonVersion"] for one in plain.of(ADDON)}
    inside = {versions.VPC_CNI, versions.KUBE_PROXY, versions.S3_CSI}
    assert made == {name: pin for name, pin in pins.items() if name not in inside}


def test_no_invoke_but_where_we_stand(plain: Recording) -> None:
    """pulumi-eks asks AWS for the newest add-on when a version is missing; none is."""
    assert {token.split(":")[-1] for token in plain.invokes} == {
        "getCallerIdentity",
        "getPartition",
        "getRegion",
    }


def test_no_security_groups_or_nodes_of_pulumi_eks(asked: dict[str, Any]) -> None:
    """Two groups with the cluster's tag on one interface break the load balancer controller."""
    assert asked["skipDefaultSecurityGroups"] is True
    assert asked["skipDefaultNodeGroup"] is True
    assert asked["bootstrapSelfManagedAddons"] is False
    assert asked.get("createOidcProvider") is False


def test_children_of_pulumi_eks_are_completed_by_a_transform(plain: Recording) -> None:
    assert plain.one(EKS_COMPONENT).has_transforms


def test_system_nodes_are_hardened(plain: Recording) -> None:
    nodes = plain.one(NODES, "llm-system").inputs
    assert nodes["capacityType"] == "ON_DEMAND"
    assert nodes["amiType"] == "AL2023_x86_64_STANDARD"
    assert nodes["nodeRepairConfig"] == {"enabled": True}
    assert "remoteAccess" not in nodes
    template = plain.one(TEMPLATE).inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (device,) = template["blockDeviceMappings"]
    assert (device["ebs"]["encrypted"], device["ebs"]["volumeType"]) == ("true", "gp3")
    assert {"imageId", "keyName", "networkInterfaces"}.isdisjoint(template)
    kinds = {spec["resourceType"] for spec in template["tagSpecifications"]}
    assert kinds == {"instance", "network-interface", "volume"}
    for spec in template["tagSpecifications"]:
        assert spec["tags"]["team"] == "ml"
        assert spec["tags"]["llm-platform:resource"] == "llm-system"


def test_nodes_have_no_policy_that_pods_should_have(plain: Recording) -> None:
    role = plain.one("aws:iam/role:Role", "llm-system-role").inputs
    attached = {
        one.inputs["policyArn"].rpartition("/")[2]
        for one in plain.of(ATTACHMENT)
        if one.inputs["role"] == "llm-system-role"
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
    trusted = json.loads(role["assumeRolePolicy"])["Statement"][0]["Principal"]
    assert trusted == {"Service": "ec2.amazonaws.com"}


def test_driver_and_cni_have_identities_of_their_own(plain: Recording) -> None:
    accounts = {one.inputs["serviceAccount"] for one in plain.of(ASSOCIATION)}
    assert accounts == {"aws-node", "ebs-csi-controller-sa"}


def test_volumes_of_claims_carry_the_stack(plain: Recording) -> None:
    settings = json.loads(plain.one(ADDON, "llm-aws-ebs-csi-driver").inputs["configurationValues"])
    tags = settings["controller"]["extraVolumeTags"]
    assert tags["llm-platform:stack"] == "llm-platform/test"
    assert tags["team"] == "ml"


ORDER = [
    ("log group before control plane", LOG_GROUP, "llm-logs", EKS_COMPONENT, "llm"),
    ("control plane before agent", EKS_COMPONENT, "llm", ADDON, "llm-eks-pod-identity-agent"),
    ("control plane before nodes", EKS_COMPONENT, "llm", NODES, "llm-system"),
    ("agent before nodes", ADDON, "llm-eks-pod-identity-agent", NODES, "llm-system"),
    ("CNI's role before nodes", ASSOCIATION, "llm-cni-association", NODES, "llm-system"),
    (
        "CNI's policy before nodes",
        ATTACHMENT,
        "llm-cni-amazoneks-cni-policy",
        NODES,
        "llm-system",
    ),
    ("nodes before CoreDNS", NODES, "llm-system", ADDON, "llm-coredns"),
    ("nodes before metrics", NODES, "llm-system", ADDON, "llm-metrics-server"),
    ("nodes before monitoring", NODES, "llm-system", ADDON, "llm-eks-node-monitoring-agent"),
    ("nodes before EBS driver", NODES, "llm-system", ADDON, "llm-aws-ebs-csi-driver"),
    (
        "snapshots before EBS driver",
        ADDON,
        "llm-snapshot-controller",
        ADDON,
        "llm-aws-ebs-csi-driver",
    ),
    (
        "EBS driver's role before it",
        ASSOCIATION,
        "llm-ebs-csi-association",
        ADDON,
        "llm-aws-ebs-csi-driver",
    ),
]


@pytest.mark.parametrize(("what", "type_a", "first", "type_b", "second"), ORDER)
def test_order_of_creation_and_reverse_of_deletion(
    plain: Recording, what: str, type_a: str, first: str, type_b: str, second: str
) -> None:
    earlier, later = plain.one(type_a, first), plain.one(type_b, second)
    assert plain.waits_for(later, earlier), what
    assert not plain.waits_for(earlier, later), f"not the reverse of: {what}"
    sequence = plain.resources
    assert sequence.index(earlier) < sequence.index(later)


def test_who_uses_the_name_comes_after_every_addon_and_goes_before() -> None:
    import pulumi_aws as aws  # noqa: PLC0415 - loaded by the components anyway

    def program() -> dict[str, Any]:
        made = Cluster("llm", args())
        user = aws.eks.AccessEntry("user", cluster_name=made.cluster_name, principal_arn=ADMIN)
        return {"user": user.id}

    recording = record(program)
    user = recording.one("aws:eks/accessEntry:AccessEntry", "user")
    for addon in recording.of(ADDON):
        assert recording.waits_for(user, addon)
    assert recording.waits_for(user, recording.one(NODES))


def test_outputs(plain: Recording) -> None:
    assert plain.outputs == {
        "name": "llm",
        "version": "1.35",
        "endpoint": "https://api.example",
        "ca": "Q0E=",
        "issuer": "https://oidc.example/id",
        "provider": None,
        "group": "sg-cluster",
        "kubeconfig": "{}",
    }


def test_options() -> None:
    recording = cluster(
        system_nodes={
            "instance_types": ["m7g.large"],
            "autoscaler": NodeAutoscaler.CLUSTER_AUTOSCALER,
        },
        enable_irsa=True,
        mounted_bucket_arns=["arn:aws:s3:::models"],
        addon_versions={versions.COREDNS: "v1.13.2-eksbuild.11"},
        deletion_protection=False,
        service_cidr="172.20.0.0/16",
        kms_key_arn=f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1",
    )
    asked = recording.one(EKS_COMPONENT).inputs
    assert asked["deletionProtection"] is False
    assert asked["createOidcProvider"] is True
    assert asked["kubernetesServiceIpAddressRange"] == "172.20.0.0/16"
    assert recording.of("aws:kms/key:Key") == []
    nodes = recording.one(NODES)
    assert nodes.inputs["amiType"] == "AL2023_ARM_64_STANDARD"
    assert nodes.ignore_changes == ("scalingConfig.desiredSize",)
    assert recording.one(ADDON, "llm-coredns").inputs["addonVersion"] == "v1.13.2-eksbuild.11"
    assert recording.one(ADDON, "llm-aws-mountpoint-s3-csi-driver")
    policy = json.loads(recording.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy["Statement"][1]["Resource"] == ["arn:aws:s3:::models/*"]
    assert recording.outputs["provider"].endswith("oidc.example/id")


def test_every_problem_at_once() -> None:
    wrong = args(
        cluster_name="Bad_Name",
        kubernetes_version="1.30",
        public_access_cidrs=["0.0.0.0/0", "10.0.0.0/24", "::/0", "nonsense"],
        access={
            "one": {"principal_arn": ADMIN, "kubernetes_groups": ["system:masters"]},
            "two": {"principal_arn": ADMIN},
            "three": {
                "principal_arn": "arn:aws:iam::1:root",
                "policies": [{"policy": AccessPolicy.CLUSTER_ADMIN, "namespaces": ["a"]}],
            },
        },
        addon_versions={"coredns": "latest", "nginx": "v1.0.0-eksbuild.1"},
        log_retention_days=100,
        service_cidr="8.8.8.0/24",
        system_nodes={
            "instance_types": ["m7i.large", "m7g.large"],
            "min_size": 5,
            "max_size": 2,
            "volume_gib": 5,
        },
    )
    with pytest.raises(InvalidInputsError) as caught:
        Cluster("llm", wrong)
    assert {problem.path for problem in caught.value.problems} == {
        "access",
        "access.one.kubernetes_groups[0]",
        "access.three.policies[0].namespaces",
        "access.three.principal_arn",
        "access.two",
        "access.two.principal_arn",
        "addon_versions.coredns",
        "addon_versions.nginx",
        "cluster_name",
        "kubernetes_version",
        "log_retention_days",
        "public_access_cidrs[0]",
        "public_access_cidrs[1]",
        "public_access_cidrs[2]",
        "public_access_cidrs[3]",
        "service_cidr",
        "system_nodes.instance_types",
        "system_nodes.max_size",
        "system_nodes.volume_gib",
    }


def test_creator_may_stand_in_for_an_administrator() -> None:
    assert cluster(access={}, creator_admin=True).outputs["name"] == "llm"
