"""Arithmetic, names, tags and documents: what needs no engine."""

import base64
import json
import subprocess
import sys
import tomllib
from datetime import date
from ipaddress import IPv4Network

import pytest

from llm_platform import naming, versions
from llm_platform.aws.iam import Account, bucket_policy, flow_log_policy, key_policy
from llm_platform.aws.subnets import MAX_ZONES, Tier, plan_subnets, pod_room, usable_addresses
from llm_platform.gpu.advertiser import (
    ALLOWED,
    check_advertiser,
    default_advertiser,
    node_labels,
    operator_values,
)
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES, GpuModel
from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily
from llm_platform.gpu.user_data import bottlerocket_settings, node_config, user_data
from llm_platform.tags import check_tags, resource_tags

ZONES = [f"eu-central-1{letter}" for letter in "abcdef"]
WHERE = Account("123456789012", "eu-central-1", "aws")


@pytest.mark.parametrize("prefix", range(16, 21))
@pytest.mark.parametrize("zones", range(1, MAX_ZONES + 1))
def test_subnets_lie_in_the_vpc_and_never_overlap(prefix: int, zones: int) -> None:
    vpc = IPv4Network(f"10.0.0.0/{prefix}")
    blocks = [IPv4Network(one.cidr) for one in plan_subnets(str(vpc), ZONES[:zones], isolated=True)]
    assert len(blocks) == 3 * zones
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(
        one.overlaps(other) for index, one in enumerate(blocks) for other in blocks[:index]
    )


@pytest.mark.parametrize("zones", range(1, MAX_ZONES))
def test_a_new_zone_moves_no_subnet(zones: int) -> None:
    before = plan_subnets("10.0.0.0/16", ZONES[:zones], isolated=False)
    after = plan_subnets("10.0.0.0/16", ZONES[: zones + 1], isolated=True)
    assert set(before) < set(after)


def test_private_subnets_are_the_large_ones() -> None:
    plans = plan_subnets("10.0.0.0/16", ZONES[:2], isolated=True)
    prefixes = {one.tier: IPv4Network(one.cidr).prefixlen for one in plans}
    assert prefixes == {Tier.PUBLIC: 22, Tier.PRIVATE: 19, Tier.ISOLATED: 22}


def test_room_for_pods() -> None:
    assert usable_addresses("10.0.0.0/24") == 251
    assert pod_room("10.0.0.0/20", zones=2, nodes=0) == 2 * 507
    assert pod_room("10.0.0.0/20", zones=2, nodes=10) == 2 * 507 - 170
    assert pod_room("10.0.0.0/20", zones=2, nodes=100) < 0


def test_long_names_are_shortened_and_stay_different() -> None:
    long = "a" * 80
    names = {naming.bucket_name("p/s", f"{long}{index}", "1" * 12, "eu-x-1") for index in range(3)}
    assert len(names) == 3
    assert all(len(name) <= 63 for name in names)
    assert naming.shortened("short", 10) == "short"
    assert naming.slug("Llm_Platform//Dev ") == "llm-platform-dev"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m7i.large", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("m7g.large", "arm64"),
        ("c8gn.large", "arm64"),
        ("t4g.medium", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("g6.xlarge", "x86_64"),
        ("gr6.4xlarge", "x86_64"),
        ("g6e.xlarge", "x86_64"),
        ("p5.48xlarge", "x86_64"),
        ("a1.large", "arm64"),
    ],
)
def test_architecture(name: str, expected: str) -> None:
    assert naming.architecture(name) == expected


def test_identity_tags_cannot_be_overridden() -> None:
    tags = resource_tags({"llm-platform:stack": "x", "Name": "mine"}, "p/s", "r", {"k": "v"})
    assert tags == {
        "Name": "mine",
        "k": "v",
        "llm-platform:stack": "p/s",
        "llm-platform:resource": "r",
    }


def test_wrong_tags() -> None:
    tags: dict[str, object] = {
        "aws:x": "1",
        "LLM-Platform:stack": "1",
        "a?": "1",
        "ok": "b?",
        "unknown-yet": object(),
    }
    paths = [problem.path for problem in check_tags(tags)]
    assert paths == ["tags.aws:x", "tags.LLM-Platform:stack", "tags.a?", "tags.ok"]
    assert check_tags({f"k{index}": "" for index in range(41)})[0].path == "tags"
    assert check_tags({"owner": "a b/c@d", "team": "ml"}) == []


def test_documents_are_deterministic_and_bounded() -> None:
    policy = key_policy(WHERE, ["/aws/x"])
    assert policy == key_policy(WHERE, ["/aws/x"])
    owner, logs = json.loads(policy)["Statement"]
    assert owner["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert len(json.loads(key_policy(WHERE))["Statement"]) == 1
    (write,) = json.loads(flow_log_policy(WHERE, "/aws/x"))["Statement"]
    assert "*" not in write["Resource"]
    assert json.loads(bucket_policy("arn:aws:s3:::b"))["Version"] == "2012-10-17"


def test_other_partitions() -> None:
    government = Account("123456789012", "us-gov-west-1", "aws-us-gov")
    assert government.managed_policy("X") == "arn:aws-us-gov:iam::aws:policy/X"
    assert government.access_policy("Y") == "arn:aws-us-gov:eks::aws:cluster-access-policy/Y"


def test_support_dates() -> None:
    assert versions.days_of_standard_support("1.34", date(2026, 11, 24)) == 8
    assert versions.days_of_standard_support("1.33", date(2026, 11, 24)) == -118
    assert versions.days_of_standard_support("1.36", date(2027, 8, 2)) == 0
    default = versions.days_of_standard_support(versions.KUBERNETES_VERSION, versions.AS_OF)
    assert default is not None
    assert default > 60


def test_every_version_pins_the_same_addons_and_kube_proxy_fits() -> None:
    names = {frozenset(pins) for pins in versions.ADDONS.values()}
    assert len(names) == 1
    for version, pins in versions.ADDONS.items():
        assert version in versions.KUBERNETES_SUPPORT
        assert pins[versions.KUBE_PROXY].startswith(f"v{version}.")
    assert versions.KUBERNETES_VERSION in versions.ADDONS
    assert versions.TRITON.reference.endswith("/tritonserver:26.07-py3")


def test_catalogue() -> None:
    assert len(GPU_INSTANCE_TYPES) > 50
    l4 = GPU_INSTANCE_TYPES["g6.2xlarge"]
    assert (l4.gpu, l4.gpu_count, l4.gpu_memory_gib, l4.vcpus) == (GpuModel.L4, 1, 22, 8)
    h100 = GPU_INSTANCE_TYPES["p5.48xlarge"]
    assert (h100.gpu_count, h100.efa_interfaces, h100.can_use_mig) == (8, 32, True)
    assert not l4.can_use_mig
    assert GPU_INSTANCE_TYPES["g5g.xlarge"].architecture == "arm64"
    assert not GPU_INSTANCE_TYPES["g6.xlarge"].can_pull_fast
    for name, one in GPU_INSTANCE_TYPES.items():
        assert name.startswith(f"{one.family}.")
        assert one.gpu_count >= 1
        assert one.vcpus >= 4


def test_one_advertiser_a_node() -> None:
    for family in GpuAmiFamily:
        for advertiser in GpuAdvertiser:
            allowed = advertiser in ALLOWED[family]
            assert bool(check_advertiser(family, advertiser)) is not allowed
    assert default_advertiser(GpuAmiFamily.AL2023) is GpuAdvertiser.GPU_OPERATOR
    assert default_advertiser(GpuAmiFamily.BOTTLEROCKET) is GpuAdvertiser.BOTTLEROCKET_BUILTIN


def test_operator_never_installs_drivers_and_its_plugin_only_where_needed() -> None:
    al2023 = (GpuAmiFamily.AL2023, GpuAdvertiser.GPU_OPERATOR)
    bottlerocket = (GpuAmiFamily.BOTTLEROCKET, GpuAdvertiser.BOTTLEROCKET_BUILTIN)
    off = {"enabled": False}
    assert operator_values([al2023, bottlerocket]) == {
        "driver": off,
        "toolkit": off,
        "devicePlugin": {"enabled": True},
    }
    assert operator_values([bottlerocket])["devicePlugin"] == off
    assert operator_values([])["devicePlugin"] == off
    with pytest.raises(ValueError, match="advertises its GPUs itself"):
        operator_values([(GpuAmiFamily.BOTTLEROCKET, GpuAdvertiser.GPU_OPERATOR)])
    plugin = "nvidia.com/gpu.deploy.device-plugin"
    assert plugin not in node_labels(*al2023)
    assert node_labels(*bottlerocket)[plugin] == "false"


def test_node_config_leaves_off_what_small_nodes_cannot_do() -> None:
    small = node_config(fast_pull=False, local_disks=False)["spec"]
    assert set(small) == {"kubelet"}
    large = node_config(fast_pull=True, local_disks=True)["spec"]
    assert set(large) == {"kubelet", "featureGates", "instance"}


@pytest.mark.parametrize("fast_pull", [True, False])
@pytest.mark.parametrize("local_disks", [True, False])
def test_bottlerocket_settings_are_toml(*, fast_pull: bool, local_disks: bool) -> None:
    text = bottlerocket_settings(fast_pull=fast_pull, local_disks=local_disks)
    settings = tomllib.loads(text)["settings"]
    assert settings["kubernetes"]["system-reserved"] == {"cpu": "200m", "memory": "512Mi"}
    assert ("container-runtime" in settings) is fast_pull
    commands = settings.get("bootstrap-commands", {}).get("local-disks", {}).get("commands", [])
    assert bool(commands) is local_disks
    if local_disks:
        assert ("/var/lib/soci-snapshotter" in commands[1]) is fast_pull


def test_user_data_speaks_for_the_weakest_type() -> None:
    types = [GPU_INSTANCE_TYPES["g6.xlarge"], GPU_INSTANCE_TYPES["g6.2xlarge"]]
    text = base64.b64decode(user_data(GpuAmiFamily.AL2023, types)).decode()
    assert "FastImagePull" not in text
    assert "RAID0" in text


def test_checks_and_tables_load_no_sdk() -> None:
    """The policy pack's environment has Pulumi, but none of the provider SDKs."""
    modules = (
        "llm_platform.aws.network_check, llm_platform.aws.cluster_check, llm_platform.tags, "
        "llm_platform.aws.model_store_check, llm_platform.aws.workload_identity_check, "
        "llm_platform.aws.budget_check, llm_platform.aws.bucket_data, "
        "llm_platform.gpu.node_pool_check, llm_platform.versions, "
        "llm_platform.gpu.user_data, llm_platform.gpu.advertiser, llm_platform.aws.subnets"
    )
    code = f"import sys, {modules}; print([m for m in sys.modules if m.startswith('pulumi')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
