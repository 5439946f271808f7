"""The catalogue of CRDs, and how files of a module become manifests."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cluster import crds
from local.cluster.crd_catalogue import CATALOGUE, Entry, Kind, Module

MODULE = Module("example.com/things", "v1.2.3", ("crds", "more/one.yaml"))
REAL = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  creationTimestamp: null
  name: things.example.com
  annotations: {controller-gen.kubebuilder.io/version: v0.1.0}
spec:
  group: example.com
  names: {kind: Thing, listKind: ThingList, plural: things, singular: thing}
  scope: Namespaced
  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1]}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              operator: {type: string, enum: [=, "!="]}
              since: {type: string, default: 2020-01-01}
status: {conditions: []}
---
"""
PATCH = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {conversion: {strategy: Webhook}}
"""
OPEN = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: opens.example.com}
spec:
  group: example.com
  names: {kind: Open, listKind: OpenList, plural: opens, singular: open}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / "crds").mkdir(parents=True)
    (folder / "more").mkdir()
    (folder / "crds" / "things.yaml").write_text(REAL)
    (folder / "crds" / "patch.yaml").write_text(PATCH)
    (folder / "crds" / "kustomization.yaml").write_text("kind: Kustomization\n")
    (folder / "more" / "one.yaml").write_text(OPEN)
    (folder / "more" / "not-asked-for.yaml").write_text(OPEN.replace("open", "other"))
    return folder


@pytest.fixture
def fetched(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def module_folder(path: str, version: str, _: object) -> Path:
        asked.append(f"{path}@{version}")
        return module

    def module_folders(wanted: list[tuple[str, str]], _: object) -> dict[tuple[str, str], Path]:
        asked.extend(f"{path}@{version}" for path, version in wanted)
        return dict.fromkeys(wanted, module)

    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(crds, "module_folder", module_folder)
    monkeypatch.setattr(crds, "module_folders", module_folders)
    entry = Entry("2.0.0", "v1.3.0", (MODULE,), (Kind("example.com", ("v1",), "Lost", "losts"),))
    monkeypatch.setattr(
        crds, "CATALOGUE", {"things": entry, "same": Entry("v1.2.3", "v1.2.3", (MODULE,))}
    )
    return asked


def test_only_whole_crds_are_taken(module: Path) -> None:
    names = [each["metadata"]["name"] for each in crds.parse(module, MODULE)]
    assert names == ["things.example.com", "opens.example.com"]


def test_a_crd_is_made_fit_for_a_server_without_webhooks(module: Path) -> None:
    thing, _ = crds.parse(module, MODULE)
    assert set(thing) == {"apiVersion", "kind", "metadata", "spec"}
    assert "conversion" not in thing["spec"]
    assert "creationTimestamp" not in thing["metadata"]
    assert thing["metadata"]["annotations"] == {
        "controller-gen.kubebuilder.io/version": "v0.1.0",
        "llm-platform.dev/crd-source": "example.com/things@v1.2.3",
    }


def test_yaml_is_read_as_kubernetes_reads_it(module: Path) -> None:
    thing, _ = crds.parse(module, MODULE)
    fields = thing["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert fields["properties"]["operator"]["enum"] == ["=", "!="]
    assert fields["properties"]["since"]["default"] == "2020-01-01"


def test_what_checks_nothing_is_called_unvalidated(fetched: list[str]) -> None:
    found = crds.crds_for("things", "2.0.0")
    assert found.unvalidated == ["example.com/Lost", "example.com/Open"]
    assert [each["metadata"]["name"] for each in found.manifests] == [
        "losts.example.com",
        "opens.example.com",
        "things.example.com",
    ]
    labelled = {
        each["metadata"]["name"]
        for each in found.manifests
        if each["metadata"]["labels"].get("llm-platform.dev/unvalidated") == "true"
    }
    assert labelled == {"losts.example.com", "opens.example.com"}
    assert fetched


def test_a_module_is_fetched_and_parsed_once(fetched: list[str]) -> None:
    first = crds.crds_for("things", "2.0.0")
    assert crds.crds_for("things", "2.0.0") == first
    crds.fetch(["things", "same", "unknown"], crds.QuietReporter())
    assert fetched == ["example.com/things@v1.2.3"]


def test_fetching_ahead_leaves_nothing_to_fetch(fetched: list[str]) -> None:
    crds.fetch(["things", "same"], crds.QuietReporter())
    crds.crds_for("things", "2.0.0")
    assert fetched == ["example.com/things@v1.2.3"]


def test_a_damaged_cache_is_made_again(fetched: list[str], tmp_path: Path) -> None:
    first = crds.crds_for("things", "2.0.0")
    [cached] = (tmp_path / "cache" / "crds").iterdir()
    cached.write_text(cached.read_text()[:100])
    assert crds.crds_for("things", "2.0.0") == first
    assert len(fetched) == 2


@pytest.mark.usefixtures("fetched")
def test_the_source_tells_both_versions() -> None:
    assert crds.crds_for("things", "2.1.0").source == (
        "things 2.1.0; CRDs of example.com/things@v1.2.3; "
        "the chart installs v1.3.0, whose own CRDs may differ; "
        "the catalogue was written for chart 2.0.0; without a schema: Lost"
    )
    assert crds.crds_for("same", "v1.2.3").source == (
        "same v1.2.3; CRDs of example.com/things@v1.2.3"
    )


@pytest.mark.usefixtures("fetched")
def test_an_unknown_chart_brings_nothing() -> None:
    found = crds.crds_for("jaeger", "4.11.1")
    assert (found.manifests, found.unvalidated) == ([], [])
    assert found.source == "jaeger 4.11.1 is known to bring no CRDs"


def test_a_permissive_crd_accepts_everything_in_every_version() -> None:
    kind = Kind("gateway.k8s.aws", ("v1beta1", "v1"), "TargetGroupConfiguration", "tgcs")
    made: Any = crds.permissive(kind)
    assert made["metadata"]["name"] == "tgcs.gateway.k8s.aws"
    versions = made["spec"]["versions"]
    assert [(each["name"], each["storage"]) for each in versions] == [
        ("v1beta1", False),
        ("v1", True),
    ]
    for each in versions:
        assert each["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True


def test_protected_groups_say_that_nobody_approved_them() -> None:
    protected = crds.permissive(Kind("snapshot.storage.k8s.io", ("v1",), "A", "as"))
    assert protected["metadata"]["annotations"]["api-approved.kubernetes.io"].startswith(
        "unapproved"
    )
    assert "annotations" not in crds.permissive(Kind("nvidia.com", ("v1",), "A", "as"))["metadata"]


def test_one_kind_has_one_permissive_crd() -> None:
    seen: dict[str, Kind] = {}
    for entry in CATALOGUE.values():
        for kind in entry.permissive:
            name = f"{kind.plural}.{kind.group}"
            assert seen.setdefault(name, kind) == kind
            assert kind.plural == kind.plural.lower()


def test_one_module_has_one_version() -> None:
    versions: dict[str, str] = {}
    for entry in CATALOGUE.values():
        for module in entry.modules:
            assert versions.setdefault(module.path, module.version) == module.version


def test_manifests_can_be_cached_as_json(module: Path) -> None:
    manifests = list(crds.parse(module, MODULE))
    assert json.loads(json.dumps(manifests)) == manifests
