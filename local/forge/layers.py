"""A layer of an image as a tar file: the same content gives the same bytes. Pure but for files."""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

EPOCH = 0
"""Time of every file: a layer depends on nothing but its content."""
BINDS_LOW_PORTS = "\x01\x00\x00\x02\x00\x04" + "\x00" * 14
"""What ``setcap cap_net_bind_service=+ep`` writes: version 2, effective, bit 10 permitted."""
_CAPABILITY = "SCHILY.xattr.security.capability"


@dataclass(frozen=True)
class Layer:
    """A finished layer.

    Attributes:
        file: Its tar, not compressed.
        diff_id: ``sha256:…`` of that.
    """

    file: Path
    diff_id: str


class LayerWriter:
    """Writes files into a layer, with the folders that they need.

    Args:
        file: Where the tar goes; opened for writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self._folders: set[str] = set()

    def folder(self, place: str, mode: int = 0o755) -> None:
        """A folder, and those above it."""
        path = PurePosixPath(place.strip("/"))
        for above in reversed(path.parents):
            if above.parts:
                self._folder(above, 0o755)
        self._folder(path, mode)

    def text(self, place: str, text: str, mode: int = 0o644) -> None:
        """A file with a text in it."""
        content = text.encode()
        info = self._info(place, mode)
        info.size = len(content)
        self._tar.addfile(info, io.BytesIO(content))

    def link(self, place: str, target: str) -> None:
        """A symbolic link."""
        info = self._info(place, 0o777)
        info.type = tarfile.SYMTYPE
        info.linkname = target
        self._tar.addfile(info)

    def copy(self, source: Path, place: str, mode: int, *, binds_low_ports: bool = False) -> None:
        """A file of this machine."""
        info = self._info(place, mode)
        info.size = source.stat().st_size
        if binds_low_ports:
            info.pax_headers = {_CAPABILITY: BINDS_LOW_PORTS}
        with source.open("rb") as file:
            self._tar.addfile(info, file)

    def tree(self, source: Path, place: str) -> None:
        """A folder of this machine with everything in it, in the order of names."""
        self.folder(place)
        for path in sorted(source.rglob("*")):
            inside = f"{place}/{path.relative_to(source)}"
            if path.is_symlink():
                self.link(inside, str(path.readlink()))
            elif path.is_dir():
                self.folder(inside)
            else:
                self.copy(path, inside, 0o755 if path.stat().st_mode & 0o100 else 0o644)

    def close(self) -> None:
        """Write the end; to be called once, last."""
        self._tar.close()

    def _info(self, place: str, mode: int) -> tarfile.TarInfo:
        path = PurePosixPath(place.strip("/"))
        if path.parent.parts:
            self.folder(str(path.parent))
        info = tarfile.TarInfo(str(path))
        info.mode = mode
        info.mtime = EPOCH
        return info

    def _folder(self, path: PurePosixPath, mode: int) -> None:
        name = str(path)
        if name in self._folders:
            return
        self._folders.add(name)
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE
        info.mode = mode
        info.mtime = EPOCH
        self._tar.addfile(info)


def finished(file: Path) -> Layer:
    """The layer of a tar that has been written."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Layer(file, f"sha256:{digest}")
