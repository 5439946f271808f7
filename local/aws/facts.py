"""What the emulator was started with: one process is one cloud, so these are set once."""

from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "123456789012"
"""The only account of the emulated cloud, whatever credentials a request carries."""

DEFAULT_USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/local"
"""Who a caller is whose access key belongs to no IAM user and no assumed role."""


@dataclass(frozen=True)
class Facts:
    """Start parameters of the emulator.

    Attributes:
        cloud_id: Identity of the local cloud, answered by ``/_llmp/identity``.
        cluster_endpoint: URL of the local Kubernetes API server; what EKS answers as endpoint.
        cluster_ca: Base64 of the API server's CA in PEM; what EKS answers as certificate
            authority.
        folder: Private folder for ``calls.jsonl``; None writes no record of calls.
        faults: Folder that may hold a fault plan; None: there is never one.
    """

    cloud_id: str
    cluster_endpoint: str
    cluster_ca: str
    folder: Path | None
    faults: Path | None = None


_current: list[Facts] = []


def set_facts(facts: Facts) -> None:
    """Make `facts` those of this process."""
    _current[:] = [facts]


def current() -> Facts:
    """The facts of this process; an error of ours when the emulator was not set up."""
    if not _current:
        message = "local.aws was used before set_facts"
        raise RuntimeError(message)
    return _current[0]
