"""The estimator against sums worked out by hand, in us-east-1 unless said."""

from dataclasses import replace
from typing import Any

import pytest

from llm_platform.cost import (
    UNKNOWN,
    BillableResource,
    PlainProperties,
    Range,
    cost_table,
    estimate_cost,
    load_catalogue,
)

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"


def resource(kind: str, **properties: Any) -> BillableResource:
    return BillableResource(kind, "it", PlainProperties(properties))


def cost(kind: str, region: str = "us-east-1", **properties: Any) -> Range:
    estimate = estimate_cost([resource(kind, **properties)], region, load_catalogue())
    assert estimate.unpriced == ()
    assert estimate.undecided == ()
    return estimate.total


def close(found: Range, minimum: float, expected: float, worst: float) -> None:
    assert (found.minimum, found.expected, found.worst) == pytest.approx(
        (minimum, expected, worst), abs=0.005
    )


def nodes(low: int, wanted: int, high: int) -> dict[str, int]:
    return {"minSize": low, "desiredSize": wanted, "maxSize": high}


def test_an_on_demand_node_group() -> None:
    # g5.xlarge 1.006 an hour = 734.38; 100 GiB at 0.08 = 8
    found = cost(
        NODE_GROUP, instanceTypes=["g5.xlarge"], scalingConfig=nodes(1, 2, 4), diskSize=100
    )

    close(found, 742.38, 2 * 742.38, 4 * 742.38)


def test_a_node_group_of_several_types() -> None:
    # cheapest g6.xlarge 587.504, first g6.2xlarge 713.648, dearest g6.4xlarge 965.936; 20 GiB: 1.6
    found = cost(
        NODE_GROUP,
        instanceTypes=["g6.2xlarge", "g6.xlarge", "g6.4xlarge"],
        scalingConfig=nodes(1, 1, 1),
    )

    close(found, 587.504 + 1.6, 713.648 + 1.6, 965.936 + 1.6)


def test_spot_costs_on_demand_in_the_worst_case() -> None:
    # g5: 0.34 to 0.52 of 734.38
    found = cost(
        NODE_GROUP,
        instanceTypes=["g5.xlarge"],
        capacityType="SPOT",
        scalingConfig=nodes(1, 1, 2),
    )

    close(found, 0.34 * 734.38 + 1.6, 0.52 * 734.38 + 1.6, 2 * (734.38 + 1.6))


def test_spot_of_a_family_without_samples_gets_no_discount() -> None:
    spot = cost(
        NODE_GROUP, instanceTypes=["m7i.large"], capacityType="SPOT", scalingConfig=nodes(1, 1, 1)
    )

    close(spot, 75.184, 75.184, 75.184)


def test_a_launch_template_gives_type_and_disks() -> None:
    # m7i.large 0.1008 = 73.584; disks: 200 gp3 = 16, 50 gp2 = 5, extra 1000 IOPS = 5, 75 MB/s = 3
    template = resource(
        TEMPLATE,
        instanceType="m7i.large",
        blockDeviceMappings=[
            {"ebs": {"volumeSize": 200, "volumeType": "gp3", "iops": 4000, "throughput": 200}},
            {"ebs": {"volumeSize": 50, "volumeType": "gp2"}},
        ],
    )
    group = replace(resource(NODE_GROUP, scalingConfig=nodes(2, 2, 3)), uses=(template,))

    found = estimate_cost([group], "us-east-1", load_catalogue()).total

    close(found, 2 * 102.584, 2 * 102.584, 3 * 102.584)


@pytest.mark.parametrize(
    ("wanted", "expected"), [(0, 1), (1, 1), (9, 3)], ids=["below", "at", "above"]
)
def test_the_wanted_size_lies_between_the_others(wanted: int, expected: int) -> None:
    found = cost(
        NODE_GROUP, instanceTypes=["m7i.large"], scalingConfig=nodes(1, wanted, 3), diskSize=0
    )

    assert found.expected == pytest.approx(expected * 73.584)


def test_a_control_plane() -> None:
    kind = "aws:eks/cluster:Cluster"

    close(cost(kind, upgradePolicy={"supportType": "STANDARD"}), 73, 73, 73)
    close(cost(kind), 73, 73, 438)


def test_a_nat_gateway_and_its_assumed_traffic() -> None:
    # 0.045 an hour = 32.85; 0, 100, 1000 GiB at 0.045
    close(cost("aws:ec2/natGateway:NatGateway"), 32.85, 37.35, 77.85)
    # 0.052 an hour = 37.96
    close(cost("aws:ec2/natGateway:NatGateway", "eu-central-1"), 37.96, 43.16, 89.96)


def test_endpoints_are_billed_by_zone_and_gateways_are_free() -> None:
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"

    # 2 zones: 14.6; 0, 20, 200 GiB at 0.01
    close(cost(kind, vpcEndpointType="Interface", subnetIds=[UNKNOWN, UNKNOWN]), 14.6, 14.8, 16.6)
    close(cost(kind, vpcEndpointType="Gateway"), 0, 0, 0)


def test_a_database_over_two_zones() -> None:
    # 0.145 an hour = 105.85, twice; 100 to 200 GiB at 0.115, twice
    found = cost(
        "aws:rds/instance:Instance",
        instanceClass="db.t3.large",
        multiAz=True,
        allocatedStorage=100,
        maxAllocatedStorage=200,
    )

    close(found, 211.7 + 23, 211.7 + 23, 211.7 + 46)


def test_a_load_balancer_by_service() -> None:
    # NLB 0.0225 = 16.425; units 0.006 = 4.38, 0 to 10 of them
    close(cost("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"}), 16.425, 20.805, 60.225)
    close(cost("kubernetes:core/v1:Service", spec={}), 0, 0, 0)


def test_a_claim_of_storage() -> None:
    claim = {"resources": {"requests": {"storage": "512Gi"}}}

    close(cost("kubernetes:core/v1:PersistentVolumeClaim", spec=claim), 40.96, 40.96, 40.96)


def test_a_node_pool_costs_its_limits_at_worst() -> None:
    requirement = {
        "key": "node.kubernetes.io/instance-type",
        "operator": "In",
        "values": ["g6.2xlarge", "g6.12xlarge"],
    }
    spec = {
        "limits": {"cpu": "100", "nvidia.com/gpu": 6},
        "template": {"spec": {"requirements": [requirement]}},
    }

    # g6.2xlarge: 6 nodes by GPUs at 713.648 = 4281.888
    # g6.12xlarge: 2 nodes (the second goes over the 6 GPUs) at 3359.168 = 6718.336
    close(cost(NODE_POOL, spec=spec), 0, 0, 6718.336)


def test_the_worked_example_of_the_price_page() -> None:
    """1 cluster, 2 m7i.large, 1 g5.xlarge, 1 NAT, 4 endpoints in 2 zones, ALB, 300 GiB gp3."""
    estimate = estimate_cost(
        [
            resource("aws:eks/cluster:Cluster", upgradePolicy={"supportType": "STANDARD"}),
            resource(
                NODE_GROUP,
                instanceTypes=["m7i.large"],
                scalingConfig=nodes(2, 2, 2),
                diskSize=0,
            ),
            resource(
                NODE_GROUP,
                instanceTypes=["g5.xlarge"],
                scalingConfig=nodes(1, 1, 1),
                diskSize=0,
            ),
            resource("aws:ec2/natGateway:NatGateway"),
            *(
                resource(
                    "aws:ec2/vpcEndpoint:VpcEndpoint",
                    vpcEndpointType="Interface",
                    subnetIds=["a", "b"],
                )
                for _ in range(4)
            ),
            resource("aws:lb/loadBalancer:LoadBalancer"),
            resource("aws:ebs/volume:Volume", size=300),
        ],
        "us-east-1",
        load_catalogue(),
    )

    assert estimate.total.minimum == pytest.approx(1086, abs=1)


@pytest.mark.parametrize(
    ("kind", "properties", "says"),
    [
        (NODE_GROUP, {"instanceTypes": ["p5e.48xlarge"]}, "no price for p5e.48xlarge"),
        ("aws:ebs/volume:Volume", {"size": 1, "type": "io2"}, "no price for EBS io2"),
        ("aws:sagemaker/endpoint:Endpoint", {}, "neither priced nor listed as free"),
        (NODE_POOL, {"spec": {"limits": {"cpu": "1"}}}, ""),
    ],
)
def test_what_has_no_price_is_a_problem_never_nothing(
    kind: str, properties: dict[str, Any], says: str
) -> None:
    values: dict[str, Any] = {"scalingConfig": nodes(1, 1, 1), **properties}

    estimate = estimate_cost([resource(kind, **values)], "us-east-1", load_catalogue())

    if says:
        assert says in estimate.unpriced[0].problem
    else:
        assert estimate.total.worst > 0


def test_a_region_without_prices_is_a_problem() -> None:
    estimate = estimate_cost([resource("aws:kms/key:Key")], "ap-south-1", load_catalogue())

    assert estimate.unpriced[0].problem == "no price for KMS key in ap-south-1"
    assert "eu-central-1, us-east-1" in estimate.unpriced[0].allowed


@pytest.mark.parametrize(
    ("kind", "properties", "path"),
    [
        (NODE_GROUP, {"scalingConfig": UNKNOWN}, "scalingConfig.minSize"),
        (
            NODE_GROUP,
            {"scalingConfig": nodes(1, 1, 1), "instanceTypes": [UNKNOWN]},
            "instanceTypes[0]",
        ),
        (NODE_POOL, {"spec": {"limits": {"cpu": UNKNOWN}}}, "spec.limits.cpu"),
        (NODE_POOL, {"spec": {}}, "spec.limits"),
    ],
)
def test_an_unknown_size_is_told_and_not_counted(
    kind: str, properties: dict[str, Any], path: str
) -> None:
    estimate = estimate_cost([resource(kind, **properties)], "us-east-1", load_catalogue())

    (problem,) = estimate.undecided
    assert problem.problem == f"{path} is not known yet"
    assert estimate.lines == ()


def test_free_types_cost_nothing() -> None:
    kinds = (
        "aws:iam/role:Role",
        "aws:ec2/vpc:Vpc",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "kubernetes:apps/v1:Deployment",
    )

    estimate = estimate_cost([resource(kind) for kind in kinds], "us-east-1", load_catalogue())

    assert (estimate.lines, estimate.unpriced, estimate.undecided) == ((), (), ())


def test_the_table_sums_up_small_lines_and_names_what_is_left_out() -> None:
    keys = [resource("aws:kms/key:Key") for _ in range(4)]
    odd = resource("aws:sagemaker/endpoint:Endpoint")

    table = cost_table(
        estimate_cost([*keys, odd], "us-east-1", load_catalogue()), budget=10, most_lines=2
    ).splitlines()

    assert [line.split()[-3:] for line in table[1:5]] == [
        ["1.00", "1.00", "1.00"],
        ["1.00", "1.00", "1.00"],
        ["2.00", "2.00", "2.00"],
        ["4.00", "4.00", "4.00"],
    ]
    assert table[3].startswith("2 smaller lines")
    assert table[5].split() == ["budget", "10.00"]
    assert table[6].startswith("without a price: it: aws:sagemaker")
