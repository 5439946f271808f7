"""A backup as a file: a gzipped tar archive whose members carry their own checksums.

`SHA256SUMS` is of the form that ``sha256sum --check`` reads and lists every other member, so a
damaged archive is told without this program too. The archive holds the state with its secrets
encrypted; the passphrase is in it only when that was asked for.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from local.errors import LocalCloudError

FORMAT = 1
MANIFEST = "manifest.json"
DEPLOYMENT = "deployment.json"
STACK_FILE = "stack.yaml"
BEFORE = "before.json"
PASSPHRASE = "passphrase"  # noqa: S105  # name of a member
DAMAGED = "damaged-state"
SUMS = "SHA256SUMS"
MEMBERS = frozenset({MANIFEST, DEPLOYMENT, STACK_FILE, BEFORE, PASSPHRASE, DAMAGED, SUMS})
BIGGEST = 512 * 1024 * 1024
"""Bytes of one member that are read at most."""


@dataclass(frozen=True)
class Manifest:
    """What is in a backup, and where it belongs.

    Attributes:
        project: Name of the Pulumi project.
        stack: Name of the stack.
        cloud: Identity of what the state describes: ``emulated ID`` of a local cloud, or
            ``backend DIGEST`` of the backend that a stack in AWS is kept in.
        created: When it was made, ISO 8601 with zone.
        reason: Why: ``asked for``, ``before restore`` or ``before import``.
        resources: Number of resources in the state.
        pending: Number of operations that a killed run left open.
        readable: False when the engine could not read the state; then its raw bytes are kept.
        passphrase: Whether the passphrase is in the archive.
        versions: Versions that wrote it: ``llm-platform``, ``pulumi``, ``python``.
    """

    project: str
    stack: str
    cloud: str
    created: str
    reason: str
    resources: int
    pending: int
    readable: bool
    passphrase: bool
    versions: Mapping[str, str]

    def as_json(self) -> bytes:
        """The manifest as it stands in the archive."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a manifest.

        Raises:
            ValueError: It is none, or of another format.
        """
        data: Any = json.loads(text)
        if not isinstance(data, dict):
            raise TypeError("the manifest is no mapping")
        values = cast("dict[str, Any]", data)
        form = values.pop("format", None)
        if form != FORMAT:
            raise ValueError(f"its format is {form!r}, this version reads {FORMAT}")
        return cls(**values)


@dataclass(frozen=True)
class Archive:
    """A backup that was read and whose checksums hold.

    Attributes:
        path: The file.
        manifest: What it says about itself.
        members: Content by name.
    """

    path: Path
    manifest: Manifest
    members: Mapping[str, bytes]

    def deployment(self) -> dict[str, Any]:
        """The state, a document of the form of ``pulumi stack export``.

        Raises:
            LocalCloudError: The backup is of a state that the engine could not read.
        """
        if DEPLOYMENT not in self.members:
            raise LocalCloudError(
                f"{self.path} holds a state that the engine could not read: its raw bytes only.",
                "Use another backup; llmp state list shows them.",
            )
        return cast("dict[str, Any]", json.loads(self.members[DEPLOYMENT]))


def write(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Write a backup, whole or not at all, readable by its owner only (0600).

    Args:
        path: The file, in a folder that exists; never overwritten.
        manifest: What it says about itself.
        members: Content by name, without manifest and checksums.

    Raises:
        FileExistsError: `path` is there already.
    """
    content = {MANIFEST: manifest.as_json(), **members}
    content[SUMS] = _sums(content)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as tar:
            for name, data in content.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o600
                tar.addfile(entry, io.BytesIO(data))
        # unlike a rename, a link does not replace what is there
        os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read(path: Path) -> Archive:
    """Read a backup and hold every member against its checksum.

    Raises:
        LocalCloudError: It is not there, no backup, of another format, or damaged.
    """
    try:
        members = _members(path)
        _compare(members)
        manifest = Manifest.from_json(members[MANIFEST])
    except FileNotFoundError:
        raise LocalCloudError(
            f"There is no backup {path}.", "llmp state list shows the backups of a stack."
        ) from None
    except (
        OSError, EOFError, ValueError, TypeError, KeyError, tarfile.TarError, zlib.error,
        gzip.BadGzipFile,
    ) as error:  # fmt: skip
        raise LocalCloudError(
            f"{path} is no whole backup: {error}",
            "Nothing was changed. Use another one; llmp state list shows them.",
        ) from None
    return Archive(path, manifest, members)


def _members(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    # unpacked whole, so that gzip's own checksum is looked at too
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as tar:
        for entry in tar:
            if entry.name not in MEMBERS or entry.name in found or not entry.isfile():
                raise ValueError(f"{entry.name!r} does not belong in a backup")
            if entry.size > BIGGEST:
                raise ValueError(f"{entry.name} has {entry.size} bytes")
            stream = tar.extractfile(entry)
            found[entry.name] = stream.read() if stream else b""
    for name in (SUMS, MANIFEST):
        if name not in found:
            raise ValueError(f"{name} is missing")
    return found


def _sums(content: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in content.items()]
    return "".join(lines).encode()


def _compare(members: Mapping[str, bytes]) -> None:
    listed = {
        line[66:]: line[:64] for line in members[SUMS].decode(errors="replace").splitlines() if line
    }
    content = {name: data for name, data in members.items() if name != SUMS}
    if set(listed) != set(content):
        raise ValueError(f"{SUMS} lists other members than the archive has")
    for name, data in content.items():
        if hashlib.sha256(data).hexdigest() != listed[name]:
            raise ValueError(f"the checksum of {name} does not hold")
