"""Problems of components are told in the words of the stack file, whatever a check finds."""

import re
from importlib import import_module
from typing import Any

import pytest

from infra import arguments, service_arguments, settings_components
from infra.settings import Settings
from infra.settings_components import Component
from infra.settings_source import read_stack_file, settings_from
from infra.settings_words import room_in
from llm_platform import EXPORTS
from llm_platform.problems import Problem
from local.paths import REPOSITORY

COMPONENTS = {
    each.name: each for each in vars(settings_components).values() if isinstance(each, Component)
}
ITEMS = {
    "GpuNodePool": "gpu_pools",
    "TenantNamespace": "tenants",
    "LlmService": "services",
    "LlmRollout": "services",
}
NOT_SAID = {
    "Cluster": {"vpc_id", "subnet_ids", "cluster_name", "system_nodes"},
    "GpuNodePool": {"cluster_name", "volume"},
    "ServingGateway": {"proxies"},
    "LlmService": {"repository_uri", "runtime", "monitored", "priority_class", "recommendations"},
}
"""Inputs that no setting gives directly; of nested ones, the parts are in the tables."""


def settings() -> Settings:
    path = REPOSITORY / "stacks" / "Pulumi.local.yaml"
    values = read_stack_file(path, "local")
    values["llm-platform:cost"]["alertEmail"] = "platform@example.com"
    return settings_from(values, "local", for_change=False)


def given(name: str) -> dict[str, Any]:
    """The inputs that settings lead to, of the component `name`."""
    from_settings = settings()
    made: dict[str, Any] = {
        "Network": arguments.network_args(from_settings),
        "Cluster": arguments.cluster_args(from_settings),
        "GpuNodePool": arguments.gpu_pool_args(from_settings, from_settings.gpu_pools[0]),
        "TenantNamespace": arguments.tenant_args(from_settings, from_settings.tenants[0]),
        "LlmService": {
            **service_arguments.service_args(from_settings, from_settings.services[0]),
            "pool": "",
        },
        "LlmRollout": service_arguments.rollout_args(from_settings, from_settings.services[0]),
        "ServingGateway": arguments.gateway_args(from_settings),
        "ModelStore": arguments.model_store_args(from_settings),
        "CostBudget": arguments.budget_args(from_settings),
    }
    return made[name]


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_input_that_settings_give_has_its_place(name: str) -> None:
    component = COMPONENTS[name]
    heads = {re.split(r"[.\[]", source)[0] for source in component.paths}

    assert set(given(name)) - NOT_SAID.get(name, set()) <= heads


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_table_names_inputs_and_settings_that_exist(name: str) -> None:
    inputs: Any = getattr(import_module(f"llm_platform.{EXPORTS[name]}"), f"{name}Args")
    room: Any = room_in(Settings.model_fields[ITEMS[name]].annotation) if name in ITEMS else None

    for source, target in COMPONENTS[name].paths.items():
        assert re.split(r"[.\[]", source)[0] in inputs.__annotations__, source
        model: Any = room if target.startswith(".") else Settings
        for key in target.removeprefix(".").split("."):
            fields = {each.alias or own: each for own, each in model.model_fields.items()}
            assert key in fields, target
            model = room_in(fields[key].annotation)


def test_paths_and_words_are_the_stack_file_s() -> None:
    found = [
        Problem("volume.size_gib", "5 GiB", "100 to 65536 GiB"),
        Problem("instance_types[1]", "not with this min_size", "other instance_types"),
        Problem("labels.x", "wrong", "right"),
    ]

    assert list(settings_components.GPU_POOL.told(found, "gpuPools[2]")) == [
        Problem("gpuPools[2].rootVolumeGib", "5 GiB", "100 to 65536 GiB"),
        Problem("gpuPools[2].instanceTypes[1]", "not with this minimum", "other instanceTypes"),
        Problem("gpuPools[2] (GpuNodePool.labels.x)", "wrong", "right"),
    ]
