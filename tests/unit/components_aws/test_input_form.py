"""The form of inputs: what is missing, unknown or of a wrong type is told, never a stack trace."""

import copy
import typing
from importlib import import_module
from typing import Any, cast

import pulumi
import pytest

import llm_platform
from llm_platform.aws.network import NetworkArgs
from llm_platform.aws.network_check import check_network
from llm_platform.inputs import fitting_inputs, raise_if_wrong
from llm_platform.problems import InvalidInputsError, Problem

STATEMENT = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::models/*"]}
SECRET = {"name": "login", "user": "admin", "user_key": "user", "password_key": "password"}
ENTRY = {
    "principal_arn": "arn:aws:iam::111111111111:role/admin",
    "policies": [{"policy": "CLUSTER_ADMIN"}],
}

FOOTPRINT = {
    "parameters_billions": 8.0,
    "precision": "BF16",
    "layers": 32,
    "kv_heads": 8,
    "head_dim": 128,
    "context_tokens": 8192,
}
SERVED: dict[str, Any] = {
    "server": "vllm",
    "route": {
        "domain": "models.example.com",
        "jwt": {"issuer": "i", "audiences": ["a"], "jwks_uri": "https://i/keys"},
    },
    "adapters": [{"name": "legal", "uri": "s3://bucket/adapters/legal/"}],
    "footprint": FOOTPRINT,
    "candidate": {"footprint": FOOTPRINT, "env": {"MODE": "new"}},
}

COMPLETE: dict[str, dict[str, Any]] = {
    "Cluster": {"vpc_id": "vpc-1", "subnet_ids": ["a", "b"], "access": {"admin": ENTRY}},
    "ClusterDefaults": {},
    "CostBudget": {"monthly_usd": 10.0, "emails": ["a@example.com"]},
    "GpuNodePool": {
        "cluster_name": "llm",
        "subnet_ids": ["subnet-1"],
        "instance_types": ["g6.8xlarge"],
        "min_size": 1,
        "max_size": 2,
        "efa": {"vpc_id": "vpc-1", "cluster_security_group_id": "sg-1"},
    },
    "HelmAddon": {
        "chart": "keda",
        "version": "2.20.2",
        "namespace": "keda",
        "repository": "https://charts.example.com",
        "generated_secrets": [SECRET],
    },
    "LlmRollout": {
        "service": "chat",
        "namespace": "assistants",
        "quality": {"query": "avg(llm_quality_score{$labels})"},
    },
    "LlmService": {
        "namespace": "assistants",
        "model": "smollm2",
        "repository_uri": "s3://bucket/model_repo/",
        "runtime": "triton",
        "cluster_name": "llm",
        "model_access": [STATEMENT],
        **SERVED,
    },
    "ModelStore": {},
    "Network": {"cidr": "10.0.0.0/16", "zones": ["eu-central-1a", "eu-central-1b"]},
    "PrivateBucket": {},
    "ServingGateway": {"domain": "models.example.com"},
    "ServingPlatform": {
        "domain": "models.example.com",
        "cluster_name": "llm",
        "region": "eu-central-1",
    },
    "TenantNamespace": {"allow_from": [{"namespace": "monitoring", "ports": [9090]}]},
    "TritonRuntime": {},
    "VllmRuntime": {},
    "WorkloadIdentity": {
        "cluster_name": "llm",
        "namespace": "serving",
        "service_account": "llama",
        "statements": [STATEMENT],
    },
}
"""Inputs of every component in which every required key is given, on every level."""


def problems(name: str, args: Any) -> tuple[Problem, ...]:
    component = getattr(llm_platform, name)
    with pytest.raises(InvalidInputsError) as raised:
        component("it", args)
    return raised.value.problems


def required(hint: Any, value: Any, path: str = "") -> list[str]:
    """Paths of all required keys that a value gives, on every level."""
    if typing.get_origin(hint) is typing.NotRequired:
        hint = hint.__args__[0]
    inner = typing.get_args(hint)
    if typing.is_typeddict(hint):
        own = [key for key in value if key in hint.__required_keys__]
        deeper = [(f"{path}.{key}", hint.__annotations__[key], value[key]) for key in value]
        found = [f"{path}.{key}" for key in own]
    elif isinstance(value, list) and inner:
        items = cast("list[Any]", value)
        deeper = [(f"{path}[{place}]", inner[0], item) for place, item in enumerate(items)]
        found = []
    elif isinstance(value, dict) and len(inner) == 2:
        entries = cast("dict[str, Any]", value)
        deeper = [(f"{path}.{key}", inner[1], item) for key, item in entries.items()]
        found = []
    else:
        return []
    found += [each for where, kind, item in deeper for each in required(kind, item, where)]
    return [each.removeprefix(".") for each in found]


def declared_of(name: str) -> Any:
    module = import_module(f"llm_platform.{llm_platform.EXPORTS[name]}")
    return getattr(module, f"{name}Args")


def without(args: Any, path: str) -> Any:
    """A copy of inputs without the key at a path."""
    changed = copy.deepcopy(args)
    target: Any = changed
    *parents, last = path.replace("]", "").replace("[", ".").split(".")
    for part in parents:
        target = target[int(part)] if part.isdigit() else target[part]
    del target[last]
    return changed


CASES = [(name, path) for name in COMPLETE for path in required(declared_of(name), COMPLETE[name])]


def test_every_component_and_every_required_key_is_tried() -> None:
    components = {
        name
        for name in llm_platform.EXPORTS
        if isinstance(getattr(llm_platform, name), type)
        and issubclass(getattr(llm_platform, name), pulumi.ComponentResource)
    }

    assert components == set(COMPLETE)
    for name in components:
        assert declared_of(name).__required_keys__ <= set(COMPLETE[name])
    assert {path for name, path in CASES if name == "WorkloadIdentity"} >= {
        "cluster_name", "statements[0].sid", "statements[0].actions", "statements[0].resources",
    }  # fmt: skip
    assert ("Cluster", "access.admin.policies[0].policy") in CASES
    assert ("HelmAddon", "generated_secrets[0].user_key") in CASES
    assert ("TenantNamespace", "allow_from[0].namespace") in CASES


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_missing_required_key_is_a_problem(name: str, path: str) -> None:
    found = problems(name, without(COMPLETE[name], path))

    assert [each.problem for each in found if each.path == path] == ["is missing"]


@pytest.mark.parametrize("name", COMPLETE)
def test_an_unknown_key_is_a_problem_with_the_nearest_known_one(name: str) -> None:
    (found,) = problems(name, {**COMPLETE[name], "tagz": {}})

    assert found.path == "tagz"
    assert found.problem == "is not a known input; did you mean tags?"
    assert "tags" in found.allowed


def test_all_is_told_at_once_with_what_the_check_finds() -> None:
    found = problems(
        "Network",
        {"zones": ["eu-central-1a", "b"], "natt": "NONE", "max_pods": "many", "nat": "TWO"},
    )

    assert {(each.path, each.problem) for each in found} == {
        ("cidr", "is missing"),
        ("max_pods", "'many' is a text"),
        ("nat", "'TWO' is not known"),
        ("natt", "is not a known input; did you mean nat?"),
        ("zones", "zones of different regions"),
        ("zones[1]", "'b' is not the name of an availability zone"),
    }


def test_nested_values_are_told_by_their_path() -> None:
    statement = {**STATEMENT, "actions": "s3:GetObject", "effect": "Deny"}
    found = problems(
        "WorkloadIdentity", {**COMPLETE["WorkloadIdentity"], "statements": [statement]}
    )

    assert {(each.path, each.problem, each.allowed) for each in found} == {
        ("statements[0].actions", "'s3:GetObject' is a text", "a list"),
        (
            "statements[0].effect",
            "is not a known input",
            "one of actions, conditions, resources, sid, wildcard_reason",
        ),
    }


@pytest.mark.parametrize("args", [None, "10.0.0.0/16", [1]])
def test_inputs_that_are_no_mapping_are_refused(args: Any) -> None:
    (found,) = problems("Network", args)

    assert found.path == "args"
    assert found.allowed.startswith("a mapping with cidr, zones")


def test_what_the_run_decides_is_left_alone_and_none_counts_as_absent() -> None:
    args: Any = {
        "cidr": "10.0.0.0/16",
        "zones": ["eu-central-1a", "eu-central-1b"],
        "kms_key_arn": pulumi.Output.from_input("arn"),
        "cluster_name": None,
        "max_pods": 100.0,
        "tags": {"team": pulumi.Output.from_input("ml")},
    }

    told, fitting = fitting_inputs(NetworkArgs, args)

    assert told == []
    assert fitting == {key: value for key, value in args.items() if key != "cluster_name"}
    raise_if_wrong("Network 'it'", NetworkArgs, args, check_network)
