"""What the node of a live cloud learns from the emulated EKS, and the credentials it hands out."""

from typing import Any

import boto3.session
import pytest

from local.node.eks.credentials import Aws, Caller, role_of
from tests.unit.aws_emulator.support import REGION, Emulator, Network, make_role

CALLER = Caller("team-a", "model", "model-0", "u1")


def own(emulator: Emulator, cluster: str) -> dict[str, Any]:
    clusters = Aws(emulator.endpoint).clusters()
    return next(each for each in clusters if each["name"] == cluster)


def test_node_groups_with_types_and_zones(
    emulator: Emulator, eks: Any, ec2: Any, cluster: str, node_role: str, network: Network
) -> None:
    template = ec2.create_launch_template(
        LaunchTemplateName=f"{cluster}-t", LaunchTemplateData={"InstanceType": "p5.48xlarge"}
    )["LaunchTemplate"]
    eks.create_nodegroup(
        clusterName=cluster,
        nodegroupName="block",
        nodeRole=node_role,
        subnets=[network.subnets[0]],
        launchTemplate={"id": template["LaunchTemplateId"], "version": "1"},
        scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 2},
        labels={"a": "b"},
        taints=[{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
    )
    found = own(emulator, cluster)
    assert found["region"] == REGION
    assert found["nodeGroups"] == [
        {
            "name": "block",
            "desired": 2,
            "instanceTypes": ["p5.48xlarge"],
            "capacityType": "ON_DEMAND",
            "amiType": "AL2023_x86_64_STANDARD",
            "labels": {"a": "b"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            "zones": [f"{REGION}a"],
        }
    ]


def test_credentials_are_those_of_the_associated_role(
    emulator: Emulator, eks: Any, cluster: str, pod_role: str
) -> None:
    eks.create_pod_identity_association(
        clusterName=cluster, namespace="team-a", serviceAccount="model", roleArn=pod_role
    )
    role = role_of([own(emulator, cluster)], "team-a", "model")
    assert role is not None
    identity = _caller_identity(emulator, Aws(emulator.endpoint).session(role, CALLER))
    assert identity.startswith(
        f"{pod_role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/eks-{cluster}"
    )


def test_an_association_may_lead_to_a_second_role(
    emulator: Emulator, eks: Any, iam: Any, cluster: str, pod_role: str
) -> None:
    target = make_role(iam, f"{cluster}-target", "ec2.amazonaws.com")
    eks.create_pod_identity_association(
        clusterName=cluster,
        namespace="team-a",
        serviceAccount="model",
        roleArn=pod_role,
        targetRoleArn=target,
    )
    role = role_of([own(emulator, cluster)], "team-a", "model")
    assert role is not None
    assert role.external_id
    identity = _caller_identity(emulator, Aws(emulator.endpoint).session(role, CALLER))
    assert f"assumed-role/{cluster}-target/" in identity


def test_an_address_without_the_emulator_is_an_error_of_the_connection() -> None:
    with pytest.raises(OSError, match="refused"):
        Aws("http://127.0.0.1:9").clusters()


def test_a_role_that_eks_cannot_take_is_told(
    emulator: Emulator, eks: Any, iam: Any, cluster: str, name: str
) -> None:
    role = make_role(iam, f"{name}-gone", "ec2.amazonaws.com")
    eks.create_pod_identity_association(
        clusterName=cluster, namespace="team-a", serviceAccount="model", roleArn=role
    )
    assert "does not trust pods.eks.amazonaws.com" in _problem(emulator, cluster)
    iam.delete_role(RoleName=f"{name}-gone")
    assert "does not exist" in _problem(emulator, cluster)


def _problem(emulator: Emulator, cluster: str) -> str:
    role = role_of([own(emulator, cluster)], "team-a", "model")
    assert role is not None
    return role.problem


def _caller_identity(emulator: Emulator, credentials: dict[str, Any]) -> str:
    session: Any = boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["Token"],
        region_name=REGION,
    )
    sts = session.client("sts", endpoint_url=emulator.endpoint)
    return str(sts.get_caller_identity()["Arn"])
