"""GpuNodePool: node group and launch template for each way of buying and each system."""

import base64
import json
from typing import Any

import pytest
from aws_recording import Recording, children_outside, record, untagged

from llm_platform.aws.kinds import NodeAutoscaler
from llm_platform.gpu.kinds import CapacityType, GpuAdvertiser, GpuAmiFamily
from llm_platform.gpu.node_pool import GpuNodePool, GpuNodePoolArgs
from llm_platform.problems import InvalidInputsError

NODES = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
PLACEMENT = "aws:ec2/placementGroup:PlacementGroup"
TAGGABLE = {NODES, TEMPLATE, GROUP, PLACEMENT, "aws:iam/role:Role"}
BLOCK = "cr-0123456789abcdef0"


def args(**more: Any) -> GpuNodePoolArgs:
    base: GpuNodePoolArgs = {
        "cluster_name": "llm",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "instance_types": ["g6.2xlarge", "g6.4xlarge"],
        "min_size": 1,
        "max_size": 3,
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def pool(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = GpuNodePool("l4", args(**more))
        return {"pool": made.pool_name, "gpus": made.gpus_per_node, "group": made.node_group_name}

    return record(program)


def problems(**more: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputsError) as caught:
        GpuNodePool("l4", args(**more))
    return {problem.path: str(problem) for problem in caught.value.problems}


@pytest.fixture(scope="module")
def plain() -> Recording:
    return pool()


def test_every_taggable_resource_is_tagged_and_below_the_component(plain: Recording) -> None:
    assert untagged(plain, TAGGABLE) == []
    assert children_outside(plain, "llm-platform:index:GpuNodePool") == []


def test_only_pods_that_ask_for_gpus_land_here(plain: Recording) -> None:
    nodes = plain.one(NODES).inputs
    assert nodes["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    labels = nodes["labels"]
    assert labels["llm-platform.dev/pool"] == "l4"
    assert labels["llm-platform.dev/accelerator"] == "nvidia-l4"
    assert labels["llm-platform.dev/capacity-type"] == "on-demand"
    assert labels["llm-platform.dev/gpu-count"] == "1"
    assert labels["llm-platform.dev/gpu-memory-gib"] == "22"


def test_image_by_type_so_that_releases_can_be_pinned(plain: Recording) -> None:
    assert plain.one(NODES).inputs["amiType"] == "AL2023_x86_64_NVIDIA"
    assert "imageId" not in plain.one(TEMPLATE).inputs
    pinned = pool(release_version="1.35.6-20260728").one(NODES).inputs
    assert pinned["releaseVersion"] == "1.35.6-20260728"


@pytest.mark.parametrize(
    ("family", "types", "ami"),
    [
        (GpuAmiFamily.AL2023, ["g5g.xlarge"], "AL2023_ARM_64_NVIDIA"),
        (GpuAmiFamily.BOTTLEROCKET, ["g6.2xlarge"], "BOTTLEROCKET_x86_64_NVIDIA"),
        (GpuAmiFamily.BOTTLEROCKET, ["g5g.xlarge"], "BOTTLEROCKET_ARM_64_NVIDIA"),
    ],
)
def test_image_follows_system_and_processor(
    family: GpuAmiFamily, types: list[str], ami: str
) -> None:
    assert pool(ami_family=family, instance_types=types).one(NODES).inputs["amiType"] == ami


def test_nodes_are_hardened(plain: Recording) -> None:
    template = plain.one(TEMPLATE).inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (device,) = template["blockDeviceMappings"]
    ebs = device["ebs"]
    assert (ebs["encrypted"], ebs["volumeSize"], ebs["throughput"]) == ("true", 200, 750)
    nodes = plain.one(NODES).inputs
    assert nodes["nodeRepairConfig"] == {"enabled": True}
    assert nodes["updateConfig"] == {"maxUnavailable": 1}
    assert "remoteAccess" not in nodes


def test_start_configuration(plain: Recording) -> None:
    text = base64.b64decode(plain.one(TEMPLATE).inputs["userData"]).decode()
    assert "application/node.eks.aws" in text
    config = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert config["spec"]["featureGates"] == {"FastImagePull": True}
    assert config["spec"]["instance"]["localStorage"] == {"strategy": "RAID0"}


def test_bottlerocket_has_a_data_volume_and_keeps_the_operator_off() -> None:
    recording = pool(ami_family=GpuAmiFamily.BOTTLEROCKET)
    devices = recording.one(TEMPLATE).inputs["blockDeviceMappings"]
    sizes = {device["deviceName"]: device["ebs"]["volumeSize"] for device in devices}
    assert sizes == {"/dev/xvda": 4, "/dev/xvdb": 200}
    assert all(device["ebs"]["encrypted"] == "true" for device in devices)
    labels = recording.one(NODES).inputs["labels"]
    assert labels["nvidia.com/gpu.deploy.device-plugin"] == "false"


def test_size_is_ours_unless_something_scales_it(plain: Recording) -> None:
    assert plain.one(NODES).ignore_changes == ()
    scaled = pool(min_size=0, autoscaler=NodeAutoscaler.CLUSTER_AUTOSCALER).one(NODES)
    assert scaled.ignore_changes == ("scalingConfig.desiredSize",)
    assert scaled.inputs["scalingConfig"] == {"minSize": 0, "maxSize": 3, "desiredSize": 0}
    template = "k8s.io/cluster-autoscaler/node-template"
    assert scaled.tags[f"{template}/resources/nvidia.com/gpu"] == "1"
    assert scaled.tags[f"{template}/taint/nvidia.com/gpu"] == "true:NoSchedule"
    assert scaled.tags[f"{template}/label/llm-platform.dev/pool"] == "l4"
    assert not any(key.startswith("k8s.io/") for key in plain.one(NODES).tags)


def test_empty_pool_that_nothing_scales_is_refused() -> None:
    assert "Karpenter" in problems(min_size=0)["min_size"]


def test_spot_takes_all_types() -> None:
    nodes = pool(capacity=CapacityType.SPOT).one(NODES).inputs
    assert nodes["capacityType"] == "SPOT"
    assert nodes["instanceTypes"] == ["g6.2xlarge", "g6.4xlarge"]
    assert nodes["labels"]["llm-platform.dev/capacity-type"] == "spot"


def test_capacity_block_is_said_in_the_template() -> None:
    recording = pool(
        capacity=CapacityType.CAPACITY_BLOCK,
        instance_types=["p5.48xlarge"],
        reservation_id=BLOCK,
        subnet_ids=["subnet-a"],
    )
    template, nodes = recording.one(TEMPLATE).inputs, recording.one(NODES).inputs
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert template["instanceType"] == "p5.48xlarge"
    reservation = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert reservation == {"capacityReservationId": BLOCK}
    assert nodes["capacityType"] == "CAPACITY_BLOCK"
    assert "instanceTypes" not in nodes


def test_on_demand_reservation() -> None:
    template = pool(reservation_id=BLOCK).one(TEMPLATE).inputs
    assert "instanceMarketOptions" not in template
    assert "capacityReservationSpecification" in template


def test_efa() -> None:
    recording = pool(
        instance_types=["p5.48xlarge"],
        subnet_ids=["subnet-a"],
        efa={"vpc_id": "vpc-1", "cluster_security_group_id": "sg-cluster"},
    )
    template = recording.one(TEMPLATE).inputs
    interfaces = template["networkInterfaces"]
    assert len(interfaces) == 32
    assert [one["interfaceType"] for one in interfaces[:2]] == ["efa", "efa-only"]
    assert [one["deviceIndex"] for one in interfaces[:3]] == [0, 1, 1]
    assert interfaces[0]["securityGroups"] == ["sg-cluster", "l4-efa-id"]
    assert template["placement"] == {"groupName": "l4-efa"}
    assert recording.one(PLACEMENT).inputs["strategy"] == "cluster"
    rules = recording.one(GROUP).inputs
    assert all(rule["self"] is True for rule in [*rules["ingress"], *rules["egress"]])
    assert untagged(recording, TAGGABLE) == []
    assert not any(key.startswith("kubernetes.io/") for key in recording.one(GROUP).tags)


def test_nodes_wait_for_their_policies(plain: Recording) -> None:
    attachments = plain.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {one.inputs["policyArn"].rpartition("/")[2] for one in attachments} == {
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSWorkerNodePolicy",
    }
    for attachment in attachments:
        assert plain.waits_for(plain.one(NODES), attachment)


def test_session_manager_is_spelled_out() -> None:
    attached = pool(enable_session_manager=True).of(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    )
    assert any(one.inputs["policyArn"].endswith("AmazonSSMManagedInstanceCore") for one in attached)


def test_outputs(plain: Recording) -> None:
    assert plain.outputs == {"pool": "l4", "gpus": 1, "group": "l4-nodes"}


def test_every_problem_at_once() -> None:
    found = problems(
        instance_types=["g6.2xlarge", "g5.xlarge", "m7i.large", "g6.2xlarge"],
        ami_family=GpuAmiFamily.BOTTLEROCKET,
        advertiser=GpuAdvertiser.GPU_OPERATOR,
        capacity=CapacityType.SPOT,
        reservation_id="nonsense",
        min_size=4,
        max_size=2,
        desired_size=9,
        release_version="latest",
        volume={"size_gib": 20, "iops": 3000, "throughput": 1000},
        labels={"nvidia.com/gpu": "x", "Bad Key": "y"},
        efa={"vpc_id": "vpc-1", "cluster_security_group_id": "sg-1"},
        pool_name="L4!",
    )
    assert set(found) == {
        "advertiser",
        "desired_size",
        "efa",
        "instance_types",
        "instance_types[2]",
        "instance_types[3]",
        "labels.Bad Key",
        "labels.nvidia.com/gpu",
        "min_size",
        "pool_name",
        "release_version",
        "reservation_id",
        "subnet_ids",
        "volume.size_gib",
        "volume.throughput",
    }
    assert "g6.4xlarge" not in found["instance_types[2]"]


def test_problem_of_a_near_type_names_its_family() -> None:
    found = problems(instance_types=["g6.3xlarge"])
    assert "g6.2xlarge" in found["instance_types[0]"]


def test_capacity_block_problems() -> None:
    found = problems(capacity=CapacityType.CAPACITY_BLOCK)
    assert set(found) == {"instance_types", "reservation_id", "subnet_ids"}


def test_unproven_efa_layout_is_refused() -> None:
    found = problems(
        instance_types=["p6-b300.48xlarge"],
        subnet_ids=["subnet-a"],
        efa={"vpc_id": "vpc-1", "cluster_security_group_id": "sg-1"},
    )
    assert set(found) == {"efa"}


def test_dra_needs_a_fixed_size() -> None:
    found = problems(advertiser=GpuAdvertiser.DRA, autoscaler=NodeAutoscaler.CLUSTER_AUTOSCALER)
    assert set(found) == {"autoscaler"}
