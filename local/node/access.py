"""Access to a live cloud from the host: its API, its containers, its namespaces."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.node import images
from local.node.plan import NODE_ADDRESS, NODE_NAME, PATH, NodePlan
from local.node.state import MachineState

ADMIN_KUBECONFIG = "admin.kubeconfig"
NAMESPACE = "k8s.io"
"""containerd's namespace of what Kubernetes runs."""


@dataclass(frozen=True)
class LiveCloud:
    """A cloud with a node.

    Attributes:
        folder: The cloud's folder; logs of its processes are in ``logs/``.
        kubeconfig: Kubeconfig of its administrator; works on the host and inside.
        node: What the node is called and where its things are.
    """

    folder: Path
    kubeconfig: Path
    node: NodePlan

    @property
    def node_ip(self) -> str:
        """Address of the node inside its network; the emulated AWS listens there too."""
        return NODE_ADDRESS

    @property
    def node_name(self) -> str:
        """Name of the real node."""
        return NODE_NAME

    @property
    def https_port(self) -> int:
        """Port of the host's loopback that is relayed to port 443 of the load balancer."""
        return self.node.https_port

    @property
    def pid(self) -> int:
        """Process id, on the host, of the first process inside the namespaces.

        Raises:
            LocalCloudError: The machine does not run.
        """
        state = MachineState.read(self.folder)
        if state is None or not Path(f"/proc/{state.first}/ns/net").exists():
            raise LocalCloudError(
                "the node of this cloud does not run", "start it: llmp live up (make live)"
            )
        return state.first

    def enter(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` inside the node's namespaces; for root.

        What runs there ends with the cloud. Files are those of the host, but for `plan.HIDDEN`.
        """
        return [
            "nsenter", f"--target={self.pid}", "--net", "--mount", "--ipc", "--pid",
            f"--wd={self.folder}", "--", *argv,
        ]  # fmt: skip

    def ctr(self, args: Sequence[str], *, seconds: float = 300) -> str:
        """Run ``ctr`` against the node's containerd; returns what it prints.

        Raises:
            LocalCloudError: It failed; shows what it said.
        """
        command = self.enter(["ctr", "--namespace", NAMESPACE, *args])
        ended = subprocess.run(
            command,
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if ended.returncode != 0:
            raise LocalCloudError(
                f"ctr {' '.join(args)} ended with code {ended.returncode}",
                f"containerd's log is {self.folder / 'logs' / 'containerd.log'}",
                (ended.stdout + ended.stderr)[-2000:].strip(),
            )
        return ended.stdout

    def import_image(self, tar: Path, names: Sequence[str]) -> bool:
        """Have the node know the image in an archive under exactly the given names.

        Args:
            tar: A ``docker save`` or OCI archive with one image.
            names: Full names with tag, such as ``localhost/gateway:1``.

        Returns:
            False when it was known already: the store outlives the cloud.

        Raises:
            LocalCloudError: containerd refuses it.
        """
        return images.import_archive(self.ctr, self.node.store, tar, names)

    def image_names(self) -> set[str]:
        """Names of all images that the node can run without a registry."""
        return set(self.ctr(["images", "ls", "-q"]).split())


def of_folder(folder: Path) -> LiveCloud | None:
    """Access to the cloud in `folder`; None when it has no node."""
    node = NodePlan.read(folder)
    return LiveCloud(folder, folder / ADMIN_KUBECONFIG, node) if node else None


def require_root(what: str) -> None:
    """Refuse what only root can do.

    Raises:
        LocalCloudError: This is not root.
    """
    if os.geteuid() != 0:
        raise LocalCloudError(
            f"{what} needs root: it makes namespaces, mounts and cgroups.",
            "Run the same command as root, such as with sudo -E.",
        )
