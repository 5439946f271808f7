"""Charts whose folder comes inside a Go module."""

import copy
import re
from pathlib import Path

from llm_platform.addons.merge import merge_values
from local.charts import objects, shelf
from local.charts.documents import mapping_of
from local.charts.model import Chart, Origin, Shipped, Values, Wanted
from local.reporter import Reporter
from local.toolchain.modules import module_folder

_STUB = "apiVersion: v2\nname: {name}\nversion: {version}\n"


def shipped_chart(wanted: Wanted, source: Shipped, values: Values, reporter: Reporter) -> Chart:
    """The chart in the module, its definitions apart, and the values that it can be given.

    Raises:
        LocalCloudError: The module is not to be had.
    """
    kept = shelf.kept(
        wanted.name,
        wanted.version,
        [source, wanted],
        lambda target: _fill(target, wanted, source, reporter),
    )
    described = mapping_of((kept.folder / "Chart.yaml").read_text())
    version, application = str(described["version"]), str(described.get("appVersion", ""))
    named = f"{source.module}@{source.version}"
    substituted = ""
    if version.removeprefix("v") != wanted.version.removeprefix("v"):
        substituted = f"chart {version} (application {application}) of {named}"
    given, dropped = _fitting(values, source)
    return Chart(
        name=wanted.name,
        asked=wanted.version,
        version=version,
        folder=kept.folder,
        origin=Origin.MODULE,
        source=named,
        values=given,
        left_out=[f"value {path}: chart {version} does not have it yet" for path in dropped],
        crds=kept.crds,
        substituted=substituted,
    )


def _fitting(values: Values, source: Shipped) -> tuple[Values, list[str]]:
    """The values without those that are newer than the chart, and the paths of these."""
    given = copy.deepcopy(dict(values))
    dropped: list[str] = []
    for path in source.newer:
        *above, last = path.split(".")
        holder = objects.value_at(given, ".".join(above)) if above else given
        if isinstance(holder, dict) and last in holder:
            del holder[last]
            dropped.append(path)
    return (merge_values(given, source.instead) if dropped else given), dropped


def _fill(target: Path, wanted: Wanted, source: Shipped, reporter: Reporter) -> None:
    module = module_folder(source.module, source.version, reporter)
    shelf.copied(module / source.folder, target)
    if source.values:
        text = (target / "values.tmpl.yaml").read_text()
        for name, value in source.values.items():
            text = text.replace(f"${{{name}}}", value)
        (target / "values.yaml").write_text(text)
        (target / "values.tmpl.yaml").unlink()
    for source_file, name in source.added.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        for file in sorted((module / source_file).glob("*.yaml")):
            if file.name != "kustomization.yaml":
                (target / name / file.name).write_bytes(file.read_bytes())
    for name, text in source.extra.items():
        (target / "templates" / name).write_text(text)
    described = target / "Chart.yaml"
    if source.stamp:
        text = described.read_text()
        text = re.sub(r"(?m)^version:.*$", f"version: {wanted.version}", text)
        text = re.sub(r"(?m)^appVersion:.*$", f"appVersion: {source.version}", text)
        described.write_text(text)
    if source.application:
        text = re.sub(
            r"(?m)^appVersion:.*$", f'appVersion: "{source.application}"', described.read_text()
        )
        described.write_text(text)
    _stub_dependencies(target)


def _stub_dependencies(chart: Path) -> None:
    """Empty charts in place of dependencies that a module never carries.

    Helm refuses a chart that lacks one, even where it is off.
    """
    described = mapping_of((chart / "Chart.yaml").read_text())
    for each in described.get("dependencies") or ():
        folder = chart / "charts" / str(each["name"])
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "Chart.yaml").write_text(_STUB.format(**each))
