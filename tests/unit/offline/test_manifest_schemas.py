"""Where schemas come from: the pinned release, the CRDs, and what happens without them."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.offline import manifests, schemas
from infra.offline.exported import UNKNOWN
from infra.offline.manifests import HIDDEN, charts_of, validate
from infra.offline.planned import Planned
from local.cluster.crd_catalogue import Kind
from local.cluster.crds import CrdSet, permissive
from local.errors import LocalCloudError
from local.reporter import QuietReporter

REFERENCE = "#/components/schemas/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
CONTAINER = "io.k8s.api.core.v1.Container"
POD = "io.k8s.api.core.v1.Pod"

DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            META: {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "namespace": {"type": "string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            CONTAINER: {
                "type": "object",
                "description": "Words.",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "default": ""},
                    "imagePullPolicy": {"type": "string"},
                    "verbs": {"type": "array", "items": {"type": "string"}},
                },
            },
            POD: {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"allOf": [{"$ref": REFERENCE + META}], "default": {}},
                    "spec": {
                        "type": "object",
                        "properties": {
                            "containers": {
                                "type": "array",
                                "x-kubernetes-list-type": "map",
                                "items": {"allOf": [{"$ref": REFERENCE + CONTAINER}]},
                            }
                        },
                    },
                },
                "x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}],
            },
        }
    }
}

SOURCE = """\
func schema_k8sio_api_core_v1_Container(ref common.ReferenceCallback) common.OpenAPIDefinition {
\t\t\t\tProperties: map[string]spec.Schema{
\t\t\t\t\t"imagePullPolicy": {
\t\t\t\t\t\tSchemaProps: spec.SchemaProps{
\t\t\t\t\t\t\tEnum:        []interface{}{"Always", "Never"},
\t\t\t\t\t"verbs": {
\t\t\t\t\t\tSchemaProps: spec.SchemaProps{
\t\t\t\t\t\t\tItems: &spec.SchemaOrArray{
\t\t\t\t\t\t\t\t\t\tEnum:    []interface{}{"get"},
func schema_pkg_apis_meta_v1_Status(ref common.ReferenceCallback) common.OpenAPIDefinition {
\t\t\t\t\t"name": {
\t\t\t\t\t\t\tEnum:        []interface{}{"x"},
"""


def write_module(folder: Path) -> None:
    documents = folder / "api/openapi-spec/v3"
    documents.mkdir(parents=True)
    (documents / "api__v1_openapi.json").write_text(json.dumps(DOCUMENT))
    (documents / "api_openapi.json").write_text("{}")
    source = folder / "pkg/generated/openapi/zz_generated.openapi.go"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty tool cache and a small module; the list tells how often it was asked for."""
    module = tmp_path / "module"
    write_module(module)
    asked: list[str] = []

    def folder(path: str, version: str, _: object) -> Path:
        asked.append(f"{path}@{version}")
        return module

    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(schemas, "module_folder", folder)
    return asked


@pytest.fixture
def unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty tool cache, and nowhere to have modules from."""

    def refuse(path: str, *_: object) -> Path:
        raise LocalCloudError(f"{path} is not to be had.", "Look for a network.")

    def no_crds(chart: str, *_: object) -> CrdSet:
        raise LocalCloudError(f"the module of {chart} is not to be had.", "Look for a network.")

    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(schemas, "module_folder", refuse)
    monkeypatch.setattr(manifests, "crds_for", no_crds)


def planned(token: str, name: str = "x", operation: str = "create", **inputs: Any) -> Planned:
    urn = f"urn:pulumi:s::p::{token}::{name}"
    return Planned(operation, urn, token, "", True, inputs, {}, {})


def pod(**container: Any) -> Planned:
    return planned(
        "kubernetes:core/v1:Pod", metadata={"name": "x"}, spec={"containers": [container]}
    )


def test_the_release_is_that_of_the_local_cloud() -> None:
    assert schemas.pinned_release().startswith("v1.35.")


def test_allowed_values_are_read_from_the_source() -> None:
    assert schemas.allowed_values(SOURCE.splitlines()) == {
        "api_core_v1_Container": {"imagePullPolicy": ["Always", "Never"], "verbs[]": ["get"]}
    }


def test_a_document_is_kept_without_what_no_check_needs(fetched: list[str]) -> None:
    found = schemas.built_in("v1", QuietReporter())
    assert found is not None
    assert found["kinds"] == {"Pod": POD}
    assert found["schemas"][CONTAINER] == {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "imagePullPolicy": {"type": "string", "enum": ["Always", "Never"]},
            "verbs": {"type": "array", "items": {"type": "string", "enum": ["get"]}},
        },
    }
    assert found["schemas"][POD]["properties"]["metadata"] == {"$ref": META}
    assert schemas.built_in("apps/v1", QuietReporter()) is None
    assert fetched == [f"k8s.io/kubernetes@{schemas.pinned_release()}"]


def test_good_and_bad_objects_of_a_built_in_kind(fetched: list[str]) -> None:
    good = pod(name="a", imagePullPolicy="Never")
    bad = pod(imagePullPolicy="Sometimes", imgae="x")
    verdict = validate([good, bad])
    assert fetched
    assert (verdict.objects, verdict.valid, verdict.invalid) == (2, 1, 1)
    assert [(each.kind, each.path, each.problem) for each in verdict.problems] == [
        (
            "Pod (v1)",
            "spec.containers[0].imagePullPolicy",
            "is 'Sometimes'; allowed: Always | Never",
        ),
        (
            "Pod (v1)",
            "spec.containers[0].imgae",
            "is no field of this kind; there are: imagePullPolicy, name, verbs",
        ),
        ("Pod (v1)", "spec.containers[0].name", "is missing; it is required"),
    ]
    assert verdict.sources == [f"Kubernetes {schemas.pinned_release()}"]


def test_unknown_and_hidden_values_are_counted(fetched: list[str]) -> None:
    verdict = validate([pod(name=UNKNOWN, imagePullPolicy=HIDDEN)])
    assert fetched
    assert verdict.problems == []
    assert verdict.unknown_values == 2


def test_what_is_no_object_or_goes_is_passed_over(fetched: list[str]) -> None:
    release = planned("kubernetes:helm.sh/v3:Release", chart="x")
    gone = planned("kubernetes:core/v1:Pod", operation="delete", spec=1)
    bucket = planned("aws:s3/bucket:Bucket")
    assert validate([release, gone, bucket]).objects == 0
    assert fetched == []


WIDGET = Kind("example.org", ("v1",), "Widget", "widgets")


def crd(schema: dict[str, Any]) -> dict[str, Any]:
    manifest = permissive(WIDGET)
    del manifest["metadata"]["labels"]
    manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    return manifest


WIDGET_SCHEMA = {
    "type": "object",
    "properties": {
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {"size": {"type": "integer"}, "kind": {"default": "a", "enum": ["a"]}},
        },
    },
}


@pytest.fixture
def widgets(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, CrdSet]:
    """The CRDs of charts, by name; others bring none."""
    del fetched
    sets: dict[str, CrdSet] = {}

    def found(chart: str, *_: object) -> CrdSet:
        return sets.get(chart, CrdSet([], f"{chart} brings none"))

    monkeypatch.setattr(manifests, "crds_for", found)
    return sets


def widget(**spec: Any) -> Planned:
    return planned(
        "kubernetes:example.org/v1:Widget",
        metadata={"name": "x", "labels": {"a": 1}},
        spec=spec,
    )


def test_custom_kinds_are_checked_by_their_crd(widgets: dict[str, CrdSet]) -> None:
    widgets["keda"] = CrdSet([crd(WIDGET_SCHEMA)], "keda 1")
    verdict = validate([widget(size="3")])
    assert [(each.path, each.problem) for each in verdict.problems] == [
        ("metadata.labels.a", "is 1, an integer; allowed: a text"),
        ("spec.size", "is '3', a text; allowed: an integer"),
    ]
    assert verdict.sources == ["keda 1"]


def test_the_charts_of_the_plan_come_first(widgets: dict[str, CrdSet]) -> None:
    other: dict[str, Any] = {"type": "object", "properties": {"spec": {"type": "string"}}}
    widgets["alloy"] = CrdSet([crd(other)], "alloy 1")
    widgets["keda"] = CrdSet([crd(WIDGET_SCHEMA)], "keda 2.20.2")
    release = planned("kubernetes:helm.sh/v3:Release", chart="oci://x/keda", version="2.20.2")
    assert charts_of([release]) == {"keda": "2.20.2"}
    assert validate([widget(size=3), release]).sources == ["keda 2.20.2"]


def test_a_kind_whose_crd_accepts_everything_is_listed(widgets: dict[str, CrdSet]) -> None:
    widgets["keda"] = CrdSet([permissive(WIDGET)], "keda 1")
    verdict = validate([widget(zzz=1), widget(zzz=2)])
    assert verdict.problems == []
    assert verdict.valid == 0
    [listed] = verdict.not_validated
    assert (listed.kind, listed.objects) == ("Widget (example.org/v1)", 2)
    assert listed.reason == "its CRD accepts everything (keda 1)"


def test_a_kind_of_no_chart_is_listed(widgets: dict[str, CrdSet]) -> None:
    assert widgets == {}
    [listed] = validate([widget()]).not_validated
    assert listed.reason == "no pinned chart brings this kind"


@pytest.mark.usefixtures("unreachable")
def test_without_the_module_the_plan_goes_on_and_says_so() -> None:
    verdict = validate([pod(name="a"), widget()])
    assert verdict.problems == []
    assert verdict.valid == 0
    reasons = {each.kind: each.reason for each in verdict.not_validated}
    assert set(reasons) == {"Pod (v1)", "Widget (example.org/v1)"}
    assert "k8s.io/kubernetes is not to be had" in reasons["Pod (v1)"]
