"""Values that a chart does not know are found, and only those."""

from pathlib import Path
from typing import Any

import pytest

from local.charts.values import unknown_to, unknown_values

VALUES = """\
replicas: 1
image:
  repository: example/thing
  # tag: which one
resources: {}
affinity:
  podAntiAffinity: {}
worker:
  enabled: true
  depth: {level: 1}
"""
TEMPLATE = "{{ .Values.hidden.key }} {{- if .Values.worker.extra }}{{ end }}"
CHART = """\
apiVersion: v2
name: thing
version: 1.0.0
dependencies:
  - {name: part, version: 0.0.1, alias: piece}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "charts" / "part").mkdir(parents=True)
    for name, text in {
        "Chart.yaml": CHART,
        "values.yaml": VALUES,
        "templates/all.yaml": TEMPLATE,
        "charts/part/Chart.yaml": "apiVersion: v2\nname: part\nversion: 0.0.1\n",
        "charts/part/values.yaml": "size: 1\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"replicas": 2, "image": {"repository": "x"}},
        {"image": {"tag": "1"}},
        {"resources": {"requests": {"cpu": "1"}}},
        {"affinity": {"nodeAffinity": {}}},
        {"hidden": {"key": 1}},
        {"worker": {"extra": True, "enabled": None}},
        {"piece": {"size": 2}},
        {"global": {"anything": 1}},
        {"worker": None},
    ],
)
def test_a_value_that_the_chart_has_is_taken(values: dict[str, Any], chart: Path) -> None:
    assert unknown_values(values, chart) == []


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"replcas": 2}, ["replcas: the chart has no such value; did you mean replicas?"]),
        ({"quite": {"other": 1}}, ["quite: the chart has no such value"]),
        ({"worker": {"depth": {"zz": 1}}}, ["worker.depth.zz: the chart has no such value"]),
        ({"piece": {"sise": 2}}, ["piece.sise: the chart has no such value; did you mean size?"]),
        ({"part": {"size": 2}}, ["part: the chart has no such value"]),
        ({"worker": 3}, ["worker: 3 is no mapping"]),
    ],
)  # fmt: skip
def test_every_other_is_named(values: dict[str, Any], problems: list[str], chart: Path) -> None:
    assert unknown_values(values, chart) == problems


def test_all_of_them_are_told_at_once(chart: Path) -> None:
    values = {"one": 1, "image": {"two": 2}, "three": 3}
    assert [each.partition(":")[0] for each in unknown_values(values, chart)] == [
        "image.two", "one", "three",
    ]  # fmt: skip


def test_a_tree_of_known_values_judges_too() -> None:
    known: dict[str, Any] = {"a": {}, "b": {"c": {}}}
    assert unknown_to({"a": {"any": 1}, "b": {"c": [1]}}, known) == []
    assert unknown_to({"b": {"d": 1}, "e": 1}, known) == [
        "b.d: the chart has no such value",
        "e: the chart has no such value",
    ]
    assert unknown_to({"b": 1}, known) == ["b: 1 is no mapping"]
    assert unknown_to({"b": None}, known) == []
