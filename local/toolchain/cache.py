"""The cache of tools: what is kept, and how it is known to be whole.

Layout: ``TOOLCHAIN/NAME/VERSION/KEY/{NAME,record.json}``, with one lock per NAME. KEY says how
the program was made (an official release, or a build with a digest of its sources), so two
checkouts with different pins do not fight over one entry.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.paths import cache_folder

_WORK = ".work-"


@dataclass(frozen=True)
class Record:
    """What is known about a cached program.

    Attributes:
        sha256: Its checksum, taken when it was made.
        origin: How it was made, in words.
        seen: Modification time (ns), size and inode of the file when its checksum was last
            found right: as long as these stay, the file is not read again.
    """

    sha256: str
    origin: str
    seen: tuple[int, int, int]


@dataclass(frozen=True)
class Entry:
    """A place in the cache for one tool of one version, made in one way."""

    folder: Path
    name: str

    @property
    def program(self) -> Path:
        """The program itself."""
        return self.folder / self.name

    @property
    def record_file(self) -> Path:
        """What is known about it."""
        return self.folder / "record.json"

    def is_known_good(self) -> bool:
        """Whether the program is the file whose checksum was right before; reads no content."""
        record = self.record()
        return record is not None and record.seen == _seen(self.program)

    def damage(self) -> str:
        """What is wrong with the entry, in words; empty when it is whole.

        Reads the program if its file has changed since the last time. Call it under the lock.
        """
        record, seen = self.record(), _seen(self.program)
        if seen is None:
            return "the program is gone"
        if record is None:
            return "its checksum is gone"
        if record.seen != seen:
            if sha256(self.program) != record.sha256:
                return "its checksum is wrong"
            self._write(Record(record.sha256, record.origin, seen))
        return "" if os.access(self.program, os.X_OK) else "it is not executable"

    def exists(self) -> bool:
        """Whether anything was ever put here."""
        return self.program.exists() or self.record_file.exists()

    def record(self) -> Record | None:
        """What is known about the program; None without a readable record."""
        try:
            known: dict[str, Any] = json.loads(self.record_file.read_text(encoding="utf-8"))
            mtime, size, inode = (int(part) for part in known["seen"])
            return Record(str(known["sha256"]), str(known["origin"]), (mtime, size, inode))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, made: Path, origin: str) -> None:
        """Move the finished program `made`, on the same file system, into this entry.

        The record is written first: whenever this is interrupted, the entry is either the old
        one, or one whose checksum is wrong and that is made again.
        """
        made.chmod(0o755)
        with made.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        seen = _seen(made)
        if seen is None:
            raise FileNotFoundError(made)
        self._write(Record(checksum, origin, seen))
        made.replace(self.program)
        _sync_folder(self.folder)

    def _write(self, record: Record) -> None:
        text = json.dumps(
            {"sha256": record.sha256, "origin": record.origin, "seen": list(record.seen)}
        )
        fresh = self.folder / f"record.json.{os.getpid()}"
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.record_file)
        finally:
            fresh.unlink(missing_ok=True)


def toolchain_folder() -> Path:
    """Root of the cached tools; absolute, since Go runs in a folder of its own."""
    return cache_folder().absolute() / "toolchain"


def entry(name: str, version: str, key: str) -> Entry:
    """The place of a tool; nothing is made on disk."""
    return Entry(toolchain_folder() / name / version / key, name)


@contextmanager
def work_folder(place: Entry) -> Generator[Path]:
    """A folder beside `place`'s program for half-made things; removed at the end.

    What killed processes left in such folders is removed first. Call it under the tool's lock.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    for left in place.folder.parents[1].glob(f"*/*/{_WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in place.folder.glob("record.json.*"):
        left.unlink(missing_ok=True)
    folder = place.folder / f"{_WORK}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sha256(path: Path) -> str:
    """SHA-256 of a file as lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seen(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
