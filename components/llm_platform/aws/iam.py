"""IAM, key and bucket policy documents, built from known strings. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    """Where a stack stands.

    Attributes:
        account_id: Twelve digits.
        region: Such as ``eu-central-1``.
        partition: ``aws``, ``aws-us-gov`` or ``aws-cn``.
    """

    account_id: str
    region: str
    partition: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def managed_policy(self, name: str) -> str:
        """ARN of a policy that AWS manages; `name` with its path, if it has one."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def access_policy(self, name: str) -> str:
        """ARN of a policy for EKS access entries."""
        return f"arn:{self.partition}:eks::aws:cluster-access-policy/{name}"

    def bucket(self, name: str) -> str:
        """ARN of a bucket."""
        return f"arn:{self.partition}:s3:::{name}"


def document(statements: Iterable[Statement]) -> str:
    """A policy document as JSON, the same text for the same statements."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return json.dumps(policy, sort_keys=True, separators=(",", ":"))


def service_trust(service: str, conditions: Mapping[str, Any] | None = None) -> str:
    """Lets an AWS service take a role, e.g. ``ec2.amazonaws.com``."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        statement["Condition"] = conditions
    return document([statement])


def pod_identity_trust(
    account: Account, cluster_name: str, namespace: str, service_account: str
) -> str:
    """Lets EKS take a role for one service account of one cluster of this account."""
    tags = {
        "aws:RequestTag/eks-cluster-arn": account.arn("eks", f"cluster/{cluster_name}"),
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    return document(
        [
            {
                "Sid": "EksPodIdentity",
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {"StringEquals": {"aws:SourceAccount": account.account_id, **tags}},
            }
        ]
    )


def irsa_trust(provider_arn: str, issuer: str, namespace: str, service_account: str) -> str:
    """Lets one service account take a role by the cluster's OIDC provider.

    Args:
        provider_arn: ARN of the IAM OIDC provider.
        issuer: The cluster's OIDC issuer, with or without ``https://``.
        namespace: Namespace of the service account.
        service_account: Name of the service account.
    """
    host = issuer.removeprefix("https://")
    return document(
        [
            {
                "Sid": "ServiceAccount",
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{host}:aud": "sts.amazonaws.com",
                        f"{host}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    }
                },
            }
        ]
    )


def key_policy(account: Account, log_groups: Sequence[str] = ()) -> str:
    """Policy of a KMS key: the account's IAM decides, and CloudWatch Logs may use it.

    Without the first statement nobody could ever change the key again.

    Args:
        account: The key's account.
        log_groups: Names of the log groups that are encrypted with it.
    """
    statements: list[Statement] = [
        {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{account.partition}:iam::{account.account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if log_groups:
        arns = [account.arn("logs", f"log-group:{name}") for name in log_groups]
        statements.append(
            {
                "Sid": "CloudWatchLogs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
                "Action": [
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arns}},
            }
        )
    return document(statements)


def flow_log_trust(account: Account) -> str:
    """Lets flow logs of this account and region take a role."""
    return service_trust(
        "vpc-flow-logs.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": account.account_id},
            "ArnLike": {"aws:SourceArn": account.arn("ec2", "vpc-flow-log/*")},
        },
    )


def flow_log_policy(account: Account, log_group: str) -> str:
    """Lets flow logs write to one log group."""
    group = account.arn("logs", f"log-group:{log_group}")
    return document(
        [
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [group, f"{group}:*"],
            }
        ]
    )


def bucket_policy(bucket_arn: str) -> str:
    """Refuses every request to a bucket that does not come over TLS 1.2 or newer."""
    resources = [bucket_arn, f"{bucket_arn}/*"]
    deny: Statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": resources,
    }
    return document(
        [
            {**deny, "Sid": "TlsOnly", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {**deny, "Sid": "Tls12", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        ]
    )
