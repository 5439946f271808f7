"""What the processes of EKS's side are told: one argument in JSON, in the keeper's table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from local.node.eks.kube import Credentials
from local.providers.kubernetes.trees import sequence

CONTROLLERS = "eks-controllers"
"""Load balancers, volumes and nodes of node groups."""
POD_IDENTITY = "eks-pod-identity"
"""Webhook and agent of Pod Identity."""
NETWORK_POLICY = "eks-network-policy"
"""Enforces network policies on the node."""
KWOK = "kwok"
"""Plays the kubelet of simulated nodes."""
WEBHOOK = "eks-webhook"
"""Port on which the API server asks about new pods; not a process."""
PORTS = (CONTROLLERS, POD_IDENTITY, NETWORK_POLICY, KWOK, WEBHOOK)
"""Names of the loopback ports that EKS's side needs, each for one listener."""

SIMULATED_IMAGES_FILE = "simulated-images.json"
"""In the cloud's folder: a list of the names of images that cannot be had. Pods that need one
run on a simulated node."""
VOLUMES_FOLDER = "volumes"


@dataclass(frozen=True)
class EksSettings:
    """What every process of EKS's side knows.

    Attributes:
        folder: The cloud's folder.
        credentials: The API server and an administrator's certificate.
        serving_cert: Certificate for servers on 127.0.0.1, signed by the cluster's authority.
        serving_key: Its key.
        aws_endpoint: Address of the emulated AWS for processes of the node.
        pod_aws_endpoint: Address of the emulated AWS for pods.
        node_name: Name of the real node.
        node_address: Its address, at which AWS and API server answer pods.
        api_port: Port of the API server.
        aws_port: Port of the emulated AWS.
        ports: Loopback ports by the names in `PORTS`.
    """

    folder: str
    credentials: Credentials
    serving_cert: str
    serving_key: str
    aws_endpoint: str
    pod_aws_endpoint: str
    node_name: str
    node_address: str
    api_port: int
    aws_port: int
    ports: Mapping[str, int]

    @property
    def root(self) -> Path:
        """The cloud's folder."""
        return Path(self.folder)

    def text(self) -> str:
        """As a process is given it; holds paths, no secrets."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` made."""
        data: dict[str, Any] = json.loads(text)
        credentials = Credentials(**data.pop("credentials"))
        return cls(credentials=credentials, **data)


def simulated_images(folder: Path) -> frozenset[str]:
    """Names of the images whose pods are to run on a simulated node."""
    try:
        names: Any = json.loads((folder / SIMULATED_IMAGES_FILE).read_text())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(name) for name in sequence(names))
