"""What the emulated EKS keeps: moto's clusters and node groups with what moto drops."""

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from moto.eks.models import Cluster, EKSBackend, Nodegroup

from local.aws import backends
from local.aws.operations import AwsError, Call, Document

ISSUER = "https://oidc.eks.{region}.amazonaws.com/id/{identifier}"
API_MODES = ("API", "API_AND_CONFIG_MAP")


class EksCluster(Cluster):
    """A cluster; attributes have the names of the API in snake case, which moto serialises."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.addons: dict[str, Document] = {}
        self.access_entries: dict[str, Document] = {}
        self.access_policies: dict[str, dict[str, Document]] = {}
        self.associations: dict[str, Document] = {}
        self.updates: dict[str, Document] = {}
        self.access_config: Document = {}
        self.upgrade_policy: Document = {"supportType": "EXTENDED"}
        self.deletion_protection = False
        self.zonal_shift_config: Document = {"enabled": False}
        self.compute_config: Document | None = None
        self.storage_config: Document | None = None
        self.health: Document = {"issues": []}
        self.cluster_security_group = ""


class EksNodegroup(Nodegroup):
    """A managed node group."""


class EksBackend(EKSBackend):
    """EKS of one region."""

    @property
    def _url_module(self) -> Any:
        import moto.eks.urls  # noqa: PLC0415 moto finds a backend's URLs by its module's name

        return moto.eks.urls

    def cluster(self, name: str) -> EksCluster:
        """The cluster `name`; ResourceNotFoundException when there is none."""
        found = self.clusters.get(name)
        if not isinstance(found, EksCluster):
            message = f"No cluster found for name: {name}."
            raise AwsError("ResourceNotFoundException", message, clusterName=name)
        return found


def backend_of(call: Call) -> EksBackend:
    """The EKS backend of the call's region."""
    found: EksBackend = backends.eks(call.region)
    return found


def cluster_of(call: Call, parameter: str = "name") -> EksCluster:
    """The cluster that the call's path names."""
    return backend_of(call).cluster(call.text(parameter))


def nodegroup_of(call: Call) -> tuple[EksCluster, EksNodegroup]:
    """The node group that the call's path names, with its cluster."""
    cluster = cluster_of(call)
    name = call.text("nodegroupName")
    found = cluster.nodegroups.get(name)
    if not isinstance(found, EksNodegroup):
        message = f"No node group found for name: {name}."
        raise AwsError(
            "ResourceNotFoundException", message, clusterName=cluster.name, nodegroupName=name
        )
    return cluster, found


def now() -> datetime:
    """The time of the cloud, in UTC."""
    return datetime.now(UTC)


def short_id(length: int = 17) -> str:
    """A random id in the alphabet of EKS's own."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


def invalid(message: str, **members: str) -> AwsError:
    """InvalidParameterException with `message`."""
    return AwsError("InvalidParameterException", message, **members)


def record_update(
    cluster: EksCluster, kind: str, parameters: dict[str, Any], **owner: str
) -> Document:
    """Keep an update, already done, and give it as the API answers it.

    Args:
        cluster: Cluster that was updated, itself or in a part.
        kind: Type of the update, such as ``VersionUpdate``.
        parameters: What was asked for, by parameter type; None values are left out.
        owner: ``nodegroupName`` or ``addonName`` when a part of the cluster was updated.
    """
    update: Document = {
        "id": str(_uuid()),
        "status": "Successful",
        "type": kind,
        "params": [
            {"type": name, "value": str(value)}
            for name, value in parameters.items()
            if value is not None
        ],
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[update["id"]] = {"update": update, "owner": dict(owner)}
    return update


def _uuid() -> str:
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
