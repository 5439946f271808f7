"""Charts in the cache: each made once, whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.charts.documents import documents, is_definition, written
from local.charts.model import Manifest
from local.paths import cache_folder

FORMAT = 1
"""Counted up when the same source yields another chart than before."""

NOWHERE = Path("/nonexistent")
"""Folder of the module of a chart that needs none."""
CHART = "chart"
CRDS = "crds.json"


@dataclass(frozen=True)
class Kept:
    """A chart on the shelf.

    Attributes:
        folder: The chart.
        crds: Its custom resource definitions.
    """

    folder: Path
    crds: Sequence[Manifest]


def kept(name: str, version: str, made_of: object, make: Callable[[Path], None]) -> Kept:
    """The chart on the shelf, made by `make` when it is not there.

    Args:
        name: Name of the chart.
        version: Version that was asked for.
        made_of: What the chart depends on; another value is another chart.
        make: Fills an empty folder with the chart, definitions in ``crds/`` included.
    """
    key = hashlib.sha256(json.dumps([FORMAT, made_of], default=repr).encode()).hexdigest()[:12]
    place = cache_folder().absolute() / "charts" / f"{name}-{version}-{key}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".work-{os.getpid()}-{place.name}")
        shutil.rmtree(half, ignore_errors=True)
        try:
            (half / CHART).mkdir(parents=True)
            make(half / CHART)
            crds = list(_taken_out(half / CHART))
            (half / CRDS).write_text(json.dumps(crds, separators=(",", ":")))
            try:
                half.rename(place)
            except OSError:
                # another process was first, with the same chart
                if not place.exists():
                    raise
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return Kept(place / CHART, json.loads((place / CRDS).read_text()))


def copied(source: Path, target: Path) -> None:
    """Copy a chart's folder, as files that can be changed."""
    for path in sorted(source.rglob("*")):
        to = target / path.relative_to(source)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True)
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())


def put(manifests: Iterable[Manifest], file: Path) -> None:
    """Write objects as a template that Helm leaves as it is."""
    text = written(manifests)
    # Helm would take what stands in braces for its own
    escaped = text.replace("{{", "{{ `{{` }}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(escaped)


def put_crds(manifests: Iterable[Manifest], chart: Path) -> None:
    """Write definitions into the chart's ``crds/``."""
    (chart / "crds").mkdir()
    (chart / "crds" / "definitions.yaml").write_text(written(manifests))


def _taken_out(chart: Path) -> Iterable[Manifest]:
    """The definitions of ``crds/`` folders, which are removed from the chart.

    Helm would install them once and never upgrade or wait for them.
    """
    for folder in sorted(chart.rglob("crds")):
        if not folder.is_dir() or not (folder.parent / "Chart.yaml").exists():
            continue
        if (folder / "Chart.yaml").exists():
            continue  # a subchart of that name
        for file in sorted(folder.rglob("*.yaml")):
            yield from filter(is_definition, documents(file.read_text()))
        shutil.rmtree(folder)
