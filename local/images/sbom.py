"""What an image is made of, as a CycloneDX document (specification 1.5, JSON).

Everything is read from the image itself: Python distributions by their metadata, Debian packages
from dpkg's own list. The same image gives the same document, byte by byte.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.images.store import StoredImage

SPECIFICATION = "1.5"
_NAMESPACE = uuid.UUID("5b2f4d0e-7f3a-5d0c-9a53-0d7c3a1c6f11")
_LICENSE = "License :: OSI Approved :: "
_LONGEST_NAME = 80
"""Some packages put the whole text of their licence where its name belongs."""


@dataclass(frozen=True, order=True)
class Component:
    """A package in an image.

    Attributes:
        purl: Package URL, which says what kind of package it is.
        name: Its name.
        version: Its version.
        license: SPDX expression or name of its licence; empty when it does not say.
    """

    purl: str
    name: str
    version: str
    license: str = ""


def document(image: StoredImage, components: Iterable[Component]) -> dict[str, Any]:
    """The CycloneDX document of an image."""
    name, _, version = image.reference.rpartition(":")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, image.id)}",
        "version": 1,
        "metadata": {
            "timestamp": image.created,
            "component": {
                "type": "container",
                "bom-ref": f"image:{image.id}",
                "name": name,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": image.id}],
            },
        },
        "components": [_entry(each) for each in sorted(set(components))],
    }


def render(found: Mapping[str, Any]) -> str:
    """A document as text."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def components(root: Path) -> list[Component]:
    """Everything installed in the file system at `root`, sorted."""
    status = root / "var/lib/dpkg/status"
    debian = debian_packages(status.read_text(encoding="utf-8")) if status.exists() else []
    # Not below /opt alone: the public Python image has pip in /usr/local.
    records = (each for place in ("opt", "usr") for each in (root / place).rglob("METADATA"))
    python = [
        distribution(each.read_text(encoding="utf-8", errors="replace"))
        for each in records
        if each.parent.name.endswith(".dist-info")
    ]
    return sorted({*debian, *python})


def debian_packages(status: str) -> list[Component]:
    """Installed packages in the text of dpkg's status file."""
    found: list[Component] = []
    for paragraph in status.split("\n\n"):
        fields = HeaderParser().parsestr(paragraph)
        if "installed" not in (fields.get("Status") or "").split()[-1:]:
            continue
        name, version = str(fields["Package"]), str(fields["Version"])
        where = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}"
        purl = f"{where}?arch={fields['Architecture']}"
        found.append(Component(purl, name, version))
    return found


def distribution(metadata: str) -> Component:
    """A Python distribution from the text of its METADATA file."""
    fields = HeaderParser().parsestr(metadata)
    name, version = str(fields["Name"]), str(fields["Version"])
    normal = re.sub(r"[-_.]+", "-", name).lower()
    stated = fields.get("License-Expression") or fields.get("License") or ""
    by_class = [
        each.removeprefix(_LICENSE)
        for each in fields.get_all("Classifier") or []
        if each.startswith(_LICENSE)
    ]
    lines = stated.strip().splitlines()
    short = lines[0] if len(lines) == 1 and len(lines[0]) <= _LONGEST_NAME else ""
    purl = f"pkg:pypi/{normal}@{quote(version, safe='')}"
    return Component(purl, name, version, short or " OR ".join(by_class))


def _entry(component: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.license:
        entry["licenses"] = [{"license": {"name": component.license}}]
    return entry
