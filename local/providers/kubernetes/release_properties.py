"""Inputs and outputs of a release that is recorded. Pure."""

from collections.abc import Mapping
from typing import Any

from local.providers.kubernetes.helm_storage import RECORDED, Release
from local.providers.model import Properties

NOT_KEPT = frozenset({"values", "name", "namespace", "version"})
"""Inputs that Helm's record has a place for."""


def chart_of(inputs: Mapping[str, Any]) -> str:
    """Name of the chart; an OCI reference ends with it."""
    return str(inputs["chart"]).rstrip("/").rpartition("/")[2]


def other_inputs(inputs: Mapping[str, Any]) -> Properties:
    """Inputs that Helm's record has no place for."""
    return {
        key: value
        for key, value in inputs.items()
        if key not in NOT_KEPT and not key.startswith("__")
    }


def recorded_inputs(release: Release) -> Properties:
    """Inputs that would make a recorded release."""
    inputs: Properties = {
        **release.inputs,
        "name": release.name,
        "namespace": release.namespace,
        "version": release.version,
    }
    inputs.setdefault("chart", release.chart)
    if release.values:
        inputs["values"] = release.values
    return inputs


def recorded_outputs(release: Release) -> Properties:
    """Outputs of a recorded release beside its inputs."""
    return {
        "resourceNames": {},
        "status": {
            "appVersion": "",
            "chart": release.chart,
            "name": release.name,
            "namespace": release.namespace,
            "revision": release.revision,
            "status": "deployed",
            "version": release.version,
        },
        "description": release.inputs.get("description") or RECORDED,
    }
