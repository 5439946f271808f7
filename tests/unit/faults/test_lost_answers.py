"""A creation whose answer is lost, for every family of the `aws` stand-in's types."""

from typing import Any

import pytest

from local.aws.inventory import alive, inventory
from local.faults.plan import Effect, Kind
from local.faults.record import recorded
from local.providers.aws.session import AwsSession
from tests.unit.faults.conftest import CHANGING, REGION, Faulty
from tests.unit.providers.driver import Resource
from tests.unit.providers.samples import SAMPLES
from tests.unit.providers.world import World


@pytest.fixture(scope="session")
def world(aws: AwsSession) -> World:
    def make(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        state = Resource(aws, kind, name).create(inputs)
        return {**state.outputs, "id": state.id}

    return World(make)


def stands(faulty: Faulty) -> set[tuple[str, str]]:
    found = alive(inventory(faulty.endpoint, REGION))
    return {(kind, name) for kind, names in found.items() for name in names}


TYPES = {
    "aws:ec2/eip:Eip",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/role:Role",
    "aws:kms/alias:Alias",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sqs/queue:Queue",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
"""Some of each family; that every type is found again is tested with the types."""


def test_nothing_is_doubled_or_left_behind(faulty: Faulty, aws: AwsSession, world: World) -> None:
    made = [(sample, sample.inputs(world)) for sample in SAMPLES if sample.type in TYPES]
    assert {sample.type for sample, _ in made} == TYPES
    before, struck = stands(faulty), len(recorded(faulty.folder))
    for sample, inputs in made:
        life_with_a_fault(Resource(aws, sample.type, f"{sample.name}-lost"), inputs, faulty)
    assert len(recorded(faulty.folder)) == struck + len(made)
    assert stands(faulty) - before == set()


def life_with_a_fault(resource: Resource, inputs: dict[str, Any], faulty: Faulty) -> None:
    """Its first changing call is cut off; all the same it is made, once, and can be deleted."""
    faulty.spoil(Kind.CUT, Effect.AFTER, call=CHANGING, times=1)
    resource.create(inputs)
    faulty.heal()
    seen = resource.read()
    assert seen is not None, resource.type
    assert seen.outputs == resource.state.outputs, resource.type
    resource.delete()
