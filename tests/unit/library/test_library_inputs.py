"""How inputs that came from the engine reach a component, and what is said of wrong ones."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.output import UNKNOWN

from llm_platform import AccessPolicy, AwsEndpoint, CapacityType, NatMode
from llm_platform.host.provider import PlatformProvider

SECRET = "10.77.0.0/16"


@pytest.fixture(scope="module")
def provider() -> PlatformProvider:
    return PlatformProvider()


@pytest.fixture
def read(provider: PlatformProvider) -> Callable[..., dict[str, Any]]:
    def inputs(component: str, **given: Any) -> dict[str, Any]:
        definitions: Any = provider
        return provider.map_inputs(given, definitions._component_defs[component])

    return inputs


@pytest.fixture
def refused(read: Callable[..., dict[str, Any]]) -> Callable[..., list[str]]:
    """What is said of wrong inputs, a line for each problem."""

    def problems(component: str, **given: Any) -> list[str]:
        with pytest.raises(InputPropertiesError) as failed:
            read(component, **given)
        count, *lines = str(failed.value).splitlines()
        assert count == f"{len(lines)} problem{'' if len(lines) == 1 else 's'}"
        assert failed.value.errors == [], "the engine would print the values, secret ones too"
        return [line.strip() for line in lines]

    return problems


def test_names_numbers_and_enums_become_pythons(read: Callable[..., dict[str, Any]]) -> None:
    inputs = read(
        "Network",
        cidr="10.0.0.0/16",
        zones=["eu-central-1a", "eu-central-1b"],
        maxPods=300.0,
        nat="SINGLE",
        endpoints=["sts", "ec2"],
        tags={"cost_center": "a", "costCenter": "b"},
    )
    assert inputs == {
        "cidr": "10.0.0.0/16",
        "zones": ["eu-central-1a", "eu-central-1b"],
        "max_pods": 300,
        "nat": NatMode.SINGLE,
        "endpoints": [AwsEndpoint.STS, AwsEndpoint.EC2],
        "tags": {"cost_center": "a", "costCenter": "b"},
    }
    assert isinstance(inputs["max_pods"], int)
    assert all(isinstance(each, AwsEndpoint) for each in inputs["endpoints"])


def test_objects_in_maps_and_lists_become_pythons(read: Callable[..., dict[str, Any]]) -> None:
    policy = {"policy": "EDIT", "namespaces": ["a"]}
    inputs = read(
        "Cluster",
        vpcId="vpc-1",
        subnetIds=["a"],
        access={"myTeam": {"principalArn": "arn", "policies": [policy]}},
        systemNodes={"minSize": 3.0},
    )
    assert inputs["access"] == {
        "myTeam": {
            "principal_arn": "arn",
            "policies": [{"policy": AccessPolicy.EDIT, "namespaces": ["a"]}],
        }
    }
    assert inputs["system_nodes"] == {"min_size": 3}


def test_values_of_charts_are_left_alone(read: Callable[..., dict[str, Any]]) -> None:
    values = {"replicaCount": 2.0, "snake_case": {"a": [1, None]}}
    inputs = read("HelmAddon", chart="c", namespace="n", version="1.0.0", values=values)
    assert inputs["values"] == values


def test_outputs_that_were_only_asked_for_are_no_inputs(
    read: Callable[..., dict[str, Any]],
) -> None:
    inputs = read("Network", cidr="10.0.0.0/16", zones=[], vpcId=None, __internal="x")
    assert set(inputs) == {"cidr", "zones"}


def test_values_that_come_later_pass_where_they_may(
    read: Callable[..., dict[str, Any]], in_a_loop: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    async def check() -> None:
        secret = pulumi.Output.secret("ml")
        inputs = read(
            "GpuNodePool",
            clusterName=UNKNOWN,
            subnetIds=pulumi.Output.from_input(["a"]),
            instanceTypes=["g6.2xlarge"],
            minSize=1.0,
            maxSize=2.0,
            capacity="SPOT",
            tags={"team": secret},
            volume={"keyArn": pulumi.Output.secret("arn")},
        )
        assert not await inputs["cluster_name"].is_known()
        assert await inputs["subnet_ids"].future() == ["a"]
        assert inputs["tags"]["team"] is secret
        assert await inputs["volume"]["key_arn"].is_secret()
        assert inputs["capacity"] is CapacityType.SPOT

    in_a_loop(check())


def test_values_that_come_too_late_are_refused_and_not_shown(
    refused: Callable[..., list[str]], in_a_loop: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    async def check() -> None:
        lines = refused(
            "Network", cidr=pulumi.Output.secret(SECRET), zones=["a", UNKNOWN], maxNodes=0
        )
        late = (
            "is a secret, or comes from a resource and is not known yet; allowed: a value that "
            "the program itself knows, for it decides which resources there are"
        )
        assert lines[0] == f"cidr: {late}"
        assert lines[-1] == f"zones[1]: {late}"
        assert SECRET not in str(lines)

    in_a_loop(check())


def test_all_problems_are_named_in_the_words_of_the_schema(
    refused: Callable[..., list[str]],
) -> None:
    lines = refused(
        "GpuNodePool",
        clusterName="c",
        subnetIds=["a"],
        instanceTypes=["m5.large"],
        maxSize=0.5,
        minSizes=1,
        volume={"sizeGib": 20, "Iops": 1},
    )
    paths = [line.partition(": ")[0] for line in lines]
    assert paths == [
        "instanceTypes[0]",
        "maxSize",
        "minSize",
        "minSizes",
        "volume.Iops",
        "volume.sizeGib",
    ]
    assert "did you mean minSize?" in lines[3]
    assert "did you mean iops?" in lines[4]
    assert [line for line in lines if "min_size" in line or "size_gib" in line] == []


def test_pythons_names_are_not_those_of_other_languages(
    refused: Callable[..., list[str]],
) -> None:
    lines = refused("Network", cidr="10.0.0.0/16", zones=["eu-central-1a"], max_pods=3)
    assert lines[0].startswith("max_pods: is not a known input; did you mean maxPods?")
    assert lines[1].startswith("zones: 1 zones")


def test_wrong_members_of_closed_sets_reach_the_components_own_check(
    read: Callable[..., dict[str, Any]],
) -> None:
    inputs = read("Network", cidr="10.0.0.0/16", zones=[], nat="SINGEL", endpoints=["sts", "S3"])
    assert inputs["nat"] == "SINGEL"
    assert inputs["endpoints"] == [AwsEndpoint.STS, "S3"]


def test_a_component_that_is_not_there_is_named(provider: PlatformProvider) -> None:
    with pytest.raises(InputPropertiesError, match="no component 'Netwrk'; it has Cluster, "):
        provider.construct("n", "llm-platform:index:Netwrk", {})


@pytest.fixture
def in_a_loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Outputs live in an event loop; one of a thread of its own, for `run` takes the loop away."""

    def run(check: Coroutine[Any, Any, None]) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, check).result()

    return run
