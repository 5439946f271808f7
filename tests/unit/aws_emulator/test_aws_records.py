import json
import time
from typing import Any

import pytest

from local.aws.data import addon_releases, ami_releases
from local.aws.data.cluster_versions import CLUSTER_VERSIONS, DEFAULT_VERSION, offered
from local.aws.data.notes import Kind
from local.aws.ec2.responses import Ec2Response
from local.aws.eks.responses import EksResponse
from local.aws.emulation import EMULATION, markdown
from local.aws.inventory import alive, count, inventory
from local.aws.services.budgets import BudgetsResponseWithTags
from local.aws.services.cost_explorer import CostResponse
from local.aws.services.kms import KmsResponseWithPeriod
from local.aws.services.logs import LogsResponseWithKeys
from local.aws.services.quotas import QuotasResponse
from local.aws.targets import find_target
from local.paths import REPOSITORY
from tests.unit.aws_emulator.support import Emulator, Network, make_network, refusal

OTHER_REGION = "eu-central-1"
"""A region in which no other test makes anything."""


def _calls(emulator: Emulator) -> list[dict[str, Any]]:
    if not emulator.calls.exists():  # moto is not loaded yet
        return []
    lines = emulator.calls.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_call_is_recorded_without_its_content(
    emulator: Emulator, ec2: Any, eks: Any, name: str
) -> None:
    secrets = emulator.client("secretsmanager")
    before = len(_calls(emulator))
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=vpc)
    refusal(eks.describe_addon, clusterName=name, addonName="vpc-cni")
    secrets.create_secret(Name=name, SecretString="hunter2-hunter2")
    emulator.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=_key(emulator))
    found = _calls(emulator)[before:]
    told = [(each["service"], each["action"], each["status"], each["target"]) for each in found]
    assert told[:4] == [
        ("ec2", "CreateVpc", 200, vpc),
        ("ec2", "DeleteVpc", 200, vpc),
        ("eks", "DescribeAddon", 404, f"{name}/vpc-cni"),
        ("secretsmanager", "CreateSecret", 200, name),
    ]
    assert told[-1][:3] == ("kms", "CreateAlias", 200)
    assert told[-1][3].startswith(f"alias/{name}/")
    assert "hunter2" not in emulator.calls.read_text(encoding="utf-8")
    assert set(found[0]) == {"at", "service", "action", "status", "target"}
    assert emulator.calls.stat().st_mode & 0o777 == 0o600


def _key(emulator: Emulator) -> str:
    return emulator.client("kms").create_key()["KeyMetadata"]["KeyId"]


Asked = tuple[str, str, dict[str, Any], bytes]
TARGETS: list[tuple[Asked, str]] = [
    (("ec2", "DeleteSubnet", {"SubnetId": "subnet-1"}, b""), "subnet-1"),
    (("ec2", "CreateSubnet", {"VpcId": "v"}, b"<subnetId>subnet-2</subnetId>"), "subnet-2"),
    (("ec2", "AllocateAddress", {}, b"<allocationId>eipalloc-1</allocationId>"), "eipalloc-1"),
    (("ec2", "DescribeVpcs", {"VpcId.1": "vpc-1"}, b""), "vpc-1"),
    (("ec2", "DescribeVpcs", {}, b"<vpcId>vpc-9</vpcId>"), ""),
    (("ec2", "CreateTags", {"ResourceId.1": "igw-1"}, b""), "igw-1"),
    (("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "p"}, b""), "r/p"),
    (("s3", "PutObject", {"Bucket": "b", "Key": "k"}, b"body"), "b/k"),
    (("budgets", "CreateBudget", {"Budget": {"BudgetName": "x"}}, b""), "x"),
    (("unknown", "Anything", {"Name": "x"}, b""), ""),
]


@pytest.mark.parametrize(("call", "expected"), TARGETS)
def test_targets(call: Asked, expected: str) -> None:
    assert find_target(*call) == expected


def test_the_inventory_shows_what_stands_and_what_went(emulator: Emulator) -> None:
    ec2, kms = (emulator.client(service, OTHER_REGION) for service in ("ec2", "kms"))
    inventory(emulator.endpoint, OTHER_REGION)
    began = time.process_time()
    before = inventory(emulator.endpoint, OTHER_REGION)
    assert time.process_time() - began < 1.5
    network: Network = make_network(ec2, OTHER_REGION)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=network.subnets[0], AllocationId=address)
    identifier = nat["NatGateway"]["NatGatewayId"]
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    during = inventory(emulator.endpoint, OTHER_REGION)
    assert during["ec2/vpc"][network.vpc] == "available"
    assert during["ec2/nat-gateway"][identifier] == "available"
    assert during["kms/key"][key] == "Enabled"
    assert count(during) > count(before)
    ec2.delete_nat_gateway(NatGatewayId=identifier)
    ec2.release_address(AllocationId=address)
    for subnet in network.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=network.vpc)
    kms.schedule_key_deletion(KeyId=key)
    after = inventory(emulator.endpoint, OTHER_REGION)
    assert after["ec2/nat-gateway"][identifier] == "deleted"
    assert after["kms/key"][key] == "PendingDeletion"
    assert alive(after) == alive(before)


def test_the_page_is_what_the_table_says() -> None:
    page = (REPOSITORY / "docs" / "emulation.md").read_text(encoding="utf-8")
    assert page == markdown()


def test_the_table_names_every_operation_of_ours() -> None:
    told = {(note.service, operation) for note in EMULATION for operation in note.operations}
    ours = _operations()
    assert ours - told == set()
    done = {
        (note.service, operation)
        for note in EMULATION
        if note.kind in {Kind.ADDED, Kind.CORRECTED}
        for operation in note.operations
    }
    assert done - ours == set()
    assert all(note.code for note in EMULATION if note.kind is Kind.REFUSED)
    assert all(note.how_far for note in EMULATION)


def _operations() -> set[tuple[str, str]]:

    tables: dict[str, Any] = {
        "ec2": Ec2Response,
        "eks": EksResponse,
        "budgets": BudgetsResponseWithTags,
        "ce": CostResponse,
        "kms": KmsResponseWithPeriod,
        "logs": LogsResponseWithKeys,
        "servicequotas": QuotasResponse,
    }
    return {
        (service, operation)
        for service, table in tables.items()
        for operation in {*table.operations, *table.guards}
    }


def test_every_addon_has_a_source_and_one_default_per_version() -> None:
    for addon in addon_releases.ADDONS:
        assert addon.releases_for(DEFAULT_VERSION), addon.name
        for release in addon.releases:
            assert release.source, (addon.name, release.version)
            assert "-eksbuild." in release.version
        for version in {name for release in addon.releases for name in release.clusters}:
            named = [each for each in addon.releases if version in each.default_for]
            assert len(named) <= 1, (addon.name, version)
            assert addon.default_for(version) in addon.releases_for(version)
    assert len({addon.name for addon in addon_releases.ADDONS}) == len(addon_releases.ADDONS)


def test_support_ends_when_it_ends() -> None:
    for entry in CLUSTER_VERSIONS:
        assert entry.released < entry.standard_until < entry.extended_until
        assert entry.status(entry.standard_until) == "STANDARD_SUPPORT"
        assert entry.status(entry.extended_until) == "EXTENDED_SUPPORT"
        assert offered(entry.version, entry.extended_until) is entry
    assert offered("1.30", CLUSTER_VERSIONS[0].released) is not None
    assert offered("1.30", CLUSTER_VERSIONS[0].extended_until) is None
    assert offered("9.99") is None


def test_releases_of_images_have_the_form_of_their_family() -> None:
    for ami_type in ami_releases.AMI_TYPES:
        release = ami_releases.latest_release(ami_type, "1.35")
        assert ami_releases.is_release_of(ami_type, "1.35", release)
        assert not ami_releases.is_release_of(ami_type, "1.35", "latest")
    assert not ami_releases.is_release_of("AL2023_x86_64_NVIDIA", "1.35", "1.34.1-20260101")
