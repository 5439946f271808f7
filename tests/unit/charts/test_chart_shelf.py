"""Charts are made once, whole or not at all, and their definitions lie apart."""

from pathlib import Path

import pytest

from local.charts import shelf
from local.charts.documents import documents, written

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
}
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path))
    return tmp_path


def fill(target: Path) -> None:
    for folder in (target, target / "charts" / "crds"):
        (folder / "crds").mkdir(parents=True, exist_ok=True)
        (folder / "Chart.yaml").write_text("name: x\n")
        (folder / "crds" / "all.yaml").write_text(written([CRD, OTHER]))


def test_definitions_are_taken_out_of_the_chart_and_its_subcharts() -> None:
    kept = shelf.kept("x", "1", "source", fill)
    assert kept.crds == [CRD, CRD]
    assert not (kept.folder / "crds").exists()
    assert (kept.folder / "charts" / "crds" / "Chart.yaml").exists()
    assert not (kept.folder / "charts" / "crds" / "crds").exists()


def test_a_chart_is_made_once_for_what_it_is_made_of() -> None:
    made: list[Path] = []

    def counted(target: Path) -> None:
        made.append(target)
        fill(target)

    first = shelf.kept("x", "1", "source", counted)
    assert shelf.kept("x", "1", "source", counted) == first
    assert shelf.kept("x", "1", "another", counted).folder != first.folder
    assert len(made) == 2


def test_a_chart_that_could_not_be_made_leaves_nothing(cache: Path) -> None:
    def broken(target: Path) -> None:
        (target / "Chart.yaml").write_text("half")
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        shelf.kept("x", "1", "source", broken)
    assert list((cache / "charts").iterdir()) == []


def test_what_stands_in_braces_is_not_for_helm(tmp_path: Path) -> None:
    file = tmp_path / "templates" / "all.yaml"
    shelf.put([{"kind": "ConfigMap", "data": {"a": "{{workflow.name}}"}}], file)
    assert "{{ `{{` }}workflow.name}}" in file.read_text()


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    text = (
        "kind: List\nitems:\n- {kind: A, on: 2026-01-01, sign: =}\n---\n# nothing\n---\nkind: B\n"
    )
    found = list(documents(text))
    assert [each["kind"] for each in found] == ["A", "B"]
    assert found[0]["sign"] == "="
    with pytest.raises(ValueError, match="no YAML in line"):
        list(documents("a: [\nb"))
