"""Applied quotas of the emulated account.

Codes and names are AWS's. The values are assumed (AWS's defaults for GPU families are 0 vCPUs in
a new account): enough for the platform's local stack, so that a preflight check passes.
"""

from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 11, 24)

SERVICES = {"ec2": "Amazon Elastic Compute Cloud (Amazon EC2)", "eks": "Amazon EKS"}


@dataclass(frozen=True)
class Quota:
    """One quota.

    Attributes:
        service: Code of the service.
        code: Code of the quota.
        name: Name in AWS's console.
        value: Applied value: vCPUs for instance quotas, a count elsewhere.
    """

    service: str
    code: str
    name: str
    value: float


QUOTAS: tuple[Quota, ...] = (
    Quota(
        "ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 512
    ),
    Quota("ec2", "L-DB2E81BA", "Running On-Demand G and VT instances", 768),
    Quota("ec2", "L-417A185B", "Running On-Demand P instances", 768),
    Quota(
        "ec2", "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 512
    ),
    Quota("ec2", "L-3819A6DF", "All G and VT Spot Instance Requests", 768),
    Quota("ec2", "L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", 384),
    Quota("ec2", "L-C4BD4855", "All P5 Spot Instance Requests", 384),
    Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 20),
    Quota("eks", "L-1194D53C", "Clusters", 100),
    Quota("eks", "L-6D54EA21", "Managed node groups per cluster", 30),
    Quota("eks", "L-BD136A63", "Nodes per managed node group", 450),
)
