from typing import Any

from local.node.eks.node_groups import (
    GENERAL,
    changes,
    is_other,
    real_labels,
    simulated_nodes,
)

TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}


def group(**settings: Any) -> dict[str, Any]:
    return {
        "name": "l4",
        "desired": 2,
        "instanceTypes": ["g6.12xlarge"],
        "capacityType": "SPOT",
        "labels": {"llm-platform.dev/pool": "l4"},
        "taints": [TAINT],
        "zones": ["eu-central-1a", "eu-central-1b"],
        **settings,
    }


def cluster(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"name": "c", "region": "eu-central-1", "nodeGroups": list(groups)}


def node(**settings: Any) -> dict[str, Any]:
    return simulated_nodes([cluster(group(desired=1, **settings))], general=False)[0]


def test_a_gpu_group_has_as_many_simulated_nodes_as_it_wants() -> None:
    nodes = simulated_nodes([cluster(group())], general=False)
    assert [each["metadata"]["name"] for each in nodes] == ["simulated-l4-0", "simulated-l4-1"]
    zones = [each["metadata"]["labels"]["topology.kubernetes.io/zone"] for each in nodes]
    assert zones == ["eu-central-1a", "eu-central-1b"]


def test_a_node_has_what_its_instance_type_has_and_is_called_simulated() -> None:
    found = node()
    labels = found["metadata"]["labels"]
    assert found["status"]["capacity"]["nvidia.com/gpu"] == "4"
    assert found["status"]["allocatable"]["nvidia.com/gpu"] == "4"
    assert found["status"]["capacity"]["cpu"] == "48"
    assert labels["node.kubernetes.io/instance-type"] == "g6.12xlarge"
    assert labels["llm-platform.dev/simulated"] == "true"
    assert labels["llm-platform.dev/pool"] == "l4"
    assert labels["eks.amazonaws.com/capacityType"] == "SPOT"
    assert found["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}
    assert found["spec"]["taints"] == [
        {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}
    ]


def test_arm_nodes_are_arm() -> None:
    labels = node(instanceTypes=["g5g.xlarge"])["metadata"]["labels"]
    assert labels["kubernetes.io/arch"] == "arm64"


def test_groups_without_gpus_are_the_real_node() -> None:
    system = group(name="system", instanceTypes=["m7i.large"], labels={"role": "system"})
    empty = group(name="empty", instanceTypes=["m7i.large"], desired=0)
    clusters = [cluster(group(), empty, system)]
    assert all(
        "l4" in each["metadata"]["name"] for each in simulated_nodes(clusters, general=False)
    )
    found = real_labels(clusters)
    assert found["role"] == "system"
    assert found["eks.amazonaws.com/nodegroup"] == "system"
    assert found["topology.kubernetes.io/region"] == "eu-central-1"
    assert real_labels([cluster(group())]) == {}


def test_the_general_node_takes_only_who_is_sent_there() -> None:
    general = simulated_nodes([], general=True)[0]
    assert general["metadata"]["name"] == GENERAL
    assert [each["key"] for each in general["spec"]["taints"]] == ["llm-platform.dev/simulated"]
    assert "nvidia.com/gpu" not in general["status"]["capacity"]


def test_a_node_in_line_is_left_alone() -> None:
    wanted = node()
    present = node()
    present["metadata"]["labels"]["by-somebody"] = "else"
    present["spec"]["taints"].append(
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    )
    assert changes(wanted, present) is None
    assert not is_other(wanted, present)


def test_labels_and_taints_follow_the_group() -> None:
    not_ready = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    present = node(labels={}, taints=[])
    present["spec"]["taints"] = [not_ready]
    wanted = node()
    patch = changes(wanted, present)
    assert patch is not None
    assert patch["metadata"]["labels"]["llm-platform.dev/pool"] == "l4"
    assert patch["spec"]["taints"] == [*wanted["spec"]["taints"], not_ready]


def test_another_instance_type_is_another_node() -> None:
    assert is_other(node(instanceTypes=["g6.xlarge"]), node())
