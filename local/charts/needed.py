"""The images that charts will ask for, so that they are made before anything is installed."""

from collections.abc import Iterable, Mapping
from typing import Any

from local import forge
from local.charts import obtaining
from local.charts.images import images_of
from local.charts.model import Chart, Manifest, Place, Wanted
from local.charts.rendering import rendered
from local.reporter import Reporter
from local.toolchain.tools import TOOLS

KUBERNETES = TOOLS["kube-apiserver"].version
"""Version of Kubernetes that charts are rendered for: that of the local cloud."""


def needed_images(releases: Iterable[Mapping[str, Any]], reporter: Reporter) -> list[str]:
    """Names of the images of many releases, each once.

    Args:
        releases: What releases are given: ``chart``, ``version``, ``repository``, ``namespace``,
            ``release_name``, ``values``.
        reporter: Told when a chart has to be fetched.

    Raises:
        LocalCloudError: A chart is not to be had.
        WrongValuesError: A chart does not know some of its values.
    """
    found: dict[str, None] = {}
    for each in releases:
        wanted = Wanted(each["chart"], each["version"], each.get("repository", ""))
        place = Place(each["release_name"], each["namespace"])
        chart = obtaining.obtain(wanted, each.get("values", {}), place, reporter)
        manifests = rendered(chart, place, KUBERNETES)
        found.update(dict.fromkeys(images_of_chart(chart, manifests)))
    return list(found)


def images_of_chart(chart: Chart, manifests: Iterable[Manifest]) -> list[str]:
    """Names of the images of a chart that was rendered, as it writes them."""
    known = {alias for name in forge.names() for alias in _aliases(name)}
    return [*images_of(manifests, known), *obtaining.images_beside(chart)]


def _aliases(name: str) -> set[str]:
    """How manifests may write the full name of an image."""
    return {name, name.removeprefix("docker.io/"), name.removeprefix("docker.io/library/")}
