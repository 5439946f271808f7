"""Every chart that a live cloud can install, made where no chart registry is and rendered by helm.

Charts and their sources are those that `llmp live up` uses; only the node is not there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from infra import arguments
from infra.cli.workspace import load_settings
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import PlatformSize
from llm_platform.addons.table import ADDONS
from llm_platform.addons.values import addon_values
from local import forge
from local.charts import obtaining, registry
from local.charts.documents import is_definition
from local.charts.model import Chart, Manifest, Origin, Place, Wanted
from local.charts.needed import KUBERNETES, images_of_chart
from local.charts.objects import MONITORS
from local.charts.obtaining import WrongValuesError
from local.charts.rendering import rendered
from local.charts.table import SOURCES

SETTINGS = load_settings("live")
CONTEXT = replace(arguments.addon_context(SETTINGS), passwords=False)
INSTALLED = arguments.selected_addons(SETTINGS)
AWS = "http://10.88.0.1:4566"
MOST_MILLICPU = 400
"""What all add-ons together may ask of the node's two processors."""
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Job")


@pytest.fixture(autouse=True)
def _no_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: str) -> bool:
        return False

    monkeypatch.setattr(registry, "_answers", silent)


def chart_of(name: str, context: AddonContext = CONTEXT) -> tuple[Chart, list[Manifest]]:
    addon = ADDONS[name]
    wanted = Wanted(addon.reference, addon.version, "" if addon.is_oci else addon.repository)
    place = Place(name, addon.namespace, AWS)
    chart = obtaining.obtain(wanted, addon_values(name, context), place)
    return chart, rendered(chart, place, KUBERNETES)


def containers(manifests: list[Manifest]) -> Iterator[tuple[Manifest, Mapping[str, Any]]]:
    for each in manifests:
        if each["kind"] in WORKLOADS:
            for container in each["spec"]["template"]["spec"]["containers"]:
                yield each, cast("Mapping[str, Any]", container)


def millicpu(amount: object) -> float:
    text = str(amount)
    return float(text[:-1]) if text.endswith("m") else float(text) * 1000


def test_every_add_on_of_the_live_stack_has_a_source() -> None:
    assert set(INSTALLED) <= set(SOURCES)


@pytest.mark.parametrize("size", PlatformSize)
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_chart_takes_the_platform_s_values(name: str, size: PlatformSize) -> None:
    chart, manifests = chart_of(name, replace(CONTEXT, size=size))
    assert chart.origin is not Origin.REGISTRY
    assert [each for each in manifests if each["kind"] == "Namespace"] == []
    assert all(map(is_definition, chart.crds))
    for workload, container in containers(manifests):
        where = f"{workload['metadata']['name']}/{container['name']}"
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, where
        assert "memory" in container["resources"]["limits"], where


@pytest.mark.parametrize("name", INSTALLED)
def test_every_image_of_the_live_stack_can_be_made(name: str) -> None:
    chart, manifests = chart_of(name)
    known = set(forge.names())
    asked = {forge.full(image) for image in images_of_chart(chart, manifests)}
    assert asked - known == set()


def test_the_live_stack_fits_on_two_processors() -> None:
    asked = 0.0
    for name in INSTALLED:
        for workload, container in containers(chart_of(name)[1]):
            if workload["kind"] != "Job":
                replicas = workload["spec"].get("replicas", 1)
                asked += replicas * millicpu(container["resources"]["requests"]["cpu"])
    _, manifests = chart_of("kube-prometheus-stack")
    (prometheus,) = [each for each in manifests if each["kind"] == "Prometheus"]
    asked += millicpu(prometheus["spec"]["resources"]["requests"]["cpu"])
    assert 0 < asked <= MOST_MILLICPU


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_value_that_a_chart_does_not_know_is_refused(name: str) -> None:
    addon = ADDONS[name]
    wanted = Wanted(addon.reference, addon.version, "" if addon.is_oci else addon.repository)
    values = {**addon_values(name, CONTEXT), "quiteUnknown": {"a": 1}}
    with pytest.raises(WrongValuesError, match="quiteUnknown"):
        obtaining.judge(wanted, values)


def test_what_is_not_the_asked_version_is_said() -> None:
    chart, _ = chart_of("vertical-pod-autoscaler")
    assert (chart.asked, chart.version) == ("0.11.0", "0.9.0")
    assert "chart 0.9.0" in chart.substituted
    assert "admissionController.certManager" in "".join(chart.left_out)
    same, _ = chart_of("cert-manager")
    assert (same.version, same.substituted) == ("v1.21.1", "")


def names(manifests: list[Manifest], kind: str) -> set[str]:
    return {str(each["metadata"]["name"]) for each in manifests if each["kind"] == kind}


def test_services_have_the_names_that_the_real_charts_give() -> None:
    _, stack = chart_of("kube-prometheus-stack")
    assert "kube-prometheus-stack-prometheus" in names(stack, "Service")
    _, workflows = chart_of("argo-workflows")
    assert names(workflows, "Service") == {"argo-workflows-workflow-controller"}
    assert "argo-workflow" in names(workflows, "ServiceAccount")
    _, keda = chart_of("keda")
    assert "keda-operator" in names(keda, "Service")


def test_argo_is_told_where_the_buckets_are() -> None:
    _, manifests = chart_of("argo-workflows")
    (configuration,) = [each for each in manifests if each["kind"] == "ConfigMap"]
    text = configuration["data"]["config"]
    assert "endpoint: 10.88.0.1:4566" in text
    assert "insecure: true" in text
    assert "{{workflow.name}}" in text, "helm took Argo's braces for its own"


def test_envoy_gateway_brings_the_gateway_api() -> None:
    chart, _ = chart_of("gateway-helm")
    groups = {each["spec"]["group"] for each in chart.crds}
    assert {"gateway.networking.k8s.io", "gateway.envoyproxy.io"} <= groups


def test_monitors_are_made_where_their_kinds_are() -> None:
    for name in ("cert-manager", "keda", "argo-workflows"):
        _, manifests = chart_of(name)
        assert any(each["apiVersion"] == MONITORS for each in manifests), name
