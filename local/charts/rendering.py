"""What Helm would make of a chart, without a cluster."""

import subprocess
import tempfile
from pathlib import Path

import yaml

from local.charts import helm
from local.charts.documents import documents
from local.charts.model import Chart, Manifest, Place
from local.charts.registry import environment
from local.errors import LocalCloudError

API_VERSIONS = ("monitoring.coreos.com/v1",)
"""Kinds that charts look for before they make objects of them."""
SECONDS = 60.0


def rendered(chart: Chart, place: Place, kubernetes_version: str) -> list[Manifest]:
    """The chart's objects, hooks among them.

    Raises:
        LocalCloudError: Helm refuses the chart or its values.
    """
    with tempfile.TemporaryDirectory(prefix="llmp-chart-") as folder:
        values = Path(folder) / "values.yaml"
        values.write_text(yaml.safe_dump(dict(chart.values)))
        command = [
            str(helm.ensure().helm), "template", place.release, str(chart.folder),
            "--namespace", place.namespace, "--values", str(values),
            "--kube-version", kubernetes_version, "--api-versions", ",".join(API_VERSIONS),
            "--skip-tests",
        ]  # fmt: skip
        ended = subprocess.run(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    if ended.returncode != 0:
        raise LocalCloudError(
            f"Chart {chart.name} {chart.version} cannot be rendered.",
            "Correct the values of the add-on.",
            ended.stderr.strip()[-2000:],
        )
    return list(documents(ended.stdout))
