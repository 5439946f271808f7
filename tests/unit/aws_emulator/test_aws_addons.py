import json
from typing import Any

import pytest

from tests.unit.aws_emulator.support import Network, refusal


def test_an_addon_lives(eks: Any, cluster: str) -> None:
    values = json.dumps({"enableNetworkPolicy": "true"})
    made = eks.create_addon(
        clusterName=cluster,
        addonName="vpc-cni",
        addonVersion="v1.22.3-eksbuild.1",
        configurationValues=values,
        tags={"owner": "ml"},
    )["addon"]
    assert (made["status"], made["health"]) == ("ACTIVE", {"issues": []})
    addon = {"clusterName": cluster, "addonName": "vpc-cni"}
    update = eks.update_addon(**addon, addonVersion="v1.22.4-eksbuild.3")["update"]
    found = eks.describe_addon(**addon)["addon"]
    assert found["addonVersion"] == "v1.22.4-eksbuild.3"
    assert found["configurationValues"] == values
    kept = eks.describe_update(name=cluster, addonName="vpc-cni", updateId=update["id"])
    assert kept["update"]["type"] == "AddonUpdate"
    assert eks.list_tags_for_resource(resourceArn=found["addonArn"])["tags"] == {"owner": "ml"}
    assert eks.list_addons(clusterName=cluster)["addons"] == ["vpc-cni"]
    assert refusal(eks.create_addon, **addon)[0] == "ResourceInUseException"
    assert eks.delete_addon(**addon)["addon"]["status"] == "DELETING"
    assert refusal(eks.describe_addon, **addon)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"addonName": "bogus"}, "bogus specified is not supported"),
        ({"addonVersion": "v0.0.1-eksbuild.1"}, "version specified is not supported"),
        ({"configurationValues": "[1]"}, "not an object"),
        ({"configurationValues": "{"}, "not supported"),
        ({"serviceAccountRoleArn": "arn:aws:iam::123456789012:role/none"}, "does not exist"),
        ({"resolveConflicts": "PRESERVE"}, "PRESERVE"),
    ],
)
def test_a_wrong_addon_is_refused(
    eks: Any, cluster: str, settings: dict[str, Any], part: str
) -> None:
    wanted = {"clusterName": cluster, "addonName": "vpc-cni", **settings}
    code, message = refusal(eks.create_addon, **wanted)
    assert code == "InvalidParameterException"
    assert part in message


def test_a_version_of_another_kubernetes_is_refused(eks: Any, cluster: str) -> None:
    _, message = refusal(
        eks.create_addon,
        clusterName=cluster,
        addonName="kube-proxy",
        addonVersion="v1.34.6-eksbuild.13",
    )
    assert "on Kubernetes 1.35" in message
    assert "v1.35.3-eksbuild.21" in message


def test_an_addon_of_deployments_needs_a_node(
    eks: Any, cluster: str, network: Network, node_role: str
) -> None:
    addon = {"clusterName": cluster, "addonName": "coredns"}
    made = eks.create_addon(**addon)["addon"]
    assert made["status"] == "DEGRADED"
    assert made["health"]["issues"][0]["code"] == "InsufficientNumberOfReplicas"
    eks.create_nodegroup(
        clusterName=cluster,
        nodegroupName="system",
        nodeRole=node_role,
        subnets=list(network.subnets),
    )
    assert eks.describe_addon(**addon)["addon"]["status"] == "ACTIVE"


def test_an_addon_owns_its_pod_identities(eks: Any, cluster: str, pod_role: str) -> None:
    wanted = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": pod_role}]
    addon = {"clusterName": cluster, "addonName": "aws-ebs-csi-driver"}
    made = eks.create_addon(**addon, podIdentityAssociations=wanted)["addon"]
    listed = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert [each["associationArn"] for each in listed] == made["podIdentityAssociations"]
    assert listed[0]["ownerArn"] == made["addonArn"]
    owned = {"clusterName": cluster, "associationId": listed[0]["associationId"]}
    assert refusal(eks.delete_pod_identity_association, **owned)[0] == "InvalidRequestException"
    eks.update_addon(**addon, podIdentityAssociations=[])
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []
    broken = [{"serviceAccount": "x", "roleArn": "arn:aws:iam::123456789012:role/none"}]
    code, _ = refusal(eks.update_addon, **addon, podIdentityAssociations=[*wanted, *broken])
    assert code == "InvalidParameterException"
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_versions_are_listed_per_kubernetes_version(eks: Any) -> None:
    found = eks.describe_addon_versions(addonName="coredns", kubernetesVersion="1.35")["addons"]
    assert [addon["addonName"] for addon in found] == ["coredns"]
    versions = {each["addonVersion"]: each["compatibilities"] for each in found[0]["addonVersions"]}
    defaults = [version for version, fits in versions.items() if fits[0]["defaultVersion"] is True]
    assert defaults == ["v1.13.2-eksbuild.21"]
    assert all(fits[0]["clusterVersion"] == "1.35" for fits in versions.values())
    every = eks.describe_addon_versions()["addons"]
    assert len(every) > 15
    storage = eks.describe_addon_versions(types=["storage"])["addons"]
    assert {addon["type"] for addon in storage} == {"storage"}


def test_the_configuration_of_an_addon_is_described(eks: Any) -> None:
    found = eks.describe_addon_configuration(
        addonName="aws-ebs-csi-driver", addonVersion="v1.66.0-eksbuild.1"
    )
    assert json.loads(found["configurationSchema"])["type"] == "object"
    identity = found["podIdentityConfiguration"][0]
    assert identity["serviceAccount"] == "ebs-csi-controller-sa"
    missing = refusal(
        eks.describe_addon_configuration, addonName="vpc-cni", addonVersion="v0-eksbuild.1"
    )
    assert missing[0] == "ResourceNotFoundException"
