"""What a node is called, which addresses it has and where its things are. Pure data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from local.cluster.processes import write_private

PLAN_FILE = "node.json"

NODE_ADDRESS = "10.88.0.1"
"""Address of the node inside its network namespace; pods reach the emulated AWS here."""
NODE_NETWORK = "10.88.0.0/24"
BRIDGE = "node0"
POD_NETWORK = "10.244.0.0/24"
SERVICE_NETWORK = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
DNS_DOMAIN = "cluster.local"
NODE_NAME = "local-node"

SCHEDULER = "kube-scheduler"
CONTAINERD = "containerd"
KUBELET = "kubelet"
KUBE_PROXY = "kube-proxy"
NODE_PROCESSES = (SCHEDULER, CONTAINERD, KUBELET, KUBE_PROXY)
"""What a node adds to a cloud's processes; for each a port on which its health is asked."""
NODE_TOOLS = (SCHEDULER, KUBELET, KUBE_PROXY, "kubectl", "kwok")
"""Tools of the toolchain that a live cloud needs beside those of every cloud."""

HTTPS = "https"
"""Name of the host port that leads to port 443 of the cluster's load balancer."""
LOAD_BALANCER_FILE = "load-balancer.json"
"""In the cloud's folder: ``{"443": "ADDRESS:PORT"}``, written by whoever balances the load."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for inside."""
SOCKET = Path("/run") / "containerd" / "containerd.sock"
KUBELET_FOLDER = Path("/var/lib/kubelet")
CNI_FOLDER = Path("/run/cni")
HIDDEN = ("/run", "/var/lib", "/var/log")
"""Folders of the machine that the node sees empty, so that it leaves nothing in them."""


@dataclass(frozen=True)
class NodePlan:
    """The node of one cloud.

    Attributes:
        cgroup: Name of its cgroup in each hierarchy, such as ``llmp-1a2b3c``.
        store: Folder in which containerd keeps images from run to run.
        ports: Loopback ports of the host by name: those of `NODE_PROCESSES`, `HTTPS` and those
            that the helpers of ``local.node.eks`` asked for. Inside the namespaces the same
            numbers are used.
    """

    cgroup: str
    store: Path
    ports: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def https_port(self) -> int:
        """Port of the host's loopback that leads to the load balancer's 443."""
        return self.ports[HTTPS]

    def write(self, folder: Path) -> None:
        """Write ``node.json`` into `folder`, whole or not at all."""
        write_private(folder / PLAN_FILE, json.dumps(asdict(self) | {"store": str(self.store)}))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read ``node.json``; None when the cloud in `folder` has no node."""
        try:
            data: dict[str, Any] = json.loads((folder / PLAN_FILE).read_text())
        except FileNotFoundError:
            return None
        return cls(data["cgroup"], Path(data["store"]), data["ports"])
