"""Folders of clouds: making, putting aside, removing; and whether the disk has room for them."""

import errno
import json
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.cluster.processes import LOGS_FOLDER
from local.errors import LocalCloudError

ENGINE_FOLDER = "engine"
LOST_PREFIX = "lost-"
LOST_KEPT = 2
FAILED_START = "failed-start"
SPACE_NEEDED = 400 * 1024 * 1024
"""Bytes: etcd alone reserves 64 MiB per log file; CRDs, logs and state come on top."""
WORTHLESS = ("etcd", "pki", "tmp", "node", "kubelet", "volumes")
"""Parts of a lost cloud that nobody can use any more."""


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, with its parents."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def check_space(folder: Path) -> None:
    """Refuse to begin on a disk that is nearly full.

    Raises:
        LocalCloudError: Less than `SPACE_NEEDED` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < SPACE_NEEDED:
        raise LocalCloudError(
            f"the disk that holds {folder} has {_mib(free)} MiB free, "
            f"a local cloud needs {_mib(SPACE_NEEDED)} MiB",
            "free some space, or set LLMP_STATE to a folder on another disk",
        )


@contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Turn a full or unwritable disk into an error for people."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise LocalCloudError(
                f"no space left on the disk that holds {folder}",
                "free some space, or set LLMP_STATE to a folder on another disk",
                str(error),
            ) from error
        if error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
            raise LocalCloudError(
                f"the local cloud's folder cannot be written: {folder}",
                "give yourself access to it, or set LLMP_STATE to a folder of yours",
                str(error),
            ) from error
        raise


def put_aside(folder: Path) -> Path:
    """Move a dead cloud's folder to ``lost-TIME`` beside it; the newest `LOST_KEPT` stay."""
    for part in WORTHLESS:
        shutil.rmtree(folder / part, ignore_errors=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = folder.with_name(LOST_PREFIX + stamp)
    number = 1
    while target.exists():
        number += 1
        target = folder.with_name(f"{LOST_PREFIX}{stamp}-{number}")
    folder.rename(target)
    older = sorted(folder.parent.glob(f"{LOST_PREFIX}*"), key=lambda each: each.stat().st_ctime_ns)
    for each in older[:-LOST_KEPT]:
        shutil.rmtree(each)
    return target


def discard(folder: Path) -> None:
    """Remove the folder of a cloud that was never handed out; nothing of it may run."""
    if folder.exists():
        shutil.rmtree(folder)


def keep_logs(folder: Path) -> Path:
    """Move the logs of a failed start out of `folder`; returns where they are now."""
    target = folder.with_name(FAILED_START)
    shutil.rmtree(target, ignore_errors=True)
    (folder / LOGS_FOLDER).rename(target)
    return target


def engine_is_empty(engine: Path) -> bool:
    """Whether no Pulumi stack in the engine's folder has a resource in its state."""
    return all(_has_nothing(path) for path in engine.glob("**/.pulumi/stacks/**/*.json"))


def _has_nothing(checkpoint: Path) -> bool:
    try:
        content: dict[str, Any] = json.loads(checkpoint.read_text())
        latest: dict[str, Any] = content["checkpoint"]["latest"] or {}
    except (OSError, ValueError, KeyError, TypeError):
        return False  # what cannot be read may hold something
    return not latest.get("resources") and not latest.get("pending_operations")


def _mib(size: int) -> int:
    return size // (1024 * 1024)
