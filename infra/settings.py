"""What a stack file may say: one model per room, every key known, every value bounded.

`stacks/Pulumi.ENV.yaml` holds only what differs between environments; the defaults are
here. Keys are camelCase in the file and snake_case in code. Reading, from a file or from
the engine, is in `infra.settings_source`.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from llm_platform.addons.kinds import PlatformSize
from llm_platform.aws.kinds import AwsEndpoint, NatMode, NodeAutoscaler
from llm_platform.gpu.kinds import CapacityType, GpuAmiFamily


class Room(BaseModel):
    """Base of every room: immutable, unknown keys refused, camelCase in the file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, str_strip_whitespace=True
    )


def says(text: str) -> dict[str, Any]:
    """Metadata of a field: what is allowed, in words for an error message."""
    return {"allowed": text}


Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$")]
NAME = says("1 to 32 of a-z, 0-9 and -, starting with a letter, not ending with -")

Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
TEXT = says("a text of 1 to 120 characters")

Cidr = Annotated[str, StringConstraints(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
ZONE_PATTERN = r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$"
Zone = Annotated[str, StringConstraints(pattern=ZONE_PATTERN)]

RoleOrUserArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")
]
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]


class Cloud(StrEnum):
    """Where a stack stands."""

    AWS = "aws"
    """An AWS account, through the official provider plugins."""
    EMULATED = "emulated"
    """This machine: AWS emulated, a real Kubernetes API server."""


class Environment(Room):
    """Which environment this is and who answers for its bill."""

    name: Name = Field(json_schema_extra=NAME)
    cloud: Cloud = Cloud.AWS
    owner: Text = Field(json_schema_extra=TEXT)
    team: Text = Field(json_schema_extra=TEXT)
    cost_center: Text = Field(json_schema_extra=TEXT)


class Network(Room):
    """The VPC."""

    cidr: Cidr = Field(
        default="10.0.0.0/16",
        json_schema_extra=says("an IPv4 block from /16 to /20, e.g. 10.0.0.0/16"),
    )
    zones: tuple[Zone, ...] = Field(
        min_length=2,
        max_length=4,
        json_schema_extra=says("2 to 4 different availability zones of the region"),
    )
    nat_gateways: NatMode = NatMode.PER_ZONE
    endpoints: tuple[AwsEndpoint, ...] = ()
    flow_log_retention_days: int = Field(default=90, ge=1, le=3653)


class Administrator(Room):
    """A person or role that gets cluster-admin by an EKS access entry."""

    name: Name = Field(json_schema_extra=NAME)
    principal_arn: RoleOrUserArn = Field(
        json_schema_extra=says(
            "the ARN of an IAM role or user, e.g. arn:aws:iam::ACCOUNT:role/NAME"
        )
    )


class SystemNodes(Room):
    """The node group that runs the platform itself."""

    instance_types: tuple[InstanceType, ...] = Field(
        default=("m7i.xlarge",),
        min_length=1,
        max_length=10,
        json_schema_extra=says("1 to 10 EC2 instance types, e.g. m7i.xlarge"),
    )
    minimum: int = Field(default=2, ge=1, le=50)
    maximum: int = Field(default=6, ge=1, le=50)


class Cluster(Room):
    """The EKS cluster."""

    kubernetes_version: str = Field(
        default="1.35",
        pattern=r"^1\.\d{2}$",
        json_schema_extra=says("a Kubernetes minor version in EKS standard support, e.g. 1.35"),
    )
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        json_schema_extra=says("IPv4 blocks other than 0.0.0.0/0; none keeps the endpoint private"),
    )
    administrators: tuple[Administrator, ...] = ()
    creator_is_administrator: bool = True
    system_nodes: SystemNodes = SystemNodes()
    deletion_protection: bool = True
    log_retention_days: int = Field(default=90, ge=1, le=3653)


class GpuPool(Room):
    """One pool of GPU nodes."""

    name: Name = Field(json_schema_extra=NAME)
    instance_types: tuple[InstanceType, ...] = Field(
        min_length=1,
        max_length=10,
        json_schema_extra=says(
            "1 to 10 EC2 GPU instance types with the same GPUs, e.g. g6.2xlarge"
        ),
    )
    ami_family: GpuAmiFamily = GpuAmiFamily.AL2023
    capacity: CapacityType = CapacityType.ON_DEMAND
    autoscaler: NodeAutoscaler = NodeAutoscaler.NONE
    reservation_id: str | None = Field(
        default=None,
        pattern=r"^cr-[0-9a-f]{8,17}$",
        json_schema_extra=says("ID of a capacity reservation, e.g. cr-0123456789abcdef0"),
    )
    minimum: int = Field(default=1, ge=0, le=100)
    maximum: int = Field(default=1, ge=1, le=100)
    root_volume_gib: int = Field(default=200, ge=100, le=2000)


class Serving(Room):
    """How served models are reached."""

    domain: str = Field(
        default="models.internal",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        json_schema_extra=says("a DNS domain, e.g. models.example.com"),
    )


class Models(Room):
    """The model store."""

    noncurrent_version_days: int = Field(default=90, ge=1, le=3650)


class Addons(Room):
    """The add-ons of the platform, from `llm_platform.addons.table`."""

    size: PlatformSize = PlatformSize.LARGE
    without: tuple[Name, ...] = Field(
        default=(), json_schema_extra=says("names of add-ons to leave out, from docs/addons.md")
    )
    also: tuple[Name, ...] = Field(
        default=(), json_schema_extra=says("names of add-ons to have besides, from docs/addons.md")
    )


class Tenant(Room):
    """A team's namespace and its quota."""

    name: Name = Field(json_schema_extra=NAME)
    gpus: int = Field(default=0, ge=0, le=512)
    cpus: int = Field(default=16, ge=1, le=4096)
    memory_gib: int = Field(default=64, ge=1, le=32768)


class Service(Room):
    """One served model."""

    name: Name = Field(json_schema_extra=NAME)
    tenant: Name = Field(json_schema_extra=NAME)
    model: Name = Field(json_schema_extra=says("a folder of model_repo/"))
    pool: Name | None = Field(default=None, json_schema_extra=says("the name of a GPU pool"))
    gpus: int = Field(default=0, ge=0, le=8)
    cpus: int = Field(default=2, ge=1, le=192)
    memory_gib: int = Field(default=8, ge=1, le=2048)
    replicas: int = Field(default=2, ge=1, le=100)
    maximum_replicas: int = Field(default=4, ge=1, le=100)


class Cost(Room):
    """What the environment may cost; the policy pack and the AWS Budget read it."""

    monthly_budget_usd: float = Field(gt=0, le=10_000_000)
    allowed_instance_families: tuple[Name, ...] = Field(
        min_length=1, json_schema_extra=says("EC2 instance families, e.g. m7i, g6")
    )
    max_gpus: int = Field(default=8, ge=0, le=4096)
    alert_email: str | None = Field(
        default=None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        json_schema_extra=says("an e-mail address"),
    )


class Settings(Room):
    """Everything a stack file says."""

    region: str = Field(
        alias="aws:region",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        json_schema_extra=says("an AWS region, e.g. eu-central-1"),
    )
    environment: Environment
    network: Network
    cluster: Cluster = Cluster()
    gpu_pools: tuple[GpuPool, ...] = ()
    models: Models = Models()
    serving: Serving = Serving()
    addons: Addons = Addons()
    tenants: tuple[Tenant, ...] = ()
    services: tuple[Service, ...] = ()
    cost: Cost
