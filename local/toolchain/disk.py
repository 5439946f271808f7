"""A full disk, said so that somebody can do something about it."""

import errno
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalCloudError

MIB = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def full(folder: Path, needed_mib: int, hint: str = "") -> LocalCloudError:
    """The error of a full disk at `folder`, where about `needed_mib` MiB are needed."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free // MIB
    return LocalCloudError(
        f"The disk of {folder} is full: {free} MiB are free, about {needed_mib} MiB are needed.",
        hint or "Free some space, or set LLMP_CACHE to a folder on another disk, and try again.",
    )


@contextmanager
def told_when_full(folder: Path, needed_mib: int) -> Generator[None]:
    """Turn the operating system's word for a full disk into `full`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise full(folder, needed_mib) from error
        raise


def require_space(folder: Path, needed_mib: int) -> None:
    """Refuse to begin what cannot end.

    Raises:
        LocalCloudError: Fewer than `needed_mib` MiB are free at `folder`, which must exist.
    """
    if shutil.disk_usage(folder).free < needed_mib * MIB:
        raise full(folder, needed_mib)


def says_full(output: str) -> bool:
    """Whether a program's error output is about a full disk."""
    return any(os.strerror(number) in output for number in _FULL) or (
        "no space left on device" in output.lower()
    )
