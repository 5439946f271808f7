"""The configuration files of a node's processes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cluster.pki import Pki
from local.cluster.processes import write_private
from local.node.plan import (
    CNI_FOLDER,
    CONTAINERD,
    DNS_ADDRESS,
    DNS_DOMAIN,
    KUBE_PROXY,
    KUBELET,
    NODE_ADDRESS,
    NODE_NAME,
    POD_NETWORK,
    SOCKET,
    NodePlan,
)

CNI_PROGRAMS = Path("/usr/lib/cni")
"""Where Debian's containernetworking-plugins are."""
PAUSE_IMAGE = "localhost/pause:1"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ConfigFiles:
    """Where they are: ``node/`` in the folder of the cloud."""

    cloud: Path

    @property
    def folder(self) -> Path:
        """The folder of all of them."""
        return self.cloud / "node"

    @property
    def containerd(self) -> Path:
        """Containerd's configuration."""
        return self.folder / "containerd.toml"

    @property
    def cni(self) -> Path:
        """Folder of the CNI configuration."""
        return self.folder / "cni"

    @property
    def kubelet(self) -> Path:
        """The kubelet's configuration."""
        return self.folder / "kubelet.json"

    @property
    def kubelet_kubeconfig(self) -> Path:
        """How the kubelet reaches the API server."""
        return self.folder / "kubelet.kubeconfig"

    @property
    def scheduler_kubeconfig(self) -> Path:
        """How kube-scheduler reaches the API server."""
        return self.folder / "scheduler.kubeconfig"

    @property
    def proxy(self) -> Path:
        """kube-proxy's configuration."""
        return self.folder / "kube-proxy.json"

    @property
    def proxy_kubeconfig(self) -> Path:
        """How kube-proxy reaches the API server."""
        return self.folder / "kube-proxy.kubeconfig"


def write(cloud: Path, node: NodePlan, pki: Pki) -> None:
    """Write all of them, but for the kubeconfigs."""
    files = ConfigFiles(cloud)
    files.cni.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(files.containerd, containerd_config(node, files.cni))
    write_private(files.cni / "10-node.conflist", json.dumps(cni_config(), indent=1))
    write_private(files.kubelet, json.dumps(kubelet_config(node, pki, cloud), indent=1))
    proxy = proxy_config(node, files.proxy_kubeconfig)
    write_private(files.proxy, json.dumps(proxy, indent=1))


def containerd_config(node: NodePlan, cni: Path) -> str:
    """Containerd's configuration: images in the store, everything else in the node's own /run."""
    return f"""\
version = 2
root = {json.dumps(str(node.store / "containerd"))}
state = "/run/containerd/state"
[grpc]
  address = {json.dumps(str(SOCKET))}
[metrics]
  address = "{LOOPBACK}:{node.ports[CONTAINERD]}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # A container that may raise its score needs a capability that this machine may not have.
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "{LOOPBACK}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PROGRAMS}"
    conf_dir = {json.dumps(str(cni))}
"""


def cni_config() -> dict[str, Any]:
    """The pods' network: a pair of devices for each pod, and host ports."""
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(CNI_FOLDER),
                    "ranges": [[{"subnet": POD_NETWORK}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet_config(node: NodePlan, pki: Pki, cloud: Path) -> dict[str, Any]:
    """The kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "healthzBindAddress": LOOPBACK,
        "healthzPort": node.ports[KUBELET],
        "tlsCertFile": str(pki.kubelet_serving.cert),
        "tlsPrivateKeyFile": str(pki.kubelet_serving.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.ca)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "podLogsDir": str(cloud / "pod-logs"),
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": DNS_DOMAIN,
        # Nobody outside answers names here.
        "resolvConf": "/dev/null",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "featureGates": {"KubeletInUserNamespace": True},
        "enforceNodeAllocatable": [],
        # The disk is the machine's: what others keep there is no reason to remove images or pods.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"imagefs.available": "1%", "nodefs.available": "1%"},
        "serializeImagePulls": False,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
        "shutdownGracePeriod": "0s",
    }


def proxy_config(node: NodePlan, kubeconfig: Path) -> dict[str, Any]:
    """kube-proxy's configuration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": NODE_NAME,
        "clusterCIDR": POD_NETWORK,
        # The table of connections is the whole machine's: it is left as it is.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": f"{LOOPBACK}:{node.ports[KUBE_PROXY]}",
        "metricsBindAddress": f"{NODE_ADDRESS}:10249",
    }
