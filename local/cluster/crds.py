"""CRDs for the charts of the platform, at hand without Helm and without a chart registry.

Real ones are read from pinned Go modules; a kind that none of them has gets a CRD that accepts
everything, labelled as unvalidated. Conversion webhooks are not kept: nothing would answer them,
and what is stored in one version is served in another with its fields as they are.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from local.cluster.crd_catalogue import CATALOGUE, Kind, Module
from local.cluster.processes import write_private
from local.paths import cache_folder
from local.reporter import QuietReporter, Reporter
from local.toolchain.modules import module_folder, module_folders

UNVALIDATED_LABEL = "llm-platform.dev/unvalidated"
SOURCE_ANNOTATION = "llm-platform.dev/crd-source"
PROTECTED_GROUPS = (".k8s.io", ".kubernetes.io")
"""Kubernetes wants an annotation on CRDs of these groups."""
ADD_ON = "add-on"
FORMAT = 1
"""Counted up when the same module yields other manifests than before."""


@dataclass(frozen=True)
class CrdSet:
    """The CRDs of one chart.

    Attributes:
        manifests: CustomResourceDefinition objects, sorted by name.
        source: Where they come from and how that relates to the chart, in words.
        unvalidated: Kinds that accept everything, as ``group/Kind``.
    """

    manifests: list[dict[str, Any]]
    source: str
    unvalidated: list[str] = field(default_factory=list[str])


def crds_for(chart: str, version: str, reporter: Reporter | None = None) -> CrdSet:
    """The CRDs that `chart` brings; none for a chart that is not in the catalogue.

    Args:
        chart: Name of a chart, or of a bundle or EKS add-on, as in `CATALOGUE`.
        version: Version of the chart that is being installed; only told in `CrdSet.source`.
        reporter: Told of downloads.

    Raises:
        LocalCloudError: A module could not be had.
    """
    entry = CATALOGUE.get(chart)
    if entry is None:
        return CrdSet([], f"{chart} {version} is known to bring no CRDs")
    manifests: dict[str, dict[str, Any]] = {}
    for module in entry.modules:
        for manifest in _read_module(module, reporter or QuietReporter()):
            manifests[manifest["metadata"]["name"]] = manifest
    for kind in entry.permissive:
        manifest = permissive(kind)
        manifests[manifest["metadata"]["name"]] = manifest
    every = [manifests[name] for name in sorted(manifests)]
    return CrdSet(every, _source(chart, version), sorted(map(_kind, filter(_is_marked, every))))


def fetch(charts: Iterable[str], reporter: Reporter) -> None:
    """Have the CRDs of many charts parsed in the cache, so that `crds_for` is quick later.

    Args:
        charts: Names as in `CATALOGUE`; others bring nothing.
        reporter: Told of the progress.

    Raises:
        LocalCloudError: Modules could not be had; all of them are named.
    """
    entries = [CATALOGUE[chart] for chart in charts if chart in CATALOGUE]
    every = dict.fromkeys(module for entry in entries for module in entry.modules)
    wanted = [module for module in every if not _cache_file(module).exists()]
    folders = module_folders([(each.path, each.version) for each in wanted], reporter)
    for module in wanted:
        reporter.note("CRDs", f"reading {module.path}@{module.version}")
        _parse_into_cache(module, folders[module.path, module.version])


def permissive(kind: Kind) -> dict[str, Any]:
    """A CRD of `kind` that accepts every field."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    versions: list[dict[str, Any]] = [
        {
            "name": version,
            "served": True,
            "storage": version == kind.versions[-1],
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        for version in kind.versions
    ]
    metadata: dict[str, Any] = {
        "name": f"{kind.plural}.{kind.group}",
        "labels": {UNVALIDATED_LABEL: "true"},
    }
    if kind.group.endswith(PROTECTED_GROUPS):
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, schema left out"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
            },
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": versions,
        },
    }


def _is_marked(manifest: Mapping[str, Any]) -> bool:
    return manifest["metadata"]["labels"].get(UNVALIDATED_LABEL) == "true"


def _kind(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['spec']['group']}/{manifest['spec']['names']['kind']}"


def _source(chart: str, version: str) -> str:
    entry = CATALOGUE[chart]
    parts = [f"{chart} {version}"]
    if entry.modules:
        read = ", ".join(f"{each.path}@{each.version}" for each in entry.modules)
        parts.append(f"CRDs of {read}")
    # The module that the chart is named for comes last.
    own = entry.modules[-1].version if entry.modules and entry.app_version else entry.app_version
    if own.removeprefix("v") != entry.app_version.removeprefix("v"):
        parts.append(f"the chart installs {entry.app_version}, whose own CRDs may differ")
    if entry.chart_version not in {version, ADD_ON}:
        parts.append(f"the catalogue was written for chart {entry.chart_version}")
    if entry.permissive:
        kinds = ", ".join(kind.kind for kind in entry.permissive)
        parts.append(f"without a schema: {kinds}")
    return "; ".join(parts)


def _accepts_everything(manifest: Mapping[str, Any]) -> bool:
    """Whether a CRD checks nothing of ``spec``: upstream has such ones as well."""
    return all(_is_open(each["schema"]["openAPIV3Schema"]) for each in manifest["spec"]["versions"])


def _is_open(schema: Mapping[str, Any]) -> bool:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties") or {}
    inner: Mapping[str, Any] = properties.get("spec") or schema
    return bool(inner.get("x-kubernetes-preserve-unknown-fields")) and not inner.get("properties")


def _read_module(module: Module, reporter: Reporter) -> list[dict[str, Any]]:
    """The CRDs of a module, from the cache when it was read before."""
    try:
        return json.loads(_cache_file(module).read_text())
    except (FileNotFoundError, ValueError):
        return _parse_into_cache(module, module_folder(module.path, module.version, reporter))


def _parse_into_cache(module: Module, folder: Path) -> list[dict[str, Any]]:
    manifests = sorted(parse(folder, module), key=lambda each: each["metadata"]["name"])
    cached = _cache_file(module)
    cached.parent.mkdir(parents=True, exist_ok=True)
    write_private(cached, json.dumps(manifests, separators=(",", ":")))
    return manifests


def _cache_file(module: Module) -> Path:
    key = hashlib.sha256(json.dumps([FORMAT, module.places]).encode()).hexdigest()[:12]
    name = f"{module.path.replace('/', '+')}@{module.version}-{key}.json"
    return cache_folder() / "crds" / name


def parse(folder: Path, module: Module) -> Iterator[dict[str, Any]]:
    """The CRDs in the unpacked `module` at `folder`, made fit for a server without webhooks."""
    for place in module.places:
        path = folder / place
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            for document in yaml.load_all(file.read_text(), Loader=_Loader):
                if _is_crd(document):
                    yield _fit(document, f"{module.path}@{module.version}")


def _is_crd(document: Any) -> bool:
    """Whether it is a whole CRD, not a patch of one."""
    if not isinstance(document, dict):
        return False
    content = cast("dict[str, Any]", document)
    versions: list[Mapping[str, Any]] = content.get("spec", {}).get("versions") or []
    return (
        content.get("kind") == "CustomResourceDefinition"
        and content.get("apiVersion") == "apiextensions.k8s.io/v1"
        and bool(versions)
        and all("schema" in version for version in versions)
    )


def _fit(document: dict[str, Any], source: str) -> dict[str, Any]:
    metadata: dict[str, Any] = document["metadata"]
    labels: dict[str, str] = dict(metadata.get("labels") or {})
    if _accepts_everything(document):
        labels[UNVALIDATED_LABEL] = "true"
    annotations: dict[str, str] = dict(metadata.get("annotations") or {})
    annotations[SOURCE_ANNOTATION] = source
    spec = {key: value for key, value in document["spec"].items() if key != "conversion"}
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": {
            "name": metadata["name"],
            "labels": labels,
            "annotations": annotations,
        },
        "spec": spec,
    }


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: dates and a bare ``=`` are strings."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":value"))
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
