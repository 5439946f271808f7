"""Runs that die by SIGKILL, and the runs after them, which end as if nothing had died.

One stack of about 60 resources through its whole life: it is killed at 16 points, of which 14 lie
between the cloud's answer and the engine's checkpoint. Each run first recovers from the one
before, so that whatever one recovery got wrong would still be there at the end of the phase,
where AWS and Kubernetes must hold what they hold after a run that nobody killed. The small stack
at the end is killed in the same way with recovery switched off.
"""

import re
from collections.abc import Generator

import pytest
from recovery_world import Count, World, more

from local.faults.crash import CrashPoint

VPC = "aws:ec2/vpc:Vpc"
SMALL = "small"

CREATES = [
    CrashPoint("create", VPC, victim="engine"),
    CrashPoint("create", "aws:ec2/subnet:Subnet", victim="providers", nth=2),
    CrashPoint("create", "aws:ec2/natGateway:NatGateway", victim="both"),
    CrashPoint("create", "aws:eks/cluster:Cluster", victim="engine"),
    CrashPoint("create", "aws:eks/addon:Addon", victim="providers"),
    CrashPoint("create", "aws:eks/podIdentityAssociation:*", moment="before", victim="both"),
    CrashPoint("create", "kubernetes:core/v1:Namespace", victim="engine"),
    CrashPoint("create", "kubernetes:helm.sh/v3:Release", victim="both"),
]
UPDATES = [
    CrashPoint("update", VPC, victim="engine"),
    CrashPoint("update", "kubernetes:core/v1:ResourceQuota", victim="providers"),
]
REPLACEMENTS = [
    CrashPoint("create", "aws:ec2/securityGroup:SecurityGroup", "door", victim="engine"),
    CrashPoint("create", "kubernetes:core/v1:ConfigMap", victim="providers"),
    CrashPoint("delete", "aws:ec2/securityGroup:SecurityGroup", "door", victim="both"),
]
DELETES = [
    CrashPoint("delete", "kubernetes:core/v1:Namespace", moment="before", victim="both"),
    CrashPoint("delete", "aws:eks/cluster:Cluster", victim="providers"),
    CrashPoint("delete", "aws:ec2/natGateway:NatGateway", victim="engine"),
]


def spoken(point: CrashPoint) -> str:
    kind = point.type.rpartition(":")[2].replace("*", "PodIdentityAssociation")
    return f"{point.call}-{kind}-{point.moment}-{point.victim}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("recovery")
        patch.setenv("LLMP_STATE", str(folder / "state"))
        made = World(folder)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def clean(world: World) -> tuple[Count, Count]:
    """What there is after a run that nobody killed, and after its destruction."""
    up = world.run()
    assert up.error == ""
    standing = world.count()
    down = world.run("destroy")
    assert down.error == ""
    return standing, world.count()


@pytest.mark.parametrize("point", CREATES, ids=spoken)
def test_killed_while_creating(world: World, clean: tuple[Count, Count], point: CrashPoint) -> None:
    world.killed(point)

    assert more(world.count(), clean[0]) == {}


def test_what_was_killed_while_creating_ends_as_a_clean_run(
    world: World, clean: tuple[Count, Count]
) -> None:
    last = world.run()

    assert last.error == ""
    assert ["ADOPT", "Release metrics", "STATE"] in last.decisions
    assert world.count() == clean[0]


def test_every_resource_is_found_by_the_rule_of_its_type(world: World) -> None:
    # what AWS makes with every VPC is only taken over, and so never looked for
    assert {kind for kind, *_ in world.unlike()} == {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    }


@pytest.mark.parametrize("point", UPDATES, ids=spoken)
def test_killed_while_updating(world: World, point: CrashPoint) -> None:
    world.killed(point, version=2)


@pytest.mark.parametrize("point", REPLACEMENTS, ids=spoken)
def test_killed_while_replacing(world: World, point: CrashPoint) -> None:
    world.killed(point, version=3)


def test_what_was_killed_while_changing_ends_as_a_clean_run(
    world: World, clean: tuple[Count, Count]
) -> None:
    last = world.run(version=3)
    again = world.run(version=3)

    assert last.error == ""
    assert world.count() == clean[0]
    assert again.error == ""
    assert again.changes == {}
    groups = world.aws("ec2").describe_security_groups(
        Filters=[{"Name": "tag:llm-platform:resource", "Values": ["door"]}]
    )["SecurityGroups"]
    assert [each["Description"] for each in groups] == ["made anew"]
    vpcs = world.aws("ec2").describe_vpcs(Filters=[{"Name": "tag:team", "Values": ["platform"]}])
    assert len(vpcs["Vpcs"]) == 1


@pytest.mark.parametrize("point", DELETES, ids=spoken)
def test_killed_while_destroying(world: World, point: CrashPoint) -> None:
    world.killed(point, "destroy")


def test_what_was_killed_while_destroying_ends_as_a_clean_destruction(
    world: World, clean: tuple[Count, Count]
) -> None:
    last = world.run("destroy")

    assert last.error == ""
    assert world.count() == clean[1]


def test_two_that_could_be_it_stop_the_run_and_nothing_is_changed(
    world: World, clean: tuple[Count, Count]
) -> None:
    world.killed(CrashPoint("create", VPC), stack=SMALL)
    ec2 = world.aws("ec2")
    other = ec2.create_vpc(
        CidrBlock="10.8.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": _tags(world, "small-vpc")}],
    )["Vpc"]["VpcId"]
    both = _ids(world, "small-vpc")
    before = world.count()

    stopped = world.run(stack=SMALL)

    assert set(re.findall(r"vpc-\w+", stopped.error)) == both
    assert "--adopt" in stopped.error
    assert stopped.changes == {}
    assert world.count() == before
    ec2.delete_vpc(VpcId=other)
    assert len(both) == 2
    del clean


def test_without_recovery_everything_is_doubled(world: World) -> None:
    """The VPC is pending since the test before; what is killed here adds an address and a key."""
    world.killed(
        CrashPoint("create", "aws:ec2/eip:Eip", victim="providers"), stack=SMALL, recovery=False
    )
    world.killed(
        CrashPoint("create", "aws:kms/key:Key", victim="both"), stack=SMALL, recovery=False
    )
    last = world.run(stack=SMALL, recovery=False)

    assert last.error == ""
    assert last.decisions == []
    assert len(_ids(world, "small-vpc")) == 2
    assert len(_addresses(world)) == 2
    assert len(_keys(world)) == 2


def test_what_was_doubled_without_recovery_is_removed_with_it(
    world: World, clean: tuple[Count, Count]
) -> None:
    mended = world.run(stack=SMALL)

    assert mended.error == ""
    assert {(action, name) for action, name, _ in mended.decisions} == {
        ("DELETE", "Vpc small-vpc"),
        ("DELETE", "Eip small-address"),
        ("DELETE", "Key small-key"),
    }
    assert [len(_ids(world, "small-vpc")), len(_addresses(world)), len(_keys(world))] == [1, 1, 1]
    assert world.run("destroy", stack=SMALL).error == ""
    assert world.count() == clean[1]


def _tags(world: World, name: str) -> list[dict[str, str]]:
    del world
    return [
        {"Key": "llm-platform:stack", "Value": "llm-platform/small"},
        {"Key": "llm-platform:resource", "Value": name},
    ]


def _filters(world: World, name: str) -> list[dict[str, object]]:
    return [
        {"Name": f"tag:{each['Key']}", "Values": [each["Value"]]} for each in _tags(world, name)
    ]


def _ids(world: World, name: str) -> set[str]:
    found = world.aws("ec2").describe_vpcs(Filters=_filters(world, name))["Vpcs"]
    return {str(each["VpcId"]) for each in found}


def _addresses(world: World) -> list[object]:
    filters = _filters(world, "small-address")
    return list(world.aws("ec2").describe_addresses(Filters=filters)["Addresses"])


def _keys(world: World) -> list[str]:
    """The small stack's keys that are not on their way out."""
    kms = world.aws("kms")
    found: list[str] = []
    for each in kms.list_keys()["Keys"]:
        about = kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]
        if about["Description"] == "Small" and about["KeyState"] == "Enabled":
            found.append(str(each["KeyId"]))
    return found
