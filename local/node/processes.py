"""What a node adds to a cloud's table of processes: scheduler, containerd, kubelet, kube-proxy."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local.cluster.pki import LOOPBACK, Pair
from local.cluster.processes import Health, ProcessSpec, Restart
from local.node.configs import ConfigFiles
from local.node.plan import (
    CONTAINERD,
    KUBE_PROXY,
    KUBELET,
    KUBELET_FOLDER,
    NODE_ADDRESS,
    NODE_NAME,
    PATH,
    SCHEDULER,
    NodePlan,
)

if TYPE_CHECKING:
    from local.cluster.commands import CloudPlan

CONTAINER_UMASK = 0o022
RESTORABLE = Restart.ALWAYS


def processes(plan: "CloudPlan", node: NodePlan) -> list[ProcessSpec]:
    """The processes of the node, in order of start."""
    table = _Table(plan, node)
    return [table.scheduler(), table.containerd(), table.kubelet(), table.proxy()]


class _Table:
    def __init__(self, plan: "CloudPlan", node: NodePlan) -> None:
        self._plan = plan
        self._ports = node.ports
        self._files = ConfigFiles(plan.folder)

    def scheduler(self) -> ProcessSpec:
        """kube-scheduler: it asks as kube-controller-manager does."""
        pki, port = self._plan.pki, self._ports[SCHEDULER]
        kubeconfig = self._files.scheduler_kubeconfig
        flags = {
            "bind-address": LOOPBACK,
            "secure-port": port,
            "tls-cert-file": pki.serving.cert,
            "tls-private-key-file": pki.serving.key,
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            "authentication-skip-lookup": "true",
            "client-ca-file": pki.ca,
            "leader-elect": "false",
            "kube-api-qps": "100",
            "kube-api-burst": "200",
            "profiling": "false",
        }
        admin: Pair = pki.admin
        url = f"https://{LOOPBACK}:{port}/healthz"
        health = Health(url, str(pki.ca), str(admin.cert), str(admin.key))
        return self._spec(SCHEDULER, self._tool(SCHEDULER, flags), health)

    def containerd(self) -> ProcessSpec:
        """containerd: its metrics answer once it serves."""
        program = shutil.which(CONTAINERD, path=PATH) or CONTAINERD
        argv = [program, "--config", str(self._files.containerd)]
        health = Health(f"http://{LOOPBACK}:{self._ports[CONTAINERD]}/v1/metrics")
        return self._spec(CONTAINERD, argv, health, umask=CONTAINER_UMASK)

    def kubelet(self) -> ProcessSpec:
        """The kubelet, with certificates of this cloud instead of a bootstrap."""
        flags = {
            "config": self._files.kubelet,
            "kubeconfig": self._files.kubelet_kubeconfig,
            "root-dir": KUBELET_FOLDER,
            "cert-dir": KUBELET_FOLDER / "pki",
            "node-ip": NODE_ADDRESS,
            "hostname-override": NODE_NAME,
        }
        health = Health(f"http://{LOOPBACK}:{self._ports[KUBELET]}/healthz")
        argv = self._tool(KUBELET, flags)
        return self._spec(KUBELET, argv, health, umask=CONTAINER_UMASK)

    def proxy(self) -> ProcessSpec:
        """kube-proxy: Service addresses by iptables, in the node's own network only."""
        argv = self._tool(KUBE_PROXY, {"config": self._files.proxy})
        return self._spec(KUBE_PROXY, argv, Health(self._url(KUBE_PROXY, "/livez")))

    def _tool(self, name: str, flags: Mapping[str, object]) -> list[str]:
        return [
            str(self._plan.tools[name]),
            *(f"--{key}={value}" for key, value in flags.items()),
        ]

    def _url(self, name: str, path: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[name]}{path}"

    def _spec(
        self, name: str, argv: Sequence[str], health: Health, *, umask: int = 0o077
    ) -> ProcessSpec:
        folder: Path = self._plan.folder
        return ProcessSpec(
            name=name,
            title=name,
            argv=argv,
            env={
                "HOME": str(folder),
                "PATH": PATH,
                "LANG": "C.UTF-8",
                "TMPDIR": str(folder / "tmp"),
            },
            restart=RESTORABLE,
            health=health,
            stop_seconds=3,
            ports=(self._ports[name],),
            umask=umask,
        )
