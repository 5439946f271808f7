"""What of a node is left for pods: how many, and how much processor and memory. Pure.

EKS keeps part of every node for its own agents, and the agents that run on every node take
their share as well. Both are estimated on the safe side: a pod that fits here fits there.
"""

from dataclasses import dataclass

SMALL_NODE_VCPUS = 30
PODS_OF_SMALL_NODE = 110
PODS_OF_LARGE_NODE = 250
"""Pods that EKS allows a node with prefix delegation: below 30 vCPUs 110, else 250."""

HYPERVISOR_SHARE = 0.075
"""Part of a machine's stated memory that its operating system never sees."""
KUBELET_MIB = 255
KUBELET_MIB_PER_POD = 11
EVICTION_MIB = 100
"""Below this the kubelet evicts pods, so nobody can count on it."""
KUBELET_CPU = ((1, 0.06), (1, 0.01), (2, 0.005))
KUBELET_CPU_REST = 0.0025
"""Share of each further processor that the kubelet keeps: of the first, the second, two more."""

AGENTS_CPU = 0.5
AGENTS_MEMORY_GIB = 1.0
"""Taken by what runs on every node: CNI, kube-proxy, log collector, exporters, GPU plugin."""


@dataclass(frozen=True)
class NodeRoom:
    """What pods other than the nodes' own can have of one node.

    Attributes:
        cpus: Processors.
        memory_gib: Memory in GiB.
    """

    cpus: float
    memory_gib: float


def most_pods(vcpus: int) -> int:
    """Pods that EKS allows on a node of so many processors."""
    return PODS_OF_SMALL_NODE if vcpus < SMALL_NODE_VCPUS else PODS_OF_LARGE_NODE


def node_room(vcpus: int, memory_gib: int) -> NodeRoom:
    """Room on a node of so many processors and so much memory."""
    kept_mib = KUBELET_MIB + KUBELET_MIB_PER_POD * most_pods(vcpus) + EVICTION_MIB
    usable_gib = memory_gib * (1 - HYPERVISOR_SHARE) - kept_mib / 1024
    kept_cpu, rest = 0.0, vcpus
    for count, share in KUBELET_CPU:
        kept_cpu += min(count, rest) * share
        rest -= min(count, rest)
    kept_cpu += rest * KUBELET_CPU_REST
    return NodeRoom(vcpus - kept_cpu - AGENTS_CPU, usable_gib - AGENTS_MEMORY_GIB)
