"""What a machine must have before anything can be set up, all told at once."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalCloudError

DEBIAN = "sudo apt-get install -y"
FEDORA = "sudo dnf install -y"


def require(*, venv: bool) -> None:
    """Check this machine.

    Args:
        venv: Whether a private environment for uv will have to be made.

    Raises:
        LocalCloudError: Something is missing; names everything, and how to install it.
    """
    lacks = missing(
        system=sys.platform,
        home=os.environ.get("HOME", ""),
        programs={name: shutil.which(name) is not None for name in ("git", "make")},
        modules={name: importlib.util.find_spec(name) is not None for name in ("ensurepip", "venv")}
        if venv
        else {},
    )
    if lacks:
        raise LocalCloudError(
            "This machine is not ready:",
            install_hint(lacks),
            "\n".join(f"  - {text}" for text in lacks.values()),
        )


def missing(
    *, system: str, home: str, programs: Mapping[str, bool], modules: Mapping[str, bool]
) -> dict[str, str]:
    """What is missing, in words, by the name of what would have to be installed or set.

    Args:
        system: `sys.platform`.
        home: Value of HOME; empty when it is not set.
        programs: Programs that are needed, and whether each is on PATH.
        modules: Parts of Python that distributions package apart, and whether each is there.
    """
    lacks: dict[str, str] = {}
    if system != "linux":
        lacks["linux"] = f"Linux is needed; this is {system}"
    if not home:
        lacks["HOME"] = "HOME is not set: caches and state are kept below it"
    elif not Path(home).is_dir():
        lacks["HOME"] = f"HOME is {home}, which is not a folder"
    for name, there in programs.items():
        if not there:
            lacks[name] = f"{name} is not on PATH"
    absent = [name for name, there in modules.items() if not there]
    if absent:
        lacks["venv"] = f"this Python ({sys.executable}) lacks {' and '.join(absent)}"
    return lacks


def install_hint(lacks: Mapping[str, str]) -> str:
    """The commands that install what `missing` found, for the two families of distributions."""
    programs = [name for name in ("git", "make") if name in lacks]
    debian = [*programs, *(["python3-venv"] if "venv" in lacks else [])]
    fedora = [*programs, *(["python3-libs"] if "venv" in lacks else [])]
    lines = ["Then run the same command again."]
    if debian:
        lines = [
            f"  Debian, Ubuntu:  {DEBIAN} {' '.join(debian)}",
            f"  Fedora:          {FEDORA} {' '.join(fedora)}",
            *lines,
        ]
    return "\n".join(lines)
