"""Network: the VPC that a cluster stands in."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform.aws.account import current_account
from llm_platform.aws.flow_logs import record_flows
from llm_platform.aws.kinds import AwsEndpoint, NatMode
from llm_platform.aws.network_check import check_network
from llm_platform.aws.network_endpoints import interface_endpoints, s3_endpoint
from llm_platform.aws.subnets import SubnetPlan, Tier, plan_subnets
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong

ANYWHERE = "0.0.0.0/0"


class NetworkArgs(TypedDict):
    """Inputs of a `Network`."""

    cidr: str
    """Private IPv4 block of the VPC, from /16 to /20."""
    zones: list[str]
    """Two to six availability zones. A zone added at the end moves no existing subnet."""
    nat: NotRequired[NatMode]
    """How private subnets reach the internet. Default: one NAT gateway in each zone."""
    isolated_subnets: NotRequired[bool]
    """Whether to make subnets without any way out, for databases. Default: no."""
    endpoints: NotRequired[list[AwsEndpoint]]
    """AWS services reached by interface endpoints, each billed by zone and hour. Default: none.
    The S3 gateway endpoint costs nothing and is always made."""
    cluster_name: NotRequired[str]
    """Name of the cluster that will find its subnets here, for discovery tags."""
    max_pods: NotRequired[int]
    """Pods that must fit at once, all zones together; checked against the block. Default: 500."""
    max_nodes: NotRequired[int]
    """Nodes that must fit at once, all zones together. Default: 20."""
    flow_log_retention_days: NotRequired[int]
    """How long flow logs are kept, one of CloudWatch's periods. Default: 90."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts the flow logs; its policy must let CloudWatch Logs use it.
    Default: a key of its own."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class Network(PlatformComponent):
    """A VPC over several zones with public, private and, if asked for, isolated subnets.

    No instance gets a public address, the default security group lets nothing through, all
    traffic is logged, and S3 is reached without NAT.
    """

    vpc_id: pulumi.Output[str]
    """ID of the VPC."""
    cidr: pulumi.Output[str]
    """Block of the VPC."""
    public_subnet_ids: pulumi.Output[list[str]]
    """IDs of the public subnets, in the order of the zones."""
    private_subnet_ids: pulumi.Output[list[str]]
    """IDs of the private subnets, in the order of the zones; known once their routes exist."""
    isolated_subnet_ids: pulumi.Output[list[str]]
    """IDs of the isolated subnets, in the order of the zones; empty when not asked for."""
    private_subnet_ids_by_zone: pulumi.Output[dict[str, str]]
    """IDs of the private subnets by zone, for what must stay in one zone."""
    nat_public_ips: pulumi.Output[list[str]]
    """Addresses from which private subnets reach the internet; for other people's allow lists."""
    flow_log_group: pulumi.Output[str]
    """Name of the log group that holds the flow logs."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"Network '{name}'", NetworkArgs, args, check_network)
        super().__init__("Network", name, args, args.get("tags", {}), opts)
        self._label = name
        self._args = args
        account = current_account(self)
        vpc = self._vpc()
        plans = plan_subnets(args["cidr"], args["zones"], args.get("isolated_subnets", False))
        subnets = {plan: self._subnet(vpc, plan) for plan in plans}
        gateway = aws.ec2.InternetGateway(
            f"{name}-internet",
            vpc_id=vpc.id,
            tags=self.tagged(f"{name}-internet"),
            opts=self.child(),
        )
        public = _of_tier(subnets, Tier.PUBLIC)
        private = _of_tier(subnets, Tier.PRIVATE)
        isolated = _of_tier(subnets, Tier.ISOLATED)
        public_route = self._public_routes(vpc, gateway, public)
        gateways, addresses = self._nat_gateways(public, gateway, public_route)
        tables, private_routes = self._private_routes(vpc, private, gateways)
        if isolated:
            tables.append(self._isolated_routes(vpc, isolated))
        region = args["zones"][0][:-1]
        s3 = s3_endpoint(self, f"{name}-s3", vpc, region, tables)
        others = interface_endpoints(
            self, name, vpc, region, args.get("endpoints", []), list(private.values())
        )
        log_group = record_flows(
            self,
            f"{name}-flow",
            account,
            vpc,
            args.get("flow_log_retention_days", 90),
            args.get("kms_key_arn"),
        )
        ready = [*private_routes, s3, *others]
        self._outputs(vpc, (public, private, isolated), ready, addresses, log_group)

    def _vpc(self) -> aws.ec2.Vpc:
        name = f"{self._label}-vpc"
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=self._args["cidr"],
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self.tagged(name),
            opts=self.child(),
        )
        default = f"{self._label}-default-closed"
        aws.ec2.DefaultSecurityGroup(
            default,
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=self.tagged(default),
            opts=self.child(),
        )
        return vpc

    def _subnet(self, vpc: aws.ec2.Vpc, plan: SubnetPlan) -> aws.ec2.Subnet:
        name = f"{self._label}-{plan.tier}-{plan.zone}"
        return aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            availability_zone=plan.zone,
            cidr_block=plan.cidr,
            map_public_ip_on_launch=False,
            tags=self.tagged(name, discovery_tags(plan.tier, self._args.get("cluster_name"))),
            opts=self.child(),
        )

    def _public_routes(
        self,
        vpc: aws.ec2.Vpc,
        gateway: aws.ec2.InternetGateway,
        subnets: dict[str, aws.ec2.Subnet],
    ) -> aws.ec2.Route:
        name = f"{self._label}-public"
        table = self._table(vpc, name)
        route = aws.ec2.Route(
            f"{name}-internet",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self.child(),
        )
        for zone, subnet in subnets.items():
            self._associate(f"{name}-{zone}", table, subnet)
        return route

    def _nat_gateways(
        self,
        public: dict[str, aws.ec2.Subnet],
        gateway: aws.ec2.InternetGateway,
        public_route: aws.ec2.Route,
    ) -> tuple[list[aws.ec2.NatGateway], list[pulumi.Output[str]]]:
        """NAT gateways by zone; the address goes after the gateway, both before the internet's."""
        mode = self._args.get("nat", NatMode.PER_ZONE)
        count = {NatMode.NONE: 0, NatMode.SINGLE: 1}.get(mode, len(public))
        gateways: list[aws.ec2.NatGateway] = []
        addresses: list[pulumi.Output[str]] = []
        for zone, subnet in list(public.items())[:count]:
            name = f"{self._label}-nat-{zone}"
            address = aws.ec2.Eip(
                name,
                domain="vpc",
                tags=self.tagged(name),
                opts=self.child(depends_on=[gateway]),
            )
            nat = aws.ec2.NatGateway(
                name,
                allocation_id=address.allocation_id,
                subnet_id=subnet.id,
                tags=self.tagged(name),
                opts=self.child(depends_on=[gateway, public_route]),
            )
            gateways.append(nat)
            addresses.append(address.public_ip)
        return gateways, addresses

    def _private_routes(
        self,
        vpc: aws.ec2.Vpc,
        private: dict[str, aws.ec2.Subnet],
        gateways: list[aws.ec2.NatGateway],
    ) -> tuple[list[aws.ec2.RouteTable], list[pulumi.Resource]]:
        tables: list[aws.ec2.RouteTable] = []
        routes: list[pulumi.Resource] = []
        for index, (zone, subnet) in enumerate(private.items()):
            name = f"{self._label}-private-{zone}"
            table = self._table(vpc, name)
            tables.append(table)
            routes.append(self._associate(name, table, subnet))
            if gateways:
                route = aws.ec2.Route(
                    f"{name}-nat",
                    route_table_id=table.id,
                    destination_cidr_block=ANYWHERE,
                    nat_gateway_id=gateways[index % len(gateways)].id,
                    opts=self.child(),
                )
                routes.append(route)
        return tables, routes

    def _isolated_routes(
        self, vpc: aws.ec2.Vpc, isolated: dict[str, aws.ec2.Subnet]
    ) -> aws.ec2.RouteTable:
        name = f"{self._label}-isolated"
        table = self._table(vpc, name)
        for zone, subnet in isolated.items():
            self._associate(f"{name}-{zone}", table, subnet)
        return table

    def _table(self, vpc: aws.ec2.Vpc, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(name, vpc_id=vpc.id, tags=self.tagged(name), opts=self.child())

    def _associate(
        self, name: str, table: aws.ec2.RouteTable, subnet: aws.ec2.Subnet
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            name, route_table_id=table.id, subnet_id=subnet.id, opts=self.child()
        )

    def _outputs(
        self,
        vpc: aws.ec2.Vpc,
        subnets: tuple[dict[str, aws.ec2.Subnet], ...],
        ready: list[pulumi.Resource],
        addresses: list[pulumi.Output[str]],
        log_group: pulumi.Output[str],
    ) -> None:
        public, private, isolated = subnets
        zones = self._args["zones"]

        def by_zone(ids: list[str]) -> dict[str, str]:
            return dict(zip(zones, ids, strict=True))

        self.vpc_id = vpc.id
        self.cidr = vpc.cidr_block
        self.public_subnet_ids = _ids(public, [])
        self.private_subnet_ids = _ids(private, ready)
        self.isolated_subnet_ids = _ids(isolated, [])
        self.private_subnet_ids_by_zone = self.private_subnet_ids.apply(by_zone)
        self.nat_public_ips = pulumi.Output.all(*addresses)
        self.flow_log_group = log_group
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "cidr": self.cidr,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
                "private_subnet_ids_by_zone": self.private_subnet_ids_by_zone,
                "nat_public_ips": self.nat_public_ips,
                "flow_log_group": self.flow_log_group,
            }
        )


def discovery_tags(tier: Tier, cluster_name: str | None) -> dict[str, str]:
    """Tags by which load balancer controller, EKS and Karpenter find a subnet."""
    if tier is Tier.ISOLATED:
        return {}
    tags = {
        "kubernetes.io/role/elb" if tier is Tier.PUBLIC else "kubernetes.io/role/internal-elb": "1"
    }
    if cluster_name:
        tags[f"kubernetes.io/cluster/{cluster_name}"] = "shared"
        if tier is Tier.PRIVATE:
            tags["karpenter.sh/discovery"] = cluster_name
    return tags


def _of_tier(subnets: dict[SubnetPlan, aws.ec2.Subnet], tier: Tier) -> dict[str, aws.ec2.Subnet]:
    return {plan.zone: subnet for plan, subnet in subnets.items() if plan.tier is tier}


def _ids(
    subnets: dict[str, aws.ec2.Subnet], ready: list[pulumi.Resource]
) -> pulumi.Output[list[str]]:
    """IDs of `subnets`, which also wait for `ready`: whoever uses them needs the routes."""
    ids: pulumi.Output[list[str]] = pulumi.Output.all(*(subnet.id for subnet in subnets.values()))
    return after(ids, ready)
