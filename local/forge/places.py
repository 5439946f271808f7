"""Where the forge keeps what it makes: below the cache folder, by a digest of how it is made.

``forge/programs`` holds compiled programs, ``forge/parts`` what comes out of packages,
``forge/images`` finished images. Removing the folder removes all of it; it is made again.
"""

import hashlib
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.paths import cache_folder
from local.toolchain.cache import Entry

DIGITS = 16
"""Digits of a digest in a name."""
KEPT = 2
"""Archives of an image that are kept: the newest, and the one before."""


def root() -> Path:
    """Folder of everything that the forge makes; absolute, since Go runs in a folder of its own."""
    return cache_folder().absolute() / "forge"


def digest(text: str) -> str:
    """The start of a text's SHA-256: the same text, the same place."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def entry(kind: str, name: str, version: str, text: str) -> Entry:
    """A place of one file that is made as `text` says; nothing is made on disk."""
    return Entry(root() / kind / name / version / digest(text), name)


def folder(kind: str, name: str, text: str) -> Path:
    """A folder of what is made as `text` says; nothing is made on disk."""
    return root() / kind / name / digest(text)


def archive(name: str, text: str) -> Path:
    """The file of an image: `name` is its full name, `text` says how it is made."""
    return root() / "images" / f"{_slug(name)}-{digest(text)}.tar"


def forget_older(name: str) -> None:
    """Remove archives of an image but for the newest ones, made by whatever recipe."""
    own = re.compile(rf"{re.escape(_slug(name))}-[0-9a-f]{{{DIGITS}}}\.tar")
    files = [file for file in (root() / "images").iterdir() if own.fullmatch(file.name)]
    for file in sorted(files, key=lambda each: each.stat().st_mtime, reverse=True)[KEPT:]:
        file.unlink(missing_ok=True)


@contextmanager
def work(folder: Path) -> Generator[Path]:
    """A folder for half-made things, empty at first and gone afterwards.

    Call it under the lock of what is made: what a killed process left there is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)
