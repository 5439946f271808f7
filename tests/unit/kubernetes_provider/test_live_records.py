"""What is noted beside Helm's record of a real release, and when it counts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from local.charts.model import Chart, Origin
from local.providers.kubernetes.helm_options import (
    failure,
    named,
    of_upgrades,
    options_of,
    seconds_of,
    wanted_of,
)
from local.providers.kubernetes.helm_storage import Release
from local.providers.kubernetes.live_records import NOTE, Note, inputs_of, outputs_of, status_of
from local.toolchain.children import Ended

CHART = Chart(
    name="vertical-pod-autoscaler",
    asked="0.11.0",
    version="0.9.0",
    folder=Path("/charts/vpa"),
    origin=Origin.MODULE,
    source="example.com/vpa@v1",
    values={"a": 1},
    substituted="chart 0.9.0",
    left_out=("value b",),
)
INPUTS: dict[str, Any] = {
    "name": "vpa",
    "namespace": "vpa",
    "chart": "vertical-pod-autoscaler",
    "version": "0.11.0",
    "values": {"a": 1, "b": 2},
    "timeout": 600,
    "__defaults": [],
}
RELEASE = Release(
    "vpa", "vpa", 2, "vertical-pod-autoscaler", "0.9.0", {"a": 1}, {}, (), "then", "now"
)


def secret(text: str, status: str = "deployed") -> dict[str, Any]:
    return {"metadata": {"annotations": {NOTE: text}, "labels": {"status": status}}}


def test_a_note_brings_back_the_inputs_as_they_were_given() -> None:
    note = Note.of(INPUTS, CHART)
    read = Note.read(secret(note.text()), RELEASE)
    assert read == note
    found = inputs_of(RELEASE, read, {})
    assert found == {key: value for key, value in INPUTS.items() if key != "__defaults"}


def test_a_note_does_not_count_for_what_somebody_installed_over_it() -> None:
    text = Note.of(INPUTS, CHART).text()
    assert Note.read(secret(text), replace(RELEASE, values={"a": 2})) is None
    assert Note.read(secret(text), replace(RELEASE, version="0.10.0")) is None
    assert Note.read(secret("no JSON"), RELEASE) is None
    assert Note.read({"metadata": {}}, RELEASE) is None


def test_without_a_note_helm_s_record_and_the_engine_s_say_what_stands() -> None:
    other = replace(RELEASE, values={"a": 2})
    found = inputs_of(other, None, INPUTS)
    assert found["values"] == {"a": 2}
    assert found["version"] == "0.9.0"
    assert found["timeout"] == 600
    assert inputs_of(other, None, {})["chart"] == "vertical-pod-autoscaler"


def test_outputs_say_what_was_substituted_and_left_out() -> None:
    found = outputs_of(RELEASE, Note.of(INPUTS, CHART), "deployed")
    assert found["status"]["revision"] == 2
    assert found["status"]["version"] == "0.9.0"
    assert "in place of the chart that was asked for: chart 0.9.0" in found["description"]
    assert "without value b" in found["description"]
    assert status_of(secret("", "failed")) == "failed"


def test_options_are_those_of_the_inputs() -> None:
    assert options_of({"timeout": 90, "atomic": True}, 0) == [
        "--skip-crds", "--timeout", "90s", "--wait", "--atomic",
    ]  # fmt: skip
    assert options_of({"skipAwait": True, "atomic": True}, 30) == [
        "--skip-crds", "--timeout", "30s",
    ]  # fmt: skip
    assert "--no-hooks" in options_of({"disableWebhooks": True}, 0)
    assert of_upgrades({"maxHistory": 5, "cleanupOnFail": True}) == [
        "--cleanup-on-fail", "--history-max", "5",
    ]  # fmt: skip
    assert named(INPUTS, "/chart") == ["vpa", "/chart", "--namespace", "vpa"]
    assert seconds_of({}, 0) == 300
    wanted = wanted_of({**INPUTS, "repositoryOpts": {"repo": "https://charts.example"}})
    assert (wanted.name, wanted.repository) == (
        "vertical-pod-autoscaler",
        "https://charts.example",
    )


def test_a_failure_names_what_helm_said_and_what_pods_lacked() -> None:
    ended = Ended(1, "", "WARNING: old\nError: INSTALLATION FAILED: timed out\n")
    text = failure("was taken back", ended, ["pod a has no node"])
    assert text == "the release was taken back: INSTALLATION FAILED: timed out; pod a has no node"
    assert failure("failed", Ended(3, "", ""), []) == "the release failed: helm ended with 3"
