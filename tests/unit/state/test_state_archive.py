"""The file of a backup: whole, private, and refused when anything about it is odd."""

import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from infra.state import archive
from infra.state.archive import Manifest
from local.errors import LocalCloudError

TOLD = Manifest(
    project="llm-platform",
    stack="local",
    cloud="emulated 1",
    created="2026-11-24T12:00:00+00:00",
    reason="asked for",
    resources=1,
    pending=0,
    readable=True,
    passphrase=False,
    versions={"pulumi": "3.259.0"},
)
MEMBERS = {archive.DEPLOYMENT: b'{"version": 3}', archive.STACK_FILE: b"config: {}\n"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "one.state.tar.gz"
    archive.write(made, TOLD, MEMBERS)
    return made


def rewritten(path: Path, content: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def test_what_was_written_is_read(path: Path) -> None:
    found = archive.read(path)

    assert found.manifest == TOLD
    assert found.deployment() == {"version": 3}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_usual_tool_can_check_it(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "xzf", path, "-C", folder], check=True)

    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]

    assert subprocess.run(command, cwd=folder, check=False).returncode == 0
    (folder / "deployment.json").write_text("{}")
    assert subprocess.run(command, cwd=folder, check=False).returncode == 1


def test_no_backup_is_overwritten(path: Path) -> None:
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        archive.write(path, replace(TOLD, stack="other"), MEMBERS)

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("where", ["start", "middle", "end", "cut", "empty"])
def test_a_damaged_file_is_told(path: Path, where: str) -> None:
    data = bytearray(path.read_bytes())
    places = {"start": 0, "middle": len(data) // 2, "end": len(data) - 5}
    if where in places:
        data[places[where]] ^= 0xFF
    path.write_bytes(data[:40] if where == "cut" else b"" if where == "empty" else data)

    with pytest.raises(LocalCloudError, match="no whole backup") as caught:
        archive.read(path)

    assert "llmp state list" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({archive.DEPLOYMENT: b"{}"}, "checksum of deployment.json"),
        ({"../evil": b"x"}, "does not belong"),
        ({archive.PASSPHRASE: b"x"}, "lists other members"),
        ({archive.MANIFEST: b"{}"}, "checksum of manifest.json"),
    ],
)
def test_a_changed_member_is_told(path: Path, change: dict[str, bytes], words: str) -> None:
    rewritten(path, {**archive.read(path).members, **change})

    with pytest.raises(LocalCloudError, match=words):
        archive.read(path)


@pytest.mark.parametrize("missing", [archive.SUMS, archive.MANIFEST])
def test_a_missing_member_is_told(path: Path, missing: str) -> None:
    members = {name: data for name, data in archive.read(path).members.items() if name != missing}
    rewritten(path, members)

    with pytest.raises(LocalCloudError, match=f"{missing} is missing"):
        archive.read(path)


def test_another_format_is_told(path: Path) -> None:
    text = TOLD.as_json().replace(b'"format": 1', b'"format": 2')

    with pytest.raises(ValueError, match="format is 2, this version reads 1"):
        Manifest.from_json(text)
    with pytest.raises(TypeError):
        Manifest.from_json(b"[]")
    with pytest.raises(LocalCloudError, match="There is no backup"):
        archive.read(path.with_name("other"))


def test_a_backup_of_an_unreadable_state_cannot_be_put_back(tmp_path: Path) -> None:
    path = tmp_path / "raw.state.tar.gz"
    archive.write(path, replace(TOLD, readable=False), {archive.DAMAGED: b"{"})

    with pytest.raises(LocalCloudError, match="could not read"):
        archive.read(path).deployment()
