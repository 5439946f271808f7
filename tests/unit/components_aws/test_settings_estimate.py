"""The estimate from settings alone is that of the resources which the program makes of them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from aws_recording import EKS_CLUSTER, EKS_COMPONENT, Recording, Registered, record

from infra.settings import Settings
from infra.settings_cost import estimated
from infra.settings_source import read_stack_file, settings_from
from infra.stack import Platform
from llm_platform.cost import BillableResource, PlainProperties, estimate_cost, load_catalogue
from llm_platform.cost.rules import LAUNCH_TEMPLATE, NODE_GROUP, RULES
from local.paths import REPOSITORY

TODAY = date(2026, 11, 24)


def settings_of(stack: str) -> Settings:
    """Settings of a stack, of whose last pool the nodes stand in the second zone."""
    values = read_stack_file(REPOSITORY / "stacks" / f"Pulumi.{stack}.yaml", stack)
    values["llm-platform:gpuPools"][-1]["zones"] = ["eu-central-1b"]
    return settings_from(values, stack, today=TODAY)


def built(settings: Settings) -> Recording:
    def program() -> dict[str, Any]:
        Platform(settings)
        return {}

    return record(program)


def billable(recording: Recording) -> Iterator[BillableResource]:
    templates = {f"{each.name}-id": _plain(each) for each in recording.of(LAUNCH_TEMPLATE)}
    # the cluster is made inside pulumi-eks' component, which mocks only stand in for
    yield BillableResource(EKS_CLUSTER, "cluster", _plain(recording.one(EKS_COMPONENT)).properties)
    for each in recording.resources:
        if each.type in RULES and each.type != EKS_CLUSTER:
            is_group = each.type == NODE_GROUP
            uses = (templates[each.inputs["launchTemplate"]["id"]],) if is_group else ()
            yield BillableResource(each.type, each.name, PlainProperties(each.inputs), uses)


def _plain(resource: Registered) -> BillableResource:
    return BillableResource(resource.type, resource.name, PlainProperties(resource.inputs))


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_settings_and_resources_cost_the_same(stack: str) -> None:
    settings = settings_of(stack)

    recording = built(settings)
    of_resources = estimate_cost(billable(recording), settings.region, load_catalogue())

    assert of_resources.unpriced == of_resources.undecided == ()
    of_settings = estimated(settings)
    assert of_settings.unpriced == of_settings.undecided == ()
    assert of_settings.total.worst == pytest.approx(of_resources.total.worst)
    assert of_settings.total.minimum == pytest.approx(of_resources.total.minimum)
    assert len(of_settings.lines) == len(of_resources.lines)
    zones = {name: subnets_of(recording, name) for name in ("cluster-system", *pools(settings))}
    everywhere = [f"network-private-{zone}-id" for zone in settings.network.zones]
    assert zones.pop(pools(settings)[-1]) == ["network-private-eu-central-1b-id"]
    assert set(map(tuple, zones.values())) == {tuple(everywhere)}


def pools(settings: Settings) -> list[str]:
    return [f"gpu-{pool.name}-nodes" for pool in settings.gpu_pools]


def subnets_of(recording: Recording, group: str) -> list[str]:
    return recording.one(NODE_GROUP, group).inputs["subnetIds"]
