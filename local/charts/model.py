"""What a chart is asked for, and what is found for it. Pure data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]
Values = Mapping[str, Any]


class Origin(StrEnum):
    """Where a chart is from."""

    REGISTRY = "registry"
    """The registry or repository that the release names."""
    MODULE = "module"
    """The chart folder inside the project's Go module."""
    ASSEMBLED = "assembled"
    """Made from the manifests of the project's Go module."""


@dataclass(frozen=True)
class Wanted:
    """A chart as a release asks for it.

    Attributes:
        chart: Name of the chart, or its ``oci://`` address.
        version: Exact version.
        repository: URL of its repository; empty with an address.
    """

    chart: str
    version: str
    repository: str = ""

    @property
    def name(self) -> str:
        """Name of the chart alone."""
        return self.chart.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Place:
    """Where a release is installed.

    Attributes:
        release: Name of the release.
        namespace: Its namespace.
        aws_endpoint: Where pods reach the emulated AWS, such as ``http://10.88.0.1:4566``.
    """

    release: str
    namespace: str
    aws_endpoint: str = ""


@dataclass(frozen=True)
class Assembled:
    """What an assembler makes of values.

    Attributes:
        manifests: Every object but custom resource definitions.
        crds: Custom resource definitions.
        left_out: What the real chart would install and this one does not, each with the reason.
    """

    manifests: Sequence[Manifest]
    crds: Sequence[Manifest] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """A chart that can be installed.

    Attributes:
        name: Name of the chart.
        asked: Version that was asked for.
        version: Version that is there.
        folder: Its folder, without custom resource definitions in ``crds/``.
        origin: Where it is from.
        source: The same in words, such as ``github.com/kserve/kserve@v0.20.0``.
        values: What it is installed with: the values that were asked for, without those that it
            does not know although the chart that was asked for does.
        crds: Custom resource definitions that stood in its ``crds/``, and in its subcharts'.
        substituted: What is installed in place of what was asked for; empty when it is just that.
        left_out: What it does not install although the real chart would.
    """

    name: str
    asked: str
    version: str
    folder: Path
    origin: Origin
    source: str
    values: Values
    crds: Sequence[Manifest] = ()
    substituted: str = ""
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class Shipped:
    """A chart folder inside a Go module.

    Attributes:
        module: Module path.
        version: Version of the module.
        folder: Folder of the chart below the module's root.
        stamp: Whether the project writes version and application version into the chart when it
            is released, so that they are written here: the version that is asked for, and the
            module's.
        values: Text to replace in ``values.tmpl.yaml``, where the chart has that instead of
            ``values.yaml``.
        application: Version of the application where it is neither.
        added: Folders of the module whose YAML files a release of the chart adds to it, by the
            folder of the chart that they go into.
        extra: Templates of ours that the chart is given besides: name → text.
        images: Images that the chart's controllers start by names of their own.
        newer: Values, as dotted paths, that the chart which is asked for knows and this older one
            does not; they are left out.
        instead: Values that this one is given in their place.
    """

    module: str
    version: str
    folder: str
    stamp: bool = False
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    application: str = ""
    added: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    images: Sequence[str] = ()
    newer: Sequence[str] = ()
    instead: Values = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Recipe:
    """A chart that is assembled from a Go module's manifests.

    Attributes:
        module: Module path.
        version: Version of the module.
        application: Version of the application that it installs, as the chart would write it.
        known: Values that the real chart knows, as a tree; an empty mapping accepts any key.
        assemble: Makes the objects from the module's folder, the values and the place.
        images: Images that its controllers start by names of their own.
    """

    module: str
    version: str
    application: str
    known: Values
    assemble: Callable[[Path, Values, Place], Assembled]
    images: Sequence[str] = ()


Source = Shipped | Recipe
