"""What the values of add-ons depend on. Pure: Pulumi's outputs pass through as they are."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm_platform.addons.kinds import PlatformSize
from llm_platform.kubernetes.cluster_defaults_data import STORAGE_CLASS

if TYPE_CHECKING:
    import pulumi

    from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily


@dataclass(frozen=True)
class PostgresDatabase:
    """A PostgreSQL database that an add-on keeps its records in.

    Attributes:
        host: Host name.
        database: Name of the database.
        secret: Name of a Secret in the add-on's namespace with keys ``username`` and
            ``password``.
    """

    host: "pulumi.Input[str]"
    database: str
    secret: str


@dataclass(frozen=True)
class AddonContext:
    """Where the add-ons stand, and what there is for them.

    Attributes:
        cluster_name: Name of the EKS cluster.
        region: AWS region.
        account_id: AWS account.
        vpc_id: VPC of the cluster.
        domain: DNS domain of served models.
        size: How much shared services are given.
        gpu_pools: Operating system and advertiser of every GPU pool.
        storage_class: Storage class of claims.
        log_bucket: Bucket of Loki's logs. None: Loki cannot be installed.
        artifact_bucket: Bucket of workflow artefacts and MLflow. None: neither keeps artefacts.
        bucket_key_arn: KMS key of those buckets.
        artifact_key_arn: KMS key of the artefact bucket. None: the same as of the other.
        partition: AWS partition.
        interruption_queue: Queue with EC2's interruption notices, for Karpenter.
        node_role_arn: Role of the nodes that Karpenter makes.
        mlflow_database: Database of MLflow. None: MLflow cannot be installed.
        passwords: Whether External Secrets is there to make passwords; Grafana needs one.
        tags: Tags that controllers give to what they make in AWS.
    """

    cluster_name: str
    region: str
    account_id: "pulumi.Input[str]"
    vpc_id: "pulumi.Input[str]"
    domain: str = "models.internal"
    size: PlatformSize = PlatformSize.LARGE
    gpu_pools: "tuple[tuple[GpuAmiFamily, GpuAdvertiser], ...]" = ()
    storage_class: str = STORAGE_CLASS
    log_bucket: "pulumi.Input[str] | None" = None
    artifact_bucket: "pulumi.Input[str] | None" = None
    bucket_key_arn: "pulumi.Input[str] | None" = None
    artifact_key_arn: "pulumi.Input[str] | None" = None
    partition: str = "aws"
    interruption_queue: "pulumi.Input[str] | None" = None
    node_role_arn: "pulumi.Input[str] | None" = None
    mlflow_database: PostgresDatabase | None = None
    passwords: bool = True
    tags: "dict[str, pulumi.Input[str]]" = field(default_factory=dict[str, "pulumi.Input[str]"])

    def arn(
        self,
        service: str,
        resource: "pulumi.Input[str]",
        region: str | None = None,
        account: str | None = None,
    ) -> "pulumi.Input[str]":
        """An ARN in this region and account, unless another is given; ``""`` leaves it empty."""
        where = self.region if region is None else region
        whose = self.account_id if account is None else account
        return joined(f"arn:{self.partition}:{service}:{where}:", whose, ":", resource)

    def bucket_arn(self, bucket: "pulumi.Input[str]", inside: str = "") -> "pulumi.Input[str]":
        """ARN of a bucket, or of what is `inside` it."""
        return joined(f"arn:{self.partition}:s3:::", bucket, inside)

    @property
    def large(self) -> bool:
        """Whether shared services run in several replicas."""
        return self.size == PlatformSize.LARGE

    def pick(self, small: int, large: int) -> int:
        """The number for this platform's size."""
        return large if self.large else small

    def amount(self, small: str, large: str) -> str:
        """The amount for this platform's size: controllers of a small one have little to watch."""
        return large if self.large else small


def joined(*parts: "pulumi.Input[str]") -> "pulumi.Input[str]":
    """The parts as one text; an output when one of them is."""
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    import pulumi  # noqa: PLC0415 - whoever gives an output has loaded it already

    return pulumi.Output.concat(*parts)
