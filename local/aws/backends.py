"""The one door to moto's backends: they are only partly typed, so they enter as `Any`."""

from collections.abc import Callable
from typing import Any, cast

import moto.backends

from local.aws.facts import ACCOUNT

_get_backend = cast("Callable[[str], Any]", moto.backends.get_backend)  # pyright: ignore[reportUnknownMemberType]


def backend_dict(service: str) -> Any:
    """Moto's table of a service's backends, by account and region."""
    return _get_backend(service)


def _backend(service: str, region: str) -> Any:
    return backend_dict(service)[ACCOUNT][region]


def ec2(region: str) -> Any:
    """Moto's EC2 of a region."""
    return _backend("ec2", region)


def eks(region: str) -> Any:
    """Moto's EKS of a region, as extended by `local.aws.eks`."""
    return _backend("eks", region)


def every_eks() -> list[Any]:
    """The EKS backends of all regions in which EKS was used."""
    return list(backend_dict("eks")[ACCOUNT].values())


def iam() -> Any:
    """Moto's IAM, which has no regions."""
    return _backend("iam", "aws")


def sts() -> Any:
    """Moto's STS, which keeps assumed roles for the whole account."""
    return _backend("sts", "aws")


def kms(region: str) -> Any:
    """Moto's KMS of a region."""
    return _backend("kms", region)


def s3() -> Any:
    """Moto's S3, which has one namespace of buckets."""
    return _backend("s3", "aws")


def group_users(region: str, group_id: str) -> list[str]:
    """What keeps a security group from being deleted: other groups' rules, network interfaces."""
    found: list[str] = []
    for groups in list(ec2(region).groups.values()):
        for group in list(groups.values()):
            if group.id == group_id:
                continue
            rules = [*group.ingress_rules, *group.egress_rules]
            if any(_refers(rule, group_id) for rule in rules):
                found.append(str(group.id))
    return found


def _refers(rule: Any, group_id: str) -> bool:
    return bool(rule.source_group) and rule.source_group.get("GroupId") == group_id


def budgets() -> Any:
    """Moto's Budgets of the account."""
    return _backend("budgets", "aws")


def cost_explorer() -> Any:
    """Cost Explorer of the account, as extended by `local.aws.services.cost_explorer`."""
    return _backend("ce", "aws")


def logs(region: str) -> Any:
    """Moto's CloudWatch Logs of a region."""
    return _backend("logs", region)
