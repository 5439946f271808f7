"""What a stack file may say: one model per room, every key known, every value bounded.

`stacks/Pulumi.ENV.yaml` holds only what differs between environments; the defaults are
here. Keys are camelCase in the file and snake_case in code. Reading, from a file or from
the engine, is in `infra.settings_source`; the text below each key is what docs/settings.md says
of it.
"""

from enum import StrEnum

from pydantic import Field

from infra.settings_base import (
    NAME,
    TEXT,
    Cidr,
    InstanceType,
    Name,
    RoleOrUserArn,
    Room,
    Text,
    Zone,
    says,
)
from infra.settings_services import Service
from llm_platform.addons.kinds import PlatformSize
from llm_platform.aws.kinds import AwsEndpoint, NatMode, NodeAutoscaler
from llm_platform.environments import EnvironmentName
from llm_platform.gpu.kinds import CapacityType, GpuAmiFamily


class Cloud(StrEnum):
    """Where a stack stands."""

    AWS = "aws"
    """An AWS account, through the official provider plugins."""
    EMULATED = "emulated"
    """This machine: AWS emulated, a real Kubernetes API server."""
    LIVE = "live"
    """This machine: as emulated, and with a real node that runs the pods."""

    @property
    def is_here(self) -> bool:
        """Whether the stack stands on this machine."""
        return self is not Cloud.AWS


class Environment(Room):
    """Which environment this is and who answers for its bill. Four of the five become tags."""

    name: EnvironmentName
    """Name of the environment: decides how strict the policies are, and is part of the cluster's
    name, `llm-NAME`."""
    cloud: Cloud = Cloud.AWS
    """Where the stack stands: in an AWS account, or emulated on this machine, without nodes or with
    one that runs the pods."""
    owner: Text = Field(json_schema_extra=TEXT)
    """Who answers for the environment, as a person or a list of people; the tag `owner`."""
    team: Text = Field(json_schema_extra=TEXT)
    """Team that runs it; the tag `team`. What belongs to a tenant has the tenant's name there."""
    cost_center: Text = Field(json_schema_extra=TEXT)
    """Account in the books that pays for it; the tag `cost-center`."""


class Network(Room):
    """The VPC."""

    cidr: Cidr = Field(
        default="10.0.0.0/16",
        json_schema_extra=says("an IPv4 block from /16 to /20, e.g. 10.0.0.0/16"),
    )
    """Private IPv4 block of the VPC. Must have room for every pod of every node. Cannot be changed
    without a new VPC."""
    zones: tuple[Zone, ...] = Field(
        min_length=2,
        max_length=4,
        json_schema_extra=says("2 to 4 different availability zones of the region"),
    )
    """Availability zones. A zone added at the end moves no subnet that exists."""
    nat_gateways: NatMode = NatMode.PER_ZONE
    """How private subnets reach the internet: one NAT gateway in each zone, one for all, none."""
    endpoints: tuple[AwsEndpoint, ...] = ()
    """AWS services that private subnets reach without NAT, each by an endpoint in every zone."""
    flow_log_retention_days: int = Field(default=90, ge=1, le=3653)
    """Days for which the VPC's flow logs are kept; one of CloudWatch's periods."""


class Administrator(Room):
    """A person or role that gets cluster-admin by an EKS access entry."""

    name: Name = Field(json_schema_extra=NAME)
    """Name of the access entry, of your choice."""
    principal_arn: RoleOrUserArn = Field(
        json_schema_extra=says(
            "the ARN of an IAM role or user, e.g. arn:aws:iam::ACCOUNT:role/NAME"
        )
    )
    """IAM role or user that becomes an administrator."""


class SystemNodes(Room):
    """The node group that runs the platform itself."""

    instance_types: tuple[InstanceType, ...] = Field(
        default=("m7i.xlarge",),
        min_length=1,
        max_length=10,
        json_schema_extra=says("1 to 10 EC2 instance types, e.g. m7i.xlarge"),
    )
    """EC2 instance types without GPUs, all of one processor architecture. The first is asked for
    first."""
    minimum: int = Field(default=2, ge=1, le=50)
    """Fewest nodes."""
    maximum: int = Field(default=6, ge=1, le=50)
    """Most nodes; counts in the worst case of the budget."""


class Cluster(Room):
    """The EKS cluster."""

    kubernetes_version: str = Field(
        default="1.35",
        pattern=r"^1\.\d{2}$",
        json_schema_extra=says("a Kubernetes minor version in EKS standard support, e.g. '1.35'"),
    )
    """Kubernetes version of control plane and nodes, in quotes. Upgrades go one minor version at a
    time."""
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        json_schema_extra=says("IPv4 blocks other than 0.0.0.0/0; none keeps the endpoint private"),
    )
    """Public IPv4 blocks, /16 or smaller, from which the API server can be reached besides the
    VPC."""
    administrators: tuple[Administrator, ...] = ()
    """Who may do everything in the cluster."""
    creator_is_administrator: bool = True
    """Whether whoever creates the cluster becomes an administrator for good. Takes effect at
    creation only."""
    system_nodes: SystemNodes = SystemNodes()
    """The node group that runs the platform itself."""
    deletion_protection: bool = True
    """Whether EKS refuses to delete the cluster; turn it off, and run `up`, before destroying."""
    log_retention_days: int = Field(default=90, ge=1, le=3653)
    """Days for which control plane logs are kept; one of CloudWatch's periods."""


class GpuPool(Room):
    """One pool of GPU nodes."""

    name: Name = Field(json_schema_extra=NAME)
    """Name of the pool, by which services choose it."""
    instance_types: tuple[InstanceType, ...] = Field(
        min_length=1,
        max_length=10,
        json_schema_extra=says(
            "1 to 10 EC2 GPU instance types with the same GPUs, e.g. g6.2xlarge"
        ),
    )
    """EC2 instance types with the same number of the same GPU; several give spot and scarce types
    a better chance. A service must fit on the smallest."""
    ami_family: GpuAmiFamily = GpuAmiFamily.AL2023
    """Operating system of the nodes; its NVIDIA driver must know the GPUs."""
    capacity: CapacityType = CapacityType.ON_DEMAND
    """How the nodes are bought."""
    autoscaler: NodeAutoscaler = NodeAutoscaler.NONE
    """Who changes the number of nodes between minimum and maximum; nobody keeps the minimum."""
    reservation_id: str | None = Field(
        default=None,
        pattern=r"^cr-[0-9a-f]{8,17}$",
        json_schema_extra=says("ID of a capacity reservation, e.g. cr-0123456789abcdef0"),
    )
    """Capacity reservation that the nodes come from; needed with `CAPACITY_BLOCK`, not possible
    with `SPOT`."""
    zones: tuple[Zone, ...] = Field(
        default=(),
        max_length=4,
        json_schema_extra=says("availability zones of network.zones; none means all of them"),
    )
    """Zones of the network in which the nodes stand, where not every zone has the type. Exactly one
    with `CAPACITY_BLOCK`."""
    minimum: int = Field(default=1, ge=0, le=100)
    """Fewest nodes; 0 needs an autoscaler."""
    maximum: int = Field(default=1, ge=1, le=100)
    """Most nodes; counts in the worst case of the budget and in `cost.maxGpus`."""
    root_volume_gib: int = Field(default=200, ge=100, le=2000)
    """Size of a node's volume in GiB: images and what pods write."""


class Serving(Room):
    """How served models are reached."""

    domain: str = Field(
        default="models.internal",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        json_schema_extra=says("a DNS domain, e.g. models.example.com"),
    )
    """Domain below which every model has the host name `SERVICE-TENANT`."""
    registry: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._/-]+)?$",
        json_schema_extra=says("a registry, and perhaps a folder, e.g. registry.example.com/ml"),
    )
    """Registry of the platform's own images; without it they have the names that they are built
    with."""


class Models(Room):
    """The model store."""

    noncurrent_version_days: int = Field(default=90, ge=1, le=3650)
    """Days after which old versions of models are deleted from the bucket."""
    delete_with_contents: bool = False
    """Whether destroying the environment deletes models that pipelines have put into the store;
    otherwise a store with any of them in it stops it."""


class Addons(Room):
    """The add-ons of the platform, from `llm_platform.addons.table`."""

    size: PlatformSize = PlatformSize.LARGE
    """How much the shared services are given: one replica each, or several over zones."""
    without: tuple[Name, ...] = Field(
        default=(), json_schema_extra=says("names of add-ons to leave out, from docs/addons.md")
    )
    """Add-ons to leave out of those that the size brings."""
    also: tuple[Name, ...] = Field(
        default=(), json_schema_extra=says("names of add-ons to have besides, from docs/addons.md")
    )
    """Add-ons to have besides. `cluster-autoscaler` comes by itself with a pool that wants it."""


class Tenant(Room):
    """A team's namespace and its quota."""

    name: Name = Field(json_schema_extra=NAME)
    """Name of the tenant and of its namespace."""
    gpus: int = Field(default=0, ge=0, le=512)
    """GPUs that all pods together may have. Quotas of several tenants may add up to more than
    there is."""
    cpus: int = Field(default=16, ge=1, le=4096)
    """Processors that all pods together may request."""
    memory_gib: int = Field(default=64, ge=1, le=32768)
    """Memory in GiB that all pods together may request."""


class Cost(Room):
    """What the environment may cost; the policy pack and the AWS Budget read it."""

    monthly_budget_usd: float = Field(gt=0, le=10_000_000, allow_inf_nan=False)
    """US dollars a month. The worst case, every node group at its maximum, must fit."""
    allowed_instance_families: tuple[Name, ...] = Field(
        min_length=1, json_schema_extra=says("EC2 instance families, e.g. m7i, g6")
    )
    """EC2 instance families that nodes may be of."""
    max_gpus: int = Field(default=8, ge=0, le=4096)
    """GPUs that all pools together may grow to."""
    alert_email: str | None = Field(
        default=None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        json_schema_extra=says("an e-mail address"),
    )
    """Who is told when money runs out; makes an AWS Budget. Without it nobody is told."""


class Settings(Room):
    """Everything a stack file says."""

    region: str = Field(
        alias="aws:region",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        json_schema_extra=says("an AWS region, e.g. eu-central-1"),
    )
    """AWS region of everything."""
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
