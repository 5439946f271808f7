"""What EKS checks of things that other services keep: roles, subnets, groups, keys."""

import json
from typing import Any
from urllib.parse import unquote

from local.aws import backends
from local.aws.eks.state import invalid
from local.aws.facts import ACCOUNT
from local.aws.operations import Document, many


def find_role(arn: str) -> Any:
    """The IAM role of an ARN, or None. Paths count, as they do in IAM."""
    for role in backends.iam().get_roles():
        if role.arn == arn:
            return role
    return None


def trusts(role: Any, service: str) -> bool:
    """Whether the trust policy of `role` lets `service` assume it."""
    document: Document = json.loads(unquote(str(role.assume_role_policy_document)))
    for statement in many(document.get("Statement")):
        principal: Any = statement.get("Principal", {})
        named = principal if isinstance(principal, str) else principal.get("Service")
        if statement.get("Effect") == "Allow" and service in many(named):
            return True
    return False


def check_cluster_role(arn: str) -> None:
    """InvalidParameterException unless EKS can assume the role."""
    role = find_role(arn)
    if role is None or not trusts(role, "eks.amazonaws.com"):
        message = (
            f"Role with arn: {arn}, could not be assumed because it does not exist or the "
            "trusted entity is not correct"
        )
        raise invalid(message)


def check_node_role(arn: str) -> None:
    """InvalidParameterException unless EC2 instances can take the role."""
    role = find_role(arn)
    if role is None:
        message = f"The role with name {arn.rpartition('/')[2]} cannot be found."
        raise invalid(message)
    if not trusts(role, "ec2.amazonaws.com"):
        message = (
            "Following required service principals [ec2.amazonaws.com] were not found in the "
            f"trust relationships of nodeRole {arn}"
        )
        raise invalid(message)


def check_subnets(region: str, subnet_ids: list[str]) -> list[Any]:
    """The subnets of a cluster or node group; InvalidParameterException when one is missing."""
    known: dict[str, Any] = {
        subnet.id: subnet
        for zone in backends.ec2(region).subnets.values()
        for subnet in zone.values()
    }
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            message = f"The subnet ID '{subnet_id}' does not exist"
            raise invalid(message)
    found = [known[subnet_id] for subnet_id in subnet_ids]
    vpcs = sorted({str(subnet.vpc_id) for subnet in found})
    if len(vpcs) > 1:
        message = f"Subnets specified must belong to the same VPC, got {', '.join(vpcs)}"
        raise invalid(message)
    return found


def check_cluster_subnets(region: str, subnet_ids: list[str]) -> str:
    """The VPC of a cluster's subnets, which must lie in two zones at least."""
    found = check_subnets(region, subnet_ids)
    if len({subnet.availability_zone for subnet in found}) < 2:
        message = "Subnets specified must be in at least two different AZs"
        raise invalid(message)
    return str(found[0].vpc_id)


def check_security_groups(region: str, group_ids: list[str], vpc_id: str) -> None:
    """InvalidParameterException unless every group exists in the cluster's VPC."""
    ec2 = backends.ec2(region)
    for group_id in group_ids:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            message = f"The security group '{group_id}' does not exist"
            raise invalid(message)
        if group.vpc_id != vpc_id:
            message = f"Security group(s) [{group_id}] are not in the same VPC as the subnets."
            raise invalid(message)


def check_encryption(region: str, configuration: list[dict[str, Any]]) -> None:
    """InvalidParameterException unless secrets are encrypted with a usable KMS key."""
    for entry in configuration:
        if entry.get("resources") != ["secrets"]:
            message = "Invalid resources specified in EncryptionConfig. Allowed: [secrets]"
            raise invalid(message)
        arn = str(entry.get("provider", {}).get("keyArn", ""))
        key: Any = backends.kms(region).keys.get(arn.rpartition("/")[2])
        if key is None or key.arn != arn:
            message = f"Invalid KMS key arn provided: {arn}"
            raise invalid(message)
        if key.key_state != "Enabled":
            message = f"KMS key {arn} is not enabled but {key.key_state}"
            raise invalid(message)


def check_principal(arn: str) -> None:
    """InvalidParameterException unless `arn` is an IAM principal that can have an access entry.

    Principals of this account must exist, save the default user, the root and roles that AWS
    makes itself (``role/aws-reserved/…``, ``role/aws-service-role/…``); principals of other
    accounts are taken as they are.
    """
    parts = arn.split(":", 5)
    valid = len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[4].isdigit()
    kind, _, name = parts[5].partition("/") if valid else ("", "", "")
    if kind == "root" and not name:
        return
    if kind not in {"role", "user"} or not name:
        message = "The specified principalArn is invalid: invalid principal."
        raise invalid(message)
    if parts[4] != ACCOUNT or name.startswith(("aws-reserved/", "aws-service-role/")):
        return
    if kind == "user":
        users: Any = backends.iam().users.values()
        exists = arn.endswith(":user/local") or any(user.arn == arn for user in users)
    else:
        exists = find_role(arn) is not None
    if not exists:
        message = f"The specified principalArn is invalid: invalid principal ({arn} is unknown)."
        raise invalid(message)
