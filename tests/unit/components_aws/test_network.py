"""Network: the arithmetic of its subnets is in test_subnets; here is what it registers."""

import json
from typing import Any

import pytest
from aws_recording import Recording, children_outside, record, untagged

from llm_platform.aws.kinds import AwsEndpoint, NatMode
from llm_platform.aws.network import Network, NetworkArgs
from llm_platform.problems import InvalidInputsError

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NAT = "aws:ec2/natGateway:NatGateway"
EIP = "aws:ec2/eip:Eip"
IGW = "aws:ec2/internetGateway:InternetGateway"
ROUTE = "aws:ec2/route:Route"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

UNTAGGABLE = {
    ROUTE,
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
}
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def args(**more: Any) -> NetworkArgs:
    base: NetworkArgs = {"cidr": "10.0.0.0/16", "zones": ZONES, "tags": {"team": "ml"}}
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def network(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = Network("net", args(**more))
        return {"private": made.private_subnet_ids, "by_zone": made.private_subnet_ids_by_zone}

    return record(program)


@pytest.fixture(scope="module")
def full() -> Recording:
    return network(
        isolated_subnets=True, endpoints=[AwsEndpoint.ECR, AwsEndpoint.STS], cluster_name="llm"
    )


def test_every_taggable_resource_is_tagged_and_below_the_component(full: Recording) -> None:
    assert untagged(full, full.types - UNTAGGABLE) == []
    assert children_outside(full, "llm-platform:index:Network") == []


def test_subnets_give_no_public_address_and_can_be_found(full: Recording) -> None:
    subnets = {one.name: one for one in full.of(SUBNET)}
    assert len(subnets) == 9
    assert not any(one.inputs["mapPublicIpOnLaunch"] for one in subnets.values())
    private = subnets["net-private-eu-central-1a"].tags
    assert private["kubernetes.io/role/internal-elb"] == "1"
    assert private["karpenter.sh/discovery"] == "llm"
    public = subnets["net-public-eu-central-1a"].tags
    assert public["kubernetes.io/role/elb"] == "1"
    assert "karpenter.sh/discovery" not in public
    assert "kubernetes.io/role/internal-elb" not in subnets["net-isolated-eu-central-1a"].tags


def test_default_security_group_lets_nothing_through(full: Recording) -> None:
    default = full.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert (default["ingress"], default["egress"]) == ([], [])


@pytest.mark.parametrize(
    ("mode", "gateways", "routes"), [(NatMode.PER_ZONE, 3, 3), (NatMode.SINGLE, 1, 3)]
)
def test_nat_gateways(mode: NatMode, gateways: int, routes: int) -> None:
    recording = network(nat=mode)
    assert len(recording.of(NAT)) == len(recording.of(EIP)) == gateways
    to_nat = [one for one in recording.of(ROUTE) if "natGatewayId" in one.inputs]
    assert len(to_nat) == routes
    assert len({one.inputs["natGatewayId"] for one in to_nat}) == gateways


def test_without_nat_there_is_no_way_out_of_private_subnets() -> None:
    needed = [AwsEndpoint.EC2, AwsEndpoint.ECR, AwsEndpoint.EKS_AUTH, AwsEndpoint.STS]
    recording = network(nat=NatMode.NONE, endpoints=needed)
    assert recording.of(NAT) == []
    assert [one.name for one in recording.of(ROUTE)] == ["net-public-internet"]


def test_s3_endpoint_serves_private_and_isolated_tables(full: Recording) -> None:
    s3 = full.one(ENDPOINT, "net-s3").inputs
    assert s3["vpcEndpointType"] == "Gateway"
    assert s3["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert len(s3["routeTableIds"]) == 4


def test_interface_endpoints_are_reached_from_the_vpc_only(full: Recording) -> None:
    services = {
        one.inputs["serviceName"].removeprefix("com.amazonaws.eu-central-1.")
        for one in full.of(ENDPOINT)
        if one.inputs["vpcEndpointType"] == "Interface"
    }
    assert services == {"ecr.api", "ecr.dkr", "sts"}
    (rule,) = full.one(GROUP).inputs["ingress"]
    assert (rule["cidrBlocks"], rule["fromPort"]) == (["10.0.0.0/16"], 443)


def test_all_traffic_is_logged_encrypted_and_for_a_limited_time(full: Recording) -> None:
    group = full.one(LOG_GROUP).inputs
    assert group["retentionInDays"] == 90
    assert group["kmsKeyId"].endswith("net-flow-key")
    assert full.one(FLOW_LOG).inputs["trafficType"] == "ALL"
    key = full.one("aws:kms/key:Key").inputs
    assert key["enableKeyRotation"] is True
    logs = json.loads(key["policy"])["Statement"][1]
    (arn,) = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert arn.endswith(f":log-group:{group['name']}")


def test_own_key_is_not_made_when_one_is_given() -> None:
    given = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"
    recording = network(kms_key_arn=given)
    assert recording.of("aws:kms/key:Key") == []
    assert recording.one(LOG_GROUP).inputs["kmsKeyId"] == given


def test_order_of_creation_and_so_of_deletion(full: Recording) -> None:
    gateway = full.one(IGW)
    for nat in full.of(NAT):
        assert full.waits_for(nat, gateway)
        assert full.waits_for(nat, full.one(ROUTE, "net-public-internet"))
    for address in full.of(EIP):
        assert full.waits_for(address, gateway)
    assert full.waits_for(full.one(FLOW_LOG), full.one("aws:iam/rolePolicy:RolePolicy"))


def test_whoever_uses_private_subnets_waits_for_their_routes() -> None:
    import pulumi_aws as aws  # noqa: PLC0415 - 2 s that the other tests of this file need as well

    def program() -> dict[str, Any]:
        made = Network("net", args())
        user = aws.ec2.NetworkInterface("user", subnet_id=made.private_subnet_ids[0])
        return {"user": user.id}

    recording = record(program)
    user = recording.one("aws:ec2/networkInterface:NetworkInterface")
    for route in recording.of(ROUTE):
        if "natGatewayId" in route.inputs:
            assert recording.waits_for(user, route)
            assert not recording.waits_for(route, user)
    assert recording.waits_for(user, recording.one(ENDPOINT, "net-s3"))


def test_outputs_by_zone(full: Recording) -> None:
    assert full.outputs["by_zone"]["eu-central-1b"] == "net-private-eu-central-1b-id"
    assert full.outputs["private"] == [f"net-private-{zone}-id" for zone in ZONES]


def test_every_problem_at_once() -> None:
    wrong = args(
        cidr="10.0.0.0/28",
        zones=["eu-central-1a", "eu-central-1a", "us-east-1z9"],
        nat=NatMode.NONE,
        flow_log_retention_days=91,
        tags={"aws:x": "y"},
        kms_key_arn="alias/mine",
    )
    with pytest.raises(InvalidInputsError) as caught:
        Network("net", wrong)
    paths = {problem.path for problem in caught.value.problems}
    assert paths >= {
        "cidr",
        "zones",
        "zones[1]",
        "zones[2]",
        "endpoints",
        "flow_log_retention_days",
        "kms_key_arn",
        "tags.aws:x",
    }


def test_block_too_small_for_the_pods() -> None:
    with pytest.raises(InvalidInputsError, match="room for"):
        Network("net", args(cidr="10.0.0.0/20", max_pods=3000))
