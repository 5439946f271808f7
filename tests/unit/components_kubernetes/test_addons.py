"""The table of add-ons, their order, their values and what they may do in AWS."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from llm_platform.addons.arguments import addon_args, check_context, identity_args
from llm_platform.addons.context import AddonContext, PostgresDatabase, joined
from llm_platform.addons.helm_addon_check import check_helm_addon
from llm_platform.addons.kinds import LAYER_ORDER, CrdSource, Layer, PlatformSize, Profile
from llm_platform.addons.merge import merge_values
from llm_platform.addons.order import addon_order, check_addons, check_table, default_addons
from llm_platform.addons.table import ADDONS
from llm_platform.addons.values import VALUES, addon_values
from llm_platform.aws.workload_identity_check import check_workload_identity
from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.problems import InvalidInputsError

BARE = AddonContext(
    cluster_name="llm-test", region="eu-central-1", account_id="123456789012", vpc_id="vpc-1"
)
FULL = replace(
    BARE,
    gpu_pools=((GpuAmiFamily.AL2023, GpuAdvertiser.GPU_OPERATOR),),
    log_bucket="logs",
    artifact_bucket="artifacts",
    bucket_key_arn="arn:aws:kms:eu-central-1:123456789012:key/1",
    interruption_queue="queue",
    node_role_arn="arn:aws:iam::123456789012:role/nodes",
    mlflow_database=PostgresDatabase("db.example", "mlflow", "mlflow-database"),
    tags={"team": "ml"},
)
SMALL = replace(FULL, size=PlatformSize.SMALL)

PRIVILEGED = {"gpu-operator", "monitoring", "logging"}
"""Namespaces that the policies let be privileged; everything else must do with less."""
MAY_TOLERATE_GPUS = {
    "alloy",
    "aws-efa-k8s-device-plugin",
    "gpu-operator",
    "kube-prometheus-stack",
    "nvidia-device-plugin",
}


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below, with its path."""
    yield path, value
    if isinstance(value, dict):
        for key in value:  # pyright: ignore[reportUnknownVariableType]
            yield from walk(value[key], f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from walk(item, f"{path}[{index}]")


def test_the_table_is_consistent() -> None:
    assert check_table() == []
    assert set(VALUES) == set(ADDONS)


def test_a_table_that_is_not_is_told_so() -> None:
    broken = {
        "a": replace(ADDONS["keda"], name="b", requires=("nobody", "late")),
        "late": replace(ADDONS["loki"], name="late", requires=()),
    }
    assert [str(problem).split(";")[0] for problem in check_table(broken)] == [
        "a: it names 'nobody'",
        "a: its name is 'b'",
        "a.requires: 'late' is in a later layer",
    ]


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_every_add_on_makes_valid_inputs(name: str) -> None:
    for context in (FULL, SMALL):
        args = addon_args(name, context)
        assert check_helm_addon(args) == []
        json.dumps(args.get("values", {}))
    assert ADDONS[name].purpose
    assert not ADDONS[name].purpose.endswith(".")


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_values_depend_on_nothing_but_the_context(name: str) -> None:
    first, second = (json.dumps(addon_values(name, context)) for context in (FULL, replace(FULL)))
    assert first == second


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_whoever_states_resources_states_them_all(name: str) -> None:
    for context in (FULL, SMALL):
        for path, value in walk(addon_values(name, context)):
            if not isinstance(value, dict) or not {"requests", "limits"} & {*value}:
                continue
            resources = cast("dict[str, Any]", value)
            if "storage" in resources.get("requests", {}):
                continue
            assert {"cpu", "memory"} <= {*resources["requests"]}, path
            assert "memory" in resources["limits"], path
            assert "cpu" not in resources["limits"], f"{path} throttles"


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_only_agents_tolerate_gpu_nodes(name: str) -> None:
    tolerating = [
        path
        for path, value in walk(addon_values(name, FULL))
        if path.endswith("tolerations") and value
    ]
    assert bool(tolerating) == (name in MAY_TOLERATE_GPUS)


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_no_value_is_none_which_would_get_lost(name: str) -> None:
    assert [path for path, value in walk(addon_values(name, FULL)) if value is None] == []


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_no_value_is_a_password(name: str) -> None:
    for path, value in walk(addon_values(name, FULL)):
        last = path.rsplit(".", 1)[-1].lower()
        if "password" in last and isinstance(value, str):
            assert last.endswith("key"), path


def test_only_three_namespaces_are_privileged() -> None:
    privileged = {
        addon.namespace
        for addon in ADDONS.values()
        if addon.own_namespace and addon.pod_security is PodSecurity.PRIVILEGED
    }
    assert privileged == PRIVILEGED


def test_no_two_add_ons_share_a_namespace_of_their_own() -> None:
    own = [addon.namespace for addon in ADDONS.values() if addon.own_namespace]
    assert len(own) == len(set(own))


@pytest.mark.parametrize("name", [name for name, addon in ADDONS.items() if addon.identity])
def test_permissions_are_ones_that_workload_identity_accepts(name: str) -> None:
    args = identity_args(name, FULL)
    assert args is not None
    assert check_workload_identity(args) == []
    sids = [statement["sid"] for statement in args.get("statements", [])]
    assert len(sids) == len(set(sids))


def test_no_identity_where_there_is_nothing_to_reach() -> None:
    assert identity_args("keda", FULL) is None
    assert identity_args("argo-workflows", BARE) is None


def test_artefacts_are_encrypted_with_the_key_of_their_own_bucket() -> None:
    other = replace(FULL, artifact_key_arn="arn:aws:kms:eu-central-1:123456789012:key/2")
    for context, suffix in ((FULL, "key/1"), (other, "key/2")):
        args = identity_args("argo-workflows", context)
        assert args is not None
        keys = [each for each in args.get("statements", []) if each["sid"] == "EncryptArtifacts"]
        assert [str(each["resources"][0]).endswith(suffix) for each in keys] == [True]
    logs = identity_args("loki", other)
    assert logs is not None
    assert str(logs.get("statements", [])[-1]["resources"][0]).endswith("key/1")


def test_the_autoscaler_may_resize_the_groups_of_its_cluster_alone() -> None:
    args = identity_args("cluster-autoscaler", FULL)
    assert args is not None
    changing = [
        statement
        for statement in args.get("statements", [])
        if any("Set" in action or "Terminate" in action for action in statement["actions"])
    ]
    assert [statement.get("conditions") for statement in changing] == [
        {
            "StringEquals": {
                "aws:ResourceTag/k8s.io/cluster-autoscaler/llm-test": ["owned"],
            }
        }
    ]


def test_order_respects_layers_and_requirements() -> None:
    selection = [name for name in ADDONS if name != "nvidia-device-plugin"]
    order = addon_order(selection)
    assert sorted(order) == sorted(selection)
    layers = [LAYER_ORDER.index(ADDONS[name].layer) for name in order]
    assert layers == sorted(layers)
    for index, name in enumerate(order):
        assert set(ADDONS[name].requires) <= set(order[:index])


def test_order_does_not_depend_on_how_it_is_asked() -> None:
    selection = default_addons(PlatformSize.LARGE)
    assert addon_order(selection) == addon_order(selection[::-1])


def test_monitors_come_before_whoever_has_one() -> None:
    order = addon_order(default_addons(PlatformSize.LARGE))
    first = order.index("prometheus-operator-crds")
    for name in order:
        values = json.dumps(addon_values(name, FULL)).lower()
        if '"servicemonitor"' in values:
            assert order.index(name) > first
            assert "prometheus-operator-crds" in ADDONS[name].requires, name


def test_wrong_selections_are_told_with_every_problem() -> None:
    twice = "a GPU would be given to two pods"
    selection = ["alloy", "kserv", "nvidia-device-plugin", "gpu-operator", "keda", "keda"]
    told = [f"{problem.path}: {problem.problem}" for problem in check_addons(selection)]
    assert told == [
        "addons[0]: 'alloy' needs prometheus-operator-crds, loki",
        "addons[1]: 'kserv' is no add-on",
        f"addons[2]: 'nvidia-device-plugin' and 'gpu-operator' cannot both be: {twice}",
        "addons[3]: 'gpu-operator' needs prometheus-operator-crds",
        "addons[4]: 'keda' needs prometheus-operator-crds",
        "addons[5]: 'keda' again",
        "addons[5]: 'keda' needs prometheus-operator-crds",
    ]
    assert "kserve" in check_addons(["kserv"])[0].allowed
    with pytest.raises(InvalidInputsError):
        addon_order(["alloy"])


def test_a_circle_is_named() -> None:
    table = {
        "a": replace(ADDONS["keda"], name="a", requires=("b",)),
        "b": replace(ADDONS["keda"], name="b", requires=("a",)),
    }
    with pytest.raises(InvalidInputsError, match="needs"):
        addon_order(["a", "b"], table)


@pytest.mark.parametrize("size", PlatformSize)
def test_what_a_platform_has_by_default_fits_together(size: PlatformSize) -> None:
    selection = default_addons(size)
    assert check_addons(selection) == []
    assert not [name for name in selection if ADDONS[name].profile is Profile.ON_REQUEST]


def test_defaults_can_be_added_to_and_left_out() -> None:
    selection = default_addons(PlatformSize.SMALL, without=["jaeger"], also=["lws"])
    assert "lws" in selection
    assert "jaeger" not in selection


def test_a_context_without_what_is_needed_is_told_so() -> None:
    told = [str(problem) for problem in check_context(["loki", "keda", "mlflow"], BARE)]
    assert len(told) == 3
    assert "addons: 'loki' needs a bucket for logs" in told[0]
    with pytest.raises(ValueError, match="loki needs a bucket for logs"):
        addon_values("loki", BARE)
    assert check_context(ADDONS, FULL) == []


def test_charts_that_bring_no_kinds_themselves_skip_them() -> None:
    for name, addon in ADDONS.items():
        assert addon_args(name, FULL).get("skip_crds") == (addon.crds is CrdSource.ELSEWHERE)
    assert all(ADDONS[name].layer is not Layer.GATES for name in ADDONS)


def test_oci_charts_carry_their_address() -> None:
    assert addon_args("kserve-crd", FULL)["chart"] == "oci://ghcr.io/kserve/charts/kserve-crd"
    assert "repository" not in addon_args("kserve-crd", FULL)
    assert addon_args("keda", FULL)["chart"] == "keda"


@pytest.mark.parametrize(
    ("pools", "wanted"),
    [
        ((), False),
        (((GpuAmiFamily.BOTTLEROCKET, GpuAdvertiser.BOTTLEROCKET_BUILTIN),), False),
        (((GpuAmiFamily.AL2023, GpuAdvertiser.GPU_OPERATOR),), True),
    ],
)
def test_gpu_operator_leaves_to_the_image_what_the_image_has(pools: Any, wanted: bool) -> None:
    values = addon_values("gpu-operator", replace(FULL, gpu_pools=pools))
    assert values["driver"] == {"enabled": False}
    assert values["toolkit"] == {"enabled": False}
    assert values["devicePlugin"]["enabled"] is wanted
    assert values["devicePlugin"]["resources"]["limits"]["memory"]


def test_kserve_runs_without_knative() -> None:
    controller = addon_values("kserve-resources", FULL)["kserve"]["controller"]
    assert controller["deploymentMode"] == "Standard"
    assert controller["gateway"]["ingressGateway"]["enableGatewayApi"] is True


def test_small_platforms_run_single_replicas() -> None:
    small, large = (addon_values("loki", context) for context in (SMALL, FULL))
    assert (small["singleBinary"]["replicas"], large["singleBinary"]["replicas"]) == (1, 3)
    assert small["read"] == small["write"] == small["backend"] == {"replicas": 0}


def test_merging_goes_key_by_key_and_replaces_lists() -> None:
    old = {"b": {"x": 1, "y": [1, 2]}, "a": {"gone": 1}}
    new = {"b": {"y": [3], "z": None}, "a": "text"}
    merged = merge_values(old, new)
    assert merged == {"a": "text", "b": {"x": 1, "y": [3], "z": None}}
    assert list(merged) == ["a", "b"]
    assert list(merged["b"]) == ["x", "y", "z"]
    assert old == {"b": {"x": 1, "y": [1, 2]}, "a": {"gone": 1}}


def test_merging_does_not_depend_on_the_order_of_keys() -> None:
    assert json.dumps(merge_values({"b": 1, "a": {"d": 1, "c": 2}})) == json.dumps(
        merge_values({"a": {"c": 2, "d": 1}, "b": 1})
    )


def test_texts_are_joined_without_pulumi() -> None:
    assert joined("a", "b") == "ab"
    assert BARE.arn("ssm", "parameter/x", account="") == "arn:aws:ssm:eu-central-1::parameter/x"
    assert BARE.bucket_arn("logs", "/*") == "arn:aws:s3:::logs/*"
