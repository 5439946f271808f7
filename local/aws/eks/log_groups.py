"""The log group of a cluster, which EKS makes by itself when nobody else did."""

from typing import Any

from local.aws import backends


def ensure(cluster: Any, region: str) -> None:
    """Make the cluster's log group when it logs anything and has none: without retention."""
    setups: list[dict[str, Any]] = cluster.logging["clusterLogging"]
    if any(setup["enabled"] for setup in setups):
        name = f"/aws/eks/{cluster.name}/cluster"
        logs = backends.logs(region)
        if name not in logs.groups:
            logs.create_log_group(name, {})


def revive(name: str, region: str) -> None:
    """Make the group `name` again when a cluster goes on logging into it, as on AWS."""
    for cluster in list(backends.eks(region).clusters.values()):
        if name == f"/aws/eks/{cluster.name}/cluster":
            ensure(cluster, region)
