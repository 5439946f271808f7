"""Tables of facts that settings are judged by: regions, images of GPU nodes, room on a node."""

from typing import Any

import pytest
from moto.ec2.models import availability_zones_and_regions as moto_zones

from llm_platform.aws.regions import ZONE_LETTERS, zones_of
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES
from llm_platform.gpu.images import DRIVEN_FAMILIES
from llm_platform.gpu.kinds import GpuAmiFamily
from llm_platform.gpu.node_pool_check import check_gpu_node_pool
from llm_platform.node_room import most_pods, node_room


def test_regions_and_zones_are_those_that_moto_has_from_aws() -> None:
    zones: Any = moto_zones.RegionsAndZonesBackend.zones

    assert {region: zones_of(region) for region in ZONE_LETTERS} == {
        region: sorted(zone.name for zone in known) for region, known in zones.items()
    }


def test_a_region_that_is_not_known_has_no_zones() -> None:
    assert zones_of("eu-nowhere-1") == []


def test_images_drive_families_of_the_catalogue() -> None:
    families = {each.family for each in GPU_INSTANCE_TYPES.values()}

    for driven in DRIVEN_FAMILIES.values():
        assert set(driven) == families - {"g7"}


@pytest.mark.parametrize("system", GpuAmiFamily)
def test_a_pool_whose_gpus_have_no_driver_is_refused(system: GpuAmiFamily) -> None:
    found = check_gpu_node_pool(
        {
            "cluster_name": "llm",
            "subnet_ids": ["subnet-1"],
            "instance_types": ["g7.2xlarge"],
            "min_size": 1,
            "max_size": 1,
            "ami_family": system,
        }
    )

    assert [(each.path, each.problem) for each in found] == [
        ("instance_types[0]", f"EKS's image {system} has no driver for the GPUs of g7.2xlarge")
    ]


def test_pods_of_a_node_with_prefix_delegation() -> None:
    assert [most_pods(vcpus) for vcpus in (2, 29, 30, 192)] == [110, 110, 250, 250]


@pytest.mark.parametrize(
    ("vcpus", "memory_gib", "cpus", "memory"),
    [(4, 16, 3.42, 12.27), (8, 32, 7.41, 27.07), (48, 384, 47.31, 351.17)],
)
def test_room_of_a_node(vcpus: int, memory_gib: int, cpus: float, memory: float) -> None:
    room = node_room(vcpus, memory_gib)

    assert room.cpus == pytest.approx(cpus, abs=0.01)
    assert room.memory_gib == pytest.approx(memory, abs=0.01)
