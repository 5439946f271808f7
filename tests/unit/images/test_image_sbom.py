import json
import re
from pathlib import Path

from local.images import sbom
from local.images.sbom import Component
from local.images.store import StoredImage

IMAGE = StoredImage("llm-platform/x:1.2", "ab" * 32, (1, 2), "2026-11-24T00:00:00Z", {})
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: C library
 of many lines

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
METADATA = """\
Metadata-Version: 2.1
Name: My_Package.X
Version: 1.0+local
License: MIT
Classifier: License :: OSI Approved :: Apache Software License

Name: not this one
"""


def test_debian_packages_are_those_that_are_installed() -> None:
    assert sbom.debian_packages(STATUS) == [
        Component(
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64", "libc6", "2.36-9+deb12u14"
        )
    ]  # fmt: skip


def test_a_distribution_is_named_as_the_index_names_it() -> None:
    found = sbom.distribution(METADATA)
    assert found == Component(
        "pkg:pypi/my-package-x@1.0%2Blocal", "My_Package.X", "1.0+local", "MIT"
    )
    text = METADATA.replace("License: MIT", "License: Copyright\n        all of it\n        here")
    assert sbom.distribution(text).license == "Apache Software License"
    stated = METADATA.replace("License: MIT", "License-Expression: MIT AND BSD-3-Clause")
    assert sbom.distribution(stated).license == "MIT AND BSD-3-Clause"


def test_a_document_lists_every_component_once_and_is_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    for place in ("opt/venv/a-1.dist-info", "usr/lib/python3/a-1.dist-info", "opt/t/c.egg"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "METADATA").write_text(METADATA)
    found = sbom.components(tmp_path)
    assert [each.name for each in found] == ["libc6", "My_Package.X"]
    text = sbom.render(sbom.document(IMAGE, found))
    assert text == sbom.render(sbom.document(IMAGE, list(reversed(found))))
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])
    assert document["metadata"]["component"]["name"] == "llm-platform/x"
    assert document["metadata"]["component"]["version"] == "1.2"
    references = [each["bom-ref"] for each in document["components"]]
    assert len(references) == len(set(references)) == 2
    assert "licenses" not in document["components"][0]
    assert document["components"][1]["licenses"] == [{"license": {"name": "MIT"}}]
