"""Helm's own record of a release: a Secret that the real `helm list` can read. Pure."""

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.providers.kubernetes.trees import mapping

RECORDED = "Recorded by the local stand-in, not rendered: no object of the chart was made."
INPUTS = "llm-platform.dev/inputs"
"""Annotation of the recorded chart: the inputs of the resource that Helm has no place for."""

CRDS = "llm-platform.dev/crds"
"""Annotation of the recorded chart: names of the CRDs that were installed for it."""


@dataclass(frozen=True)
class Release:
    """A release, as far as the stand-in keeps it.

    Attributes:
        name: Name of the release.
        namespace: Namespace of the release.
        revision: Counts up with every update, from 1.
        chart: Name of the chart, without repository.
        version: Version of the chart.
        values: The values that it was given.
        inputs: Other inputs of the resource.
        crds: CRDs that were installed for it.
        first: When it was first deployed, RFC 3339.
        last: When this revision was deployed, RFC 3339.
    """

    name: str
    namespace: str
    revision: int
    chart: str
    version: str
    values: dict[str, Any]
    inputs: dict[str, Any]
    crds: tuple[str, ...]
    first: str
    last: str


def secret_name(name: str, revision: int) -> str:
    """Name of the Secret that holds one revision."""
    return f"sh.helm.release.v1.{name}.v{revision}"


def to_secret(release: Release) -> dict[str, Any]:
    """The Secret of a revision."""
    document: dict[str, Any] = {
        "name": release.name,
        "namespace": release.namespace,
        "version": release.revision,
        "manifest": "",
        "config": release.values,
        "info": {
            "first_deployed": release.first,
            "last_deployed": release.last,
            "deleted": "",
            "description": RECORDED,
            "status": "deployed",
        },
        "chart": {
            "metadata": {
                "apiVersion": "v2",
                "name": release.chart,
                "version": release.version,
                "annotations": {
                    INPUTS: json.dumps(release.inputs, sort_keys=True),
                    CRDS: ",".join(release.crds),
                },
            },
            "lock": None,
            "templates": [],
            "values": {},
            "schema": None,
            "files": None,
        },
    }
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode(), mtime=0))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": secret_name(release.name, release.revision),
            "namespace": release.namespace,
            "labels": {
                "name": release.name,
                "owner": "helm",
                "status": "deployed",
                "version": str(release.revision),
            },
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }


def from_secret(secret: Mapping[str, Any]) -> Release:
    """The revision that a Secret holds.

    Raises:
        ValueError: It is no record of a release.
    """
    document = document_of(secret)
    try:
        chart, info = document["chart"]["metadata"], document["info"]
        return _release(document, chart, info)
    except (KeyError, TypeError, ValueError) as error:
        raise _no_record(secret, error) from None


def document_of(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The whole of what Helm recorded of a revision.

    Raises:
        ValueError: It is no record of a release.
    """
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        return cast("dict[str, Any]", json.loads(gzip.decompress(packed)))
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error) as error:
        raise _no_record(secret, error) from None


def _no_record(secret: Mapping[str, Any], error: Exception) -> ValueError:
    name = mapping(secret.get("metadata")).get("name")
    return ValueError(f"Secret {name} is no record of a Helm release: {error!r}")


def _release(document: dict[str, Any], chart: dict[str, Any], info: dict[str, Any]) -> Release:
    notes = mapping(chart.get("annotations"))
    return Release(
        name=document["name"],
        namespace=document["namespace"],
        revision=int(document["version"]),
        chart=chart["name"],
        version=chart["version"],
        values=document.get("config") or {},
        inputs=json.loads(notes.get(INPUTS, "{}")),
        crds=tuple(name for name in str(notes.get(CRDS, "")).split(",") if name),
        first=info["first_deployed"],
        last=info["last_deployed"],
    )
