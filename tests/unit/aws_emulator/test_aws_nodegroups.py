from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.aws_emulator.support import MakeCluster, Network, make_network, refusal

MakeGroup = Callable[..., dict[str, Any]]


@pytest.fixture
def make_group(eks: Any, cluster: str, network: Network, node_role: str) -> MakeGroup:
    def make(**settings: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "clusterName": cluster,
            "nodegroupName": "pool",
            "nodeRole": node_role,
            "subnets": list(network.subnets),
            **settings,
        }
        return eks.create_nodegroup(**wanted)["nodegroup"]

    return make


def _template(ec2: Any, name: str, **data: Any) -> str:
    answer = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return answer["LaunchTemplate"]["LaunchTemplateId"]


def test_a_group_keeps_what_it_was_given(eks: Any, cluster: str, make_group: MakeGroup) -> None:
    taints = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    make_group(
        amiType="AL2023_x86_64_NVIDIA",
        instanceTypes=["g6.xlarge"],
        capacityType="SPOT",
        scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 1},
        labels={"pool": "gpu"},
        taints=taints,
        updateConfig={"maxUnavailablePercentage": 25},
        nodeRepairConfig={"enabled": True},
        tags={"owner": "ml"},
    )
    found = eks.describe_nodegroup(clusterName=cluster, nodegroupName="pool")["nodegroup"]
    assert found["version"] == "1.35"
    assert found["releaseVersion"].startswith("1.35.")
    assert found["amiType"] == "AL2023_x86_64_NVIDIA"
    assert found["capacityType"] == "SPOT"
    assert found["taints"] == taints
    assert found["labels"] == {"pool": "gpu"}
    assert found["updateConfig"] == {"maxUnavailablePercentage": 25}
    assert found["nodeRepairConfig"] == {"enabled": True}
    assert found["scalingConfig"] == {"minSize": 0, "maxSize": 4, "desiredSize": 1}
    assert found["diskSize"] == 20
    assert "remoteAccess" not in found
    assert eks.list_nodegroups(clusterName=cluster)["nodegroups"] == ["pool"]


def test_a_launch_template_is_resolved_and_takes_over(
    ec2: Any, make_group: MakeGroup, name: str
) -> None:
    template = _template(ec2, name, InstanceType="g6.xlarge")
    found = make_group(launchTemplate={"name": name, "version": "$Latest"})
    assert found["launchTemplate"] == {"id": template, "name": name, "version": "$Latest"}
    assert "diskSize" not in found
    assert "instanceTypes" not in found


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"subnets": ["subnet-0"]}, "does not exist"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/none"}, "cannot be found"),
        ({"instanceTypes": ["x9.large"]}, "do not exist: ['x9.large']"),
        ({"version": "1.36"}, "not compatible"),
        ({"version": "1.10"}, "not supported"),
        ({"releaseVersion": "1.34.1-20260101"}, "not valid for kubernetes version 1.35"),
        ({"amiType": "CUSTOM"}, "must specify an image id"),
        ({"scalingConfig": {"minSize": 3, "maxSize": 4, "desiredSize": 2}}, "Minimum capacity 3"),
        ({"scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 2}}, "desired capacity 2"),
        ({"taints": [{"key": "a", "value": "b", "effect": "BOGUS"}]}, "BOGUS"),
        ({"launchTemplate": {"id": "lt-0"}}, "could not be found"),
    ],
)
def test_a_wrong_group_is_refused(
    make_group: MakeGroup, settings: dict[str, Any], part: str
) -> None:
    code, message = refusal(make_group, **settings)
    assert code == "InvalidParameterException"
    assert part in message


def test_settings_may_be_in_the_group_or_the_template(
    ec2: Any, make_group: MakeGroup, name: str
) -> None:
    template = {"id": _template(ec2, name, InstanceType="g6.xlarge")}
    both = refusal(make_group, launchTemplate=template, instanceTypes=["g6.xlarge"])
    assert "both in the request" in both[1]
    assert "Disk size" in refusal(make_group, launchTemplate=template, diskSize=50)[1]
    own = {"id": _template(ec2, f"{name}-image", ImageId="ami-12345678")}
    assert "CUSTOM" in refusal(make_group, launchTemplate=own, amiType="AL2023_x86_64_NVIDIA")[1]
    assert "image id" in refusal(make_group, launchTemplate=own, version="1.35")[1]
    assert make_group(launchTemplate=own)["amiType"] == "CUSTOM"


def test_a_subnet_of_another_vpc_is_refused(ec2: Any, make_group: MakeGroup) -> None:
    assert "VPC" in refusal(make_group, subnets=list(make_network(ec2).subnets))[1]


def test_changes_are_merged(eks: Any, cluster: str, make_group: MakeGroup) -> None:
    taints = [{"key": "a", "value": "1", "effect": "NO_SCHEDULE"}]
    make_group(labels={"keep": "1", "drop": "1"}, taints=taints)
    changed = {"key": "a", "value": "2", "effect": "NO_SCHEDULE"}
    update = eks.update_nodegroup_config(
        clusterName=cluster,
        nodegroupName="pool",
        labels={"addOrUpdateLabels": {"new": "1"}, "removeLabels": ["drop"]},
        taints={"addOrUpdateTaints": [changed]},
        scalingConfig={"maxSize": 5},
        updateConfig={"maxUnavailable": 2},
        nodeRepairConfig={"enabled": True},
    )["update"]
    found = eks.describe_nodegroup(clusterName=cluster, nodegroupName="pool")["nodegroup"]
    assert found["labels"] == {"keep": "1", "new": "1"}
    assert found["taints"] == [changed]
    assert found["scalingConfig"] == {"minSize": 1, "maxSize": 5, "desiredSize": 1}
    assert found["updateConfig"] == {"maxUnavailable": 2}
    kept = eks.describe_update(name=cluster, nodegroupName="pool", updateId=update["id"])
    assert kept["update"]["status"] == "Successful"
    assert refusal(eks.describe_update, name=cluster, updateId=update["id"])[0] == (
        "ResourceNotFoundException"
    )


def test_a_group_follows_its_cluster_version(
    eks: Any, make_cluster: MakeCluster, network: Network, node_role: str, name: str
) -> None:
    make_cluster(version="1.34")
    group = {"clusterName": name, "nodegroupName": "pool"}
    eks.create_nodegroup(**group, nodeRole=node_role, subnets=list(network.subnets))
    too_new = refusal(eks.update_nodegroup_version, **group, version="1.35")
    assert too_new[0] == "InvalidParameterException"
    eks.update_cluster_version(name=name, version="1.35")
    eks.update_nodegroup_version(**group, version="1.35", releaseVersion="1.35.6-20260728")
    found = eks.describe_nodegroup(**group)["nodegroup"]
    assert (found["version"], found["releaseVersion"]) == ("1.35", "1.35.6-20260728")


def test_a_cluster_with_a_group_stays(eks: Any, cluster: str, make_group: MakeGroup) -> None:
    make_group()
    assert refusal(make_group)[0] == "ResourceInUseException"
    assert refusal(eks.delete_cluster, name=cluster)[0] == "ResourceInUseException"
    eks.delete_nodegroup(clusterName=cluster, nodegroupName="pool")
    gone = refusal(eks.describe_nodegroup, clusterName=cluster, nodegroupName="pool")
    assert gone[0] == "ResourceNotFoundException"
    eks.delete_cluster(name=cluster)


def test_nodes_get_an_access_entry_while_a_group_has_their_role(
    eks: Any, cluster: str, make_group: MakeGroup, node_role: str
) -> None:
    make_group()
    make_group(nodegroupName="second")
    entry = eks.describe_access_entry(clusterName=cluster, principalArn=node_role)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
    eks.delete_nodegroup(clusterName=cluster, nodegroupName="pool")
    assert node_role in eks.list_access_entries(clusterName=cluster)["accessEntries"]
    eks.delete_nodegroup(clusterName=cluster, nodegroupName="second")
    assert node_role not in eks.list_access_entries(clusterName=cluster)["accessEntries"]
