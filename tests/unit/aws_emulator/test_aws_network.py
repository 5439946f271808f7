from typing import Any

from tests.unit.aws_emulator.support import MakeCluster, Network, make_network, refusal


class Public:
    """A VPC with an internet gateway and a NAT gateway."""

    def __init__(self, ec2: Any) -> None:
        self.network = make_network(ec2)
        made = ec2.create_internet_gateway()
        self.internet = made["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.internet, VpcId=self.network.vpc)
        self.address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        self.nat = ec2.create_nat_gateway(
            SubnetId=self.network.subnets[0], AllocationId=self.address
        )["NatGateway"]["NatGatewayId"]


def test_a_vpc_comes_down_in_one_order_only(ec2: Any) -> None:
    public = Public(ec2)
    vpc, subnets = public.network.vpc, public.network.subnets
    address = {"AllocationId": public.address}
    gateway = {"InternetGatewayId": public.internet, "VpcId": vpc}
    found = ec2.describe_addresses(AllocationIds=[public.address])["Addresses"][0]
    taken = refusal(ec2.disassociate_address, AssociationId=found["AssociationId"])
    assert taken[0] == "AuthFailure"
    assert refusal(ec2.release_address, **address)[0] == "InvalidIPAddress.InUse"
    assert refusal(ec2.delete_subnet, SubnetId=subnets[0])[0] == "DependencyViolation"
    assert refusal(ec2.detach_internet_gateway, **gateway)[0] == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=public.nat)
    ec2.release_address(**address)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    ec2.detach_internet_gateway(**gateway)
    ec2.delete_internet_gateway(InternetGatewayId=public.internet)
    group = ec2.create_security_group(GroupName="left", Description="left", VpcId=vpc)["GroupId"]
    code, message = refusal(ec2.delete_vpc, VpcId=vpc)
    assert code == "DependencyViolation"
    assert group in message
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)
    assert refusal(ec2.describe_vpcs, VpcIds=[vpc])[0] == "InvalidVpcID.NotFound"


def test_the_same_client_token_gives_the_same_nat_gateway(ec2: Any) -> None:
    public = Public(ec2)
    free = ec2.allocate_address(Domain="vpc")["AllocationId"]
    wanted = {"SubnetId": public.network.subnets[1], "AllocationId": free, "ClientToken": "once"}
    first = ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
    again = ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
    assert first == again
    other = refusal(ec2.create_nat_gateway, **{**wanted, "SubnetId": public.network.subnets[0]})
    assert other[0] == "IdempotentParameterMismatch"
    bare = refusal(ec2.create_nat_gateway, SubnetId=public.network.subnets[1])
    assert bare[0] == "MissingParameter"
    assert refusal(ec2.delete_nat_gateway, NatGatewayId="nat-0")[0] == "NatGatewayNotFound"


def test_nat_gateways_have_tags(ec2: Any) -> None:
    public = Public(ec2)
    free = ec2.allocate_address(Domain="vpc")["AllocationId"]
    tags = [{"Key": "owner", "Value": "ml"}]
    made = ec2.create_nat_gateway(
        SubnetId=public.network.subnets[0],
        AllocationId=free,
        TagSpecifications=[{"ResourceType": "natgateway", "Tags": tags}],
    )
    assert made["NatGateway"]["Tags"] == tags


def test_a_group_that_a_rule_refers_to_stays(ec2: Any, network: Network, name: str) -> None:
    first, second = (
        ec2.create_security_group(GroupName=f"{name}-{n}", Description="x", VpcId=network.vpc)[
            "GroupId"
        ]
        for n in range(2)
    )
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": first}],
    }
    ec2.authorize_security_group_ingress(GroupId=second, IpPermissions=[rule])
    code, message = refusal(ec2.delete_security_group, GroupId=first)
    assert code == "DependencyViolation"
    assert second in message
    ec2.revoke_security_group_ingress(GroupId=second, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=first)
    default = ec2.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [network.vpc]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"][0]["GroupId"]
    assert refusal(ec2.delete_security_group, GroupId=default)[0] == "CannotDelete"


def test_subnets_and_groups_of_a_cluster_stay(
    ec2: Any, eks: Any, make_cluster: MakeCluster, name: str
) -> None:
    own = make_network(ec2)
    group = ec2.create_security_group(GroupName=name, Description="x", VpcId=own.vpc)["GroupId"]
    made = make_cluster(
        resourcesVpcConfig={"subnetIds": list(own.subnets), "securityGroupIds": [group]}
    )
    assert made["resourcesVpcConfig"]["securityGroupIds"] == [group]
    assert refusal(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=own.subnets[0])[0] == "DependencyViolation"
    eks.delete_cluster(name=name)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=own.subnets[0])


def test_a_subnet_has_one_route_table_and_leaves_it_when_deleted(ec2: Any) -> None:
    network = make_network(ec2)
    first, second = (
        ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)
    )
    subnet = network.subnets[0]
    ec2.associate_route_table(RouteTableId=first, SubnetId=subnet)
    other = refusal(ec2.associate_route_table, RouteTableId=second, SubnetId=subnet)
    assert other[0] == "Resource.AlreadyAssociated"
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=first)


def test_gateway_and_interface_endpoints(ec2: Any, name: str) -> None:
    network = make_network(ec2)
    table = ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_vpc_endpoint(
        VpcId=network.vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]
    assert gateway["VpcEndpointType"] == "Gateway"
    lists = ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [gateway["ServiceName"]]}]
    )["PrefixLists"]
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert lists[0]["PrefixListId"] in {each.get("DestinationPrefixListId") for each in routes}
    group = ec2.create_security_group(GroupName=name, Description="x", VpcId=network.vpc)
    interface = ec2.create_vpc_endpoint(
        VpcId=network.vpc,
        ServiceName="com.amazonaws.eu-west-1.sts",
        VpcEndpointType="Interface",
        SubnetIds=list(network.subnets),
        SecurityGroupIds=[group["GroupId"]],
    )["VpcEndpoint"]
    blocked = refusal(ec2.delete_security_group, GroupId=group["GroupId"])
    assert blocked[0] == "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[gateway["VpcEndpointId"], interface["VpcEndpointId"]])
    ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_subnet(SubnetId=network.subnets[0])


def test_flow_logs_to_a_group_by_arn_are_delivered(
    ec2: Any, emulator: Any, node_role: str, name: str
) -> None:
    network = make_network(ec2)
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName=f"/vpc/{name}")
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:/vpc/{name}"
    ec2.create_flow_logs(
        ResourceIds=[network.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogDestination=arn,
        DeliverLogsPermissionArn=node_role,
    )
    filters = [{"Name": "resource-id", "Values": [network.vpc]}]
    found = ec2.describe_flow_logs(Filters=filters)["FlowLogs"][0]
    assert (found["FlowLogStatus"], found["DeliverLogsStatus"]) == ("ACTIVE", "SUCCESS")
    assert found["LogDestination"] == arn


def test_placement_groups(ec2: Any, name: str) -> None:
    made = ec2.create_placement_group(GroupName=name, Strategy="cluster")["PlacementGroup"]
    assert made["State"] == "available"
    assert refusal(ec2.create_placement_group, GroupName=name, Strategy="spread")[0] == (
        "InvalidPlacementGroup.Duplicate"
    )
    found = ec2.describe_placement_groups(GroupNames=[name])["PlacementGroups"]
    assert [each["Strategy"] for each in found] == ["cluster"]
    ec2.delete_placement_group(GroupName=name)
    unknown = "InvalidPlacementGroup.Unknown"
    assert refusal(ec2.describe_placement_groups, GroupNames=[name])[0] == unknown
    assert refusal(ec2.delete_placement_group, GroupName=name)[0] == unknown
