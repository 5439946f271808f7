"""Simulated nodes: what the GPU node groups of the emulated EKS have, played by kwok. Pure.

The one real node stands for every group without GPUs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES, GpuInstanceType
from llm_platform.node_room import most_pods, node_room
from local.node.eks.kube import Document

SIMULATED = "llm-platform.dev/simulated"
"""Label of a node on which nothing really runs, and key of the taint of the general one."""
GROUP = "eks.amazonaws.com/nodegroup"
CAPACITY_TYPE = "eks.amazonaws.com/capacityType"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
HOSTNAME = "kubernetes.io/hostname"
PLAYED = "kwok.x-k8s.io/node"
"""Annotation by which kwok knows its nodes."""
GPU = "nvidia.com/gpu"
GENERAL = "simulated-general"
"""Name of the node for pods whose images cannot be had."""
STORAGE_GIB = 100
_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
_OF_KUBERNETES = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Keys of taints that Kubernetes sets and removes itself."""


def simulated_nodes(clusters: Sequence[Document], *, general: bool) -> list[Document]:
    """Every simulated node there is to be.

    Args:
        clusters: Clusters as the emulated EKS's overview tells them.
        general: Whether there are pods whose images cannot be had.
    """
    nodes = [
        _gpu_node(cluster, group, GPU_INSTANCE_TYPES[group["instanceTypes"][0]], number)
        for cluster in clusters
        for group in cluster["nodeGroups"]
        if group["instanceTypes"] and group["instanceTypes"][0] in GPU_INSTANCE_TYPES
        for number in range(group["desired"])
    ]
    return [*nodes, *([_general_node()] if general else [])]


def real_labels(clusters: Sequence[Document]) -> dict[str, str]:
    """Labels of the real node: those of the first group without GPUs that has nodes."""
    for cluster in clusters:
        for group in cluster["nodeGroups"]:
            types = group["instanceTypes"]
            if group["desired"] and not (types and types[0] in GPU_INSTANCE_TYPES):
                return {**group["labels"], **_group_labels(cluster, group, 0)}
    return {}


def _group_labels(cluster: Document, group: Document, number: int) -> dict[str, str]:
    zones: list[str] = group["zones"]
    labels = {
        GROUP: group["name"],
        CAPACITY_TYPE: group["capacityType"],
        REGION: cluster["region"],
    }
    return labels | ({ZONE: zones[number % len(zones)]} if zones else {})


def _gpu_node(cluster: Document, group: Document, kind: GpuInstanceType, number: int) -> Document:
    name = f"simulated-{group['name']}-{number}"[:63].rstrip("-.").lower()
    arch = "arm64" if kind.architecture == "arm64" else "amd64"
    labels = {
        **group["labels"],
        **_group_labels(cluster, group, number),
        INSTANCE_TYPE: kind.name,
        "kubernetes.io/arch": arch,
    }
    taints = [
        {
            "key": taint["key"],
            "effect": _EFFECTS[taint["effect"]],
            **({"value": taint["value"]} if taint.get("value") else {}),
        }
        for taint in group["taints"]
    ]
    room = node_room(kind.vcpus, kind.memory_gib)
    gpus = {GPU: str(kind.gpu_count)}
    common = {
        "ephemeral-storage": f"{STORAGE_GIB}Gi",
        "pods": str(most_pods(kind.vcpus)),
        **gpus,
    }
    capacity = {"cpu": str(kind.vcpus), "memory": f"{kind.memory_gib}Gi", **common}
    allocatable = {
        "cpu": f"{int(room.cpus * 1000)}m",
        "memory": f"{int(room.memory_gib * 1024)}Mi",
        **common,
    }
    return _node(name, labels, taints, (capacity, allocatable))


def _general_node() -> Document:
    taint = {"key": SIMULATED, "value": "true", "effect": "NoSchedule"}
    room = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "250"}
    return _node(GENERAL, {"kubernetes.io/arch": "amd64"}, [taint], (room, room))


def _node(
    name: str,
    labels: Mapping[str, str],
    taints: list[dict[str, str]],
    room: tuple[dict[str, str], dict[str, str]],
) -> Document:
    common = {HOSTNAME: name, "kubernetes.io/os": "linux", "type": "kwok", SIMULATED: "true"}
    capacity, allocatable = room
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**labels, **common},
            "annotations": {PLAYED: "fake"},
        },
        "spec": {"taints": taints},
        "status": {"capacity": capacity, "allocatable": allocatable},
    }


def changes(wanted: Document, present: Document) -> Document | None:
    """A merge patch that makes a simulated node what it is to be; None when it is so.

    Taints that Kubernetes sets itself stay, and so do labels that others have added.
    """
    patch: Document = {}
    labels: dict[str, str] = wanted["metadata"]["labels"]
    has: Mapping[str, str] = present["metadata"].get("labels") or {}
    if any(has.get(key) != value for key, value in labels.items()):
        patch["metadata"] = {"labels": labels}
    taints: list[Any] = present.get("spec", {}).get("taints") or []
    own = [taint for taint in taints if taint["key"].startswith(_OF_KUBERNETES)]
    others = [taint for taint in taints if not taint["key"].startswith(_OF_KUBERNETES)]
    if _by_key(others) != _by_key(wanted["spec"]["taints"]):
        patch["spec"] = {"taints": [*wanted["spec"]["taints"], *own]}
    return patch or None


def _by_key(taints: Sequence[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    return sorted((each["key"], each["effect"], each.get("value", "")) for each in taints)


def is_other(wanted: Document, present: Document) -> bool:
    """Whether the node of that name is of another instance type, so that it is made anew."""
    labels: Mapping[str, str] = present["metadata"].get("labels") or {}
    return labels.get(INSTANCE_TYPE) != wanted["metadata"]["labels"].get(INSTANCE_TYPE)
