"""What is noted beside Helm's own record of a release that was really installed.

Helm keeps chart and values. The inputs of the resource, and where the chart is from, are an
annotation of the Secret that holds the newest revision. It counts only as long as the values in
that revision are the ones that it was written for: what a person installs over it shows as a
difference.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from local.charts.model import Chart
from local.providers.kubernetes.helm_storage import Release
from local.providers.kubernetes.objects import annotations, labels
from local.providers.model import Properties

NOTE = "llm-platform.dev/release"

DEPLOYED = "deployed"


@dataclass(frozen=True)
class Note:
    """What Helm's record has no place for.

    Attributes:
        inputs: Inputs of the resource, the values that were asked for among them.
        installed: Digest of the values that were installed.
        version: Version of the chart that was installed.
        source: Where the chart is from, in words.
        substituted: What was installed in place of what was asked for; may be empty.
        left_out: What the real chart would have installed besides.
    """

    inputs: Properties
    installed: str
    version: str
    source: str
    substituted: str = ""
    left_out: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, inputs: Mapping[str, Any], chart: Chart) -> Self:
        """The note of a release with these inputs, installed from `chart`."""
        given = {key: value for key, value in inputs.items() if not key.startswith("__")}
        return cls(
            inputs=given,
            installed=digest(chart.values),
            version=chart.version,
            source=f"{chart.origin.value} {chart.source}",
            substituted=chart.substituted,
            left_out=list(chart.left_out),
        )

    def text(self) -> str:
        """As the annotation holds it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def read(cls, secret: Mapping[str, Any], release: Release) -> Self | None:
        """The note beside a record; None when there is none that fits it."""
        try:
            found = cls(**json.loads(str(annotations(secret).get(NOTE, ""))))
        except (ValueError, TypeError):
            return None
        fits = found.installed == digest(release.values) and found.version == release.version
        return found if fits else None

    @property
    def words(self) -> str:
        """Where the release is from, for people."""
        parts = [f"Installed by Helm from {self.source}"]
        if self.substituted:
            parts.append(f"in place of the chart that was asked for: {self.substituted}")
        parts += [f"without {each}" for each in self.left_out]
        return "; ".join(parts) + "."


def digest(values: Mapping[str, Any]) -> str:
    """Tells one set of values from another."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def status_of(secret: Mapping[str, Any]) -> str:
    """Helm's word for the state of the revision in a Secret."""
    return str(labels(secret).get("status", ""))


def inputs_of(release: Release, note: Note | None, recorded: Mapping[str, Any]) -> Properties:
    """Inputs that would make this release.

    Args:
        release: Helm's record.
        note: The note beside it, if there is one.
        recorded: Inputs as the engine has them; they fill in what Helm does not keep.
    """
    if note is not None:
        return dict(note.inputs)
    kept = {key: value for key, value in recorded.items() if not key.startswith("__")}
    inputs: Properties = {
        "chart": release.chart,
        **kept,
        "name": release.name,
        "namespace": release.namespace,
        "version": release.version,
        "values": release.values,
    }
    return inputs


def outputs_of(release: Release, note: Note | None, status: str) -> Properties:
    """Outputs beside the inputs."""
    return {
        "resourceNames": {},
        "status": {
            "appVersion": "",
            "chart": release.chart,
            "name": release.name,
            "namespace": release.namespace,
            "revision": release.revision,
            "status": status,
            "version": release.version,
        },
        "description": note.words if note else "Installed by Helm.",
    }
