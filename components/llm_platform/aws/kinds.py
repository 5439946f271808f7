"""Closed sets of the AWS components. Pure: policies import it without Pulumi."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class NatMode(StrEnum):
    """How private subnets reach the internet."""

    SINGLE = "SINGLE"
    """One NAT gateway for all zones: cheapest, and one zone's failure cuts all off."""
    PER_ZONE = "PER_ZONE"
    """One NAT gateway in each zone."""
    NONE = "NONE"
    """No way out: images and models come through VPC endpoints."""


class AwsEndpoint(StrEnum):
    """An AWS service that private subnets reach without NAT, by an interface endpoint."""

    AUTOSCALING = "autoscaling"
    """EC2 Auto Scaling, for the Cluster Autoscaler."""
    EC2 = "ec2"
    """EC2, for the VPC CNI, the EBS driver and nodes that join."""
    ECR = "ecr"
    """Elastic Container Registry: its API and its Docker registry, two endpoints."""
    EKS = "eks"
    """The EKS API."""
    EKS_AUTH = "eks-auth"
    """EKS Auth, which gives pods their role's credentials by Pod Identity."""
    ELB = "elasticloadbalancing"
    """Elastic Load Balancing, for the load balancer controller."""
    KMS = "kms"
    """Key Management Service."""
    LOGS = "logs"
    """CloudWatch Logs."""
    MONITORING = "monitoring"
    """CloudWatch metrics."""
    SECRETS_MANAGER = "secretsmanager"
    """Secrets Manager, for External Secrets."""
    SQS = "sqs"
    """Simple Queue Service, for Karpenter's interruption queue."""
    SSM = "ssm"
    """Systems Manager, for AMI parameters and sessions."""
    STS = "sts"
    """Security Token Service."""


ENDPOINT_SERVICES: Mapping[AwsEndpoint, tuple[str, ...]] = MappingProxyType(
    {
        endpoint: ("ecr.api", "ecr.dkr") if endpoint is AwsEndpoint.ECR else (endpoint.value,)
        for endpoint in AwsEndpoint
    }
)
"""The endpoint services behind each choice, without the region."""

NEEDED_WITHOUT_NAT = (AwsEndpoint.EC2, AwsEndpoint.ECR, AwsEndpoint.EKS_AUTH, AwsEndpoint.STS)
"""Without these and without NAT a node cannot join or its pods get no credentials."""


class AccessPolicy(StrEnum):
    """What an access entry may do in the cluster: EKS's own access policies."""

    CLUSTER_ADMIN = "CLUSTER_ADMIN"
    """Everything, in the whole cluster."""
    ADMIN = "ADMIN"
    """Everything but quotas and the namespace itself."""
    ADMIN_VIEW = "ADMIN_VIEW"
    """Reading everything, secrets included."""
    EDIT = "EDIT"
    """Changing workloads, not roles."""
    VIEW = "VIEW"
    """Reading, without secrets."""


ACCESS_POLICY_NAMES: Mapping[AccessPolicy, str] = MappingProxyType(
    {
        AccessPolicy.CLUSTER_ADMIN: "AmazonEKSClusterAdminPolicy",
        AccessPolicy.ADMIN: "AmazonEKSAdminPolicy",
        AccessPolicy.ADMIN_VIEW: "AmazonEKSAdminViewPolicy",
        AccessPolicy.EDIT: "AmazonEKSEditPolicy",
        AccessPolicy.VIEW: "AmazonEKSViewPolicy",
    }
)


class IdentityMode(StrEnum):
    """How pods get the credentials of their IAM role."""

    POD_IDENTITY = "POD_IDENTITY"
    """EKS Pod Identity: an association in EKS, no annotation, no OIDC provider."""
    IRSA = "IRSA"
    """IAM role for service accounts, by the cluster's OIDC provider: where no agent can run."""


class NodeAutoscaler(StrEnum):
    """Who changes the size of a managed node group. Karpenter never does."""

    NONE = "NONE"
    """Nobody: the group has the size that is written down."""
    CLUSTER_AUTOSCALER = "CLUSTER_AUTOSCALER"
    """The Cluster Autoscaler, or a scheduler that works as it does."""
