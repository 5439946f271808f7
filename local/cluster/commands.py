"""The processes of a cloud as a table: what is run, with which flags, and why.

Every cloud has four. A live one has those of its node too (`local.node.processes`), and then they
all run in the node's namespaces.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from local.cluster.pki import FRONT_PROXY, LOOPBACK, Pair, Pki
from local.cluster.processes import Health, Plan, ProcessSpec, Restart
from local.node import eks
from local.node.plan import NODE_ADDRESS, NodePlan
from local.node.processes import processes as node_processes
from local.paths import REPOSITORY

CLOUD_FILE = "cloud.json"
AWS = "aws"
ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
KUBERNETES = (ETCD, API_SERVER, CONTROLLER_MANAGER)
"""The processes whose state is on disk, and also the names of their programs."""

AWS_PROGRAM = (sys.executable, "-P", "-m", "local.aws")
SERVICE_NETWORK = "10.96.0.0/16"
ANYWHERE = "0.0.0.0"  # noqa: S104 - inside namespaces of the cloud's own
MEMORY: Mapping[str, Mapping[str, str]] = {
    # A hundred big CRDs keep the garbage collector busier than anything else when it works as by
    # default; so it works later, but in earnest once there is much to hold.
    API_SERVER: {"GOGC": "200", "GOMEMLIMIT": "1100MiB"},
}
CONTROLLERS_WITHOUT_USE = (
    # They look after nodes, and there are none.
    "-node-ipam-controller",
    "-node-lifecycle-controller",
    "-taint-eviction-controller",
    "-device-taint-eviction-controller",
    "-persistentvolume-attach-detach-controller",
    "-ttl-controller",
)


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one cloud, chosen once."""

    aws: int
    api: int
    controller_manager: int
    etcd: int
    etcd_peer: int

    def as_dict(self) -> dict[str, int]:
        """The ports by name."""
        return dict(asdict(self))


@dataclass(frozen=True)
class CloudPlan:
    """What the processes of a cloud have in common.

    Attributes:
        folder: The cloud's folder.
        cloud_id: The cloud's identity.
        stack: Name of the stack.
        ports: Its ports.
        tools: Paths of etcd, kube-apiserver and kube-controller-manager by name.
        aws_program: Program and first arguments of the AWS process.
        node: The node of a live cloud.
    """

    folder: Path
    cloud_id: str
    stack: str
    ports: Ports
    tools: Mapping[str, Path]
    aws_program: Sequence[str] = AWS_PROGRAM
    node: NodePlan | None = None

    @property
    def pki(self) -> Pki:
        """The cloud's credentials."""
        return Pki(self.folder / "pki")

    @property
    def aws_endpoint(self) -> str:
        """Address of every AWS service."""
        return f"http://{LOOPBACK}:{self.ports.aws}"

    @property
    def api_endpoint(self) -> str:
        """Address of the API server."""
        return f"https://{LOOPBACK}:{self.ports.api}"

    @property
    def webhook_config(self) -> Path:
        """Where kube-apiserver reads how to ask AWS about a token."""
        return self.folder / "pki" / "token-webhook.yaml"

    @property
    def controller_manager_kubeconfig(self) -> Path:
        """The kubeconfig of kube-controller-manager."""
        return self.folder / "pki" / "controller-manager.kubeconfig"

    def processes(self) -> Plan:
        """The table for the keeper; in its order they start, in the reverse they stop."""
        specs = [self._aws(), self._etcd(), self._api_server(), self._controller_manager()]
        if self.node:
            specs += node_processes(self, self.node)
            specs += eks.processes(self)
        return Plan(specs, confirm_file=CLOUD_FILE)

    def _aws(self) -> ProcessSpec:
        argv = [
            *self.aws_program,
            *("--folder", str(self.folder / "aws")),
            *("--port", str(self.ports.aws)),
            *("--cloud-id", self.cloud_id),
            *("--cluster-endpoint", self.api_endpoint),
            *("--cluster-ca", str(self.pki.ca)),
            *("--faults", str(self.folder)),
            # Pods reach it by the node's address.
            *(("--host", ANYWHERE) if self.node else ()),
        ]
        return ProcessSpec(
            name=AWS,
            title="AWS (moto)",
            argv=argv,
            env={**self._env(), "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
            restart=Restart.NEVER,
            health=Health(
                f"{self.aws_endpoint}/_llmp/identity", expect={"cloud_id": self.cloud_id}
            ),
            stop_seconds=3,
            ports=(self.ports.aws,),
        )

    def _etcd(self) -> ProcessSpec:
        pair, client = self.pki.etcd, f"https://{LOOPBACK}:{self.ports.etcd}"
        peer = f"https://{LOOPBACK}:{self.ports.etcd_peer}"
        flags = {
            "name": "local",
            "data-dir": self.folder / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"local={peer}",
            # Client certificates, because every user of this machine can reach loopback.
            "client-cert-auth": "true",
            "trusted-ca-file": self.pki.etcd_ca,
            "cert-file": pair.cert,
            "key-file": pair.key,
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": self.pki.etcd_ca,
            "peer-cert-file": pair.cert,
            "peer-key-file": pair.key,
            # A crash of the machine ends the cloud anyway, so nothing is gained by waiting for it.
            "unsafe-no-fsync": "true",
            # One member elects itself: there is nobody to wait for.
            "heartbeat-interval": "20",
            "election-timeout": "200",
            "snapshot-count": "5000",
            "enable-grpc-gateway": "false",
            "log-level": "warn",
        }
        health = Health(f"{client}/health", str(self.pki.etcd_ca), str(pair.cert), str(pair.key))
        return self._kubernetes(ETCD, flags, health, (self.ports.etcd, self.ports.etcd_peer))

    def _api_server(self) -> ProcessSpec:
        serving, tokens, etcd = self.pki.serving, self.pki.service_accounts, self.pki.etcd
        flags: dict[str, object] = {
            "bind-address": LOOPBACK,
            "advertise-address": LOOPBACK,
            "secure-port": self.ports.api,
            "endpoint-reconciler-type": "none",
            "service-cluster-ip-range": SERVICE_NETWORK,
            "etcd-servers": f"https://{LOOPBACK}:{self.ports.etcd}",
            "etcd-cafile": self.pki.etcd_ca,
            "etcd-certfile": etcd.cert,
            "etcd-keyfile": etcd.key,
            "tls-cert-file": serving.cert,
            "tls-private-key-file": serving.key,
            "client-ca-file": self.pki.ca,
            "anonymous-auth": "false",
            "authorization-mode": "RBAC",
            "enable-admission-plugins": "NodeRestriction,PodSecurity,ServiceAccount",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": tokens.cert,
            "service-account-signing-key-file": tokens.key,
            "authentication-token-webhook-config-file": self.webhook_config,
            "authentication-token-webhook-version": "v1",
            "authentication-token-webhook-cache-ttl": "5s",
            "allow-privileged": "true",
            # Every past state of every CRD would be kept, several hundred MiB of them.
            "watch-cache-sizes": "customresourcedefinitions.apiextensions.k8s.io#0",
            "profiling": "false",
        }
        if self.node:
            flags |= self._api_server_of_node()
        health = self._cluster_health(self.api_endpoint, "/readyz")
        return self._kubernetes(API_SERVER, flags, health, (self.ports.api,))

    def _api_server_of_node(self) -> dict[str, object]:
        """Flags for kubelets and for extension API servers; nobody outside reaches any address."""
        pki = self.pki
        return {
            "bind-address": ANYWHERE,
            "advertise-address": NODE_ADDRESS,
            "endpoint-reconciler-type": "lease",
            "authorization-mode": "Node,RBAC",
            "kubelet-preferred-address-types": "InternalIP",
            "kubelet-certificate-authority": pki.ca,
            "kubelet-client-certificate": pki.kubelet_client.cert,
            "kubelet-client-key": pki.kubelet_client.key,
            "enable-aggregator-routing": "true",
            "requestheader-client-ca-file": pki.front_proxy_ca,
            "requestheader-allowed-names": FRONT_PROXY,
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": pki.front_proxy.cert,
            "proxy-client-key-file": pki.front_proxy.key,
        }

    def _controller_manager(self) -> ProcessSpec:
        serving = self.pki.serving
        kubeconfig = self.controller_manager_kubeconfig
        flags = {
            "bind-address": LOOPBACK,
            "secure-port": self.ports.controller_manager,
            "tls-cert-file": serving.cert,
            "tls-private-key-file": serving.key,
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            # No aggregation layer, so nothing to look up, and no wait for the right to do so.
            "authentication-skip-lookup": "true",
            "client-ca-file": self.pki.ca,
            "cluster-name": self.stack,
            "root-ca-file": self.pki.ca,
            "service-account-private-key-file": self.pki.service_accounts.key,
            "use-service-account-credentials": "true",
            "leader-elect": "false",
            "controllers": ",".join(("*", *self._controllers_without_use())),
            # Namespaces are emptied one request at a time; the default rate is made for clusters
            # that other people use too.
            "kube-api-qps": "200",
            "kube-api-burst": "400",
            "profiling": "false",
        }
        endpoint = f"https://{LOOPBACK}:{self.ports.controller_manager}"
        health = self._cluster_health(endpoint, "/healthz")
        return self._kubernetes(CONTROLLER_MANAGER, flags, health, (self.ports.controller_manager,))

    def _controllers_without_use(self) -> Sequence[str]:
        # CNI hands out the pods' addresses, also where there is a node.
        return CONTROLLERS_WITHOUT_USE[:1] if self.node else CONTROLLERS_WITHOUT_USE

    def _kubernetes(
        self, name: str, flags: Mapping[str, object], health: Health, ports: Sequence[int]
    ) -> ProcessSpec:
        return ProcessSpec(
            name=name,
            title=name,
            argv=[str(self.tools[name]), *(f"--{key}={value}" for key, value in flags.items())],
            env={**self._env(), **MEMORY.get(name, {})},
            restart=Restart.ALWAYS,
            health=health,
            # With a node, pods hold connections open for which the API server would wait.
            stop_seconds=2 if self.node else 8,
            ports=ports,
        )

    def _cluster_health(self, endpoint: str, path: str) -> Health:
        admin: Pair = self.pki.admin
        return Health(endpoint + path, str(self.pki.ca), str(admin.cert), str(admin.key))

    def _env(self) -> dict[str, str]:
        # Nothing of the caller's environment: no proxies, no AWS credentials, no debug switches.
        return {
            "HOME": str(self.folder),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.folder / "tmp"),
        }
