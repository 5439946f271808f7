"""``cloud.json``: the identity of a cloud, written last, so that a half-made cloud has none."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.cluster.commands import CLOUD_FILE, Ports
from local.cluster.processes import write_private

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Record:
    """What is written down about a cloud.

    Attributes:
        id: Its identity; its AWS process answers with it.
        stack: Name of the stack.
        boot_id: The machine's start during which it was made.
        created: When, ISO 8601.
        providers: ``stand-in`` or ``official``.
        ports: Its ports.
        aws_endpoint: Address of every AWS service.
        cluster_endpoint: Address of the API server.
        ca_file: Certificate of the API server's authority.
        kubeconfig: Kubeconfig of its administrator.
    """

    id: str
    stack: str
    boot_id: str
    created: str
    providers: str
    ports: Ports
    aws_endpoint: str
    cluster_endpoint: str
    ca_file: Path
    kubeconfig: Path

    def write(self, folder: Path) -> None:
        """Write ``cloud.json`` into `folder`."""
        content = {
            "id": self.id,
            "stack": self.stack,
            "boot_id": self.boot_id,
            "created": self.created,
            "providers": self.providers,
            "ports": self.ports.as_dict(),
            "aws": {"endpoint": self.aws_endpoint},
            "cluster": {
                "endpoint": self.cluster_endpoint,
                "ca_file": str(self.ca_file),
                "kubeconfig": str(self.kubeconfig),
            },
        }
        write_private(folder / CLOUD_FILE, json.dumps(content, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read ``cloud.json``; None when there is none or it cannot be understood."""
        try:
            data: dict[str, Any] = json.loads((folder / CLOUD_FILE).read_text())
            return cls(
                id=data["id"],
                stack=data["stack"],
                boot_id=data["boot_id"],
                created=data["created"],
                providers=data["providers"],
                ports=Ports(**data["ports"]),
                aws_endpoint=data["aws"]["endpoint"],
                cluster_endpoint=data["cluster"]["endpoint"],
                ca_file=Path(data["cluster"]["ca_file"]),
                kubeconfig=Path(data["cluster"]["kubeconfig"]),
            )
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None


def boot_id() -> str:
    """Identity of the machine's present start."""
    return BOOT_ID_FILE.read_text().strip()
