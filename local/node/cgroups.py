"""The cgroups of a node: a root of its own in every hierarchy, removed when nothing runs."""

import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "llmp-"
SECONDS = 5.0
POLL_SECONDS = 0.05


def hierarchies() -> list[Path]:
    """Mount points of all cgroup hierarchies: several with cgroup v1, one with v2."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return sorted(each for each in ROOT.iterdir() if each.is_dir() and not each.is_symlink())


def make(name: str) -> None:
    """Make the cgroup `name` at the root of every hierarchy; the kubelet wants to find it."""
    for each in hierarchies():
        _enable_controllers(each)
        (each / name).mkdir(exist_ok=True)
        _give_cpus(each, each / name)


def remove(name: str) -> list[Path]:
    """Remove the cgroup `name` with all below it; nothing may run there any more.

    Returns:
        What could not be removed: something runs in it.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        left = [each / name for each in hierarchies() if (each / name).exists()]
        left = [top for top in left if not _removed(top)]
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(POLL_SECONDS)


def _enable_controllers(parent: Path) -> None:
    """With cgroup v2 a child has the controllers that its parent passes on."""
    passed_on = parent / "cgroup.subtree_control"
    if parent != ROOT or not passed_on.exists():
        return
    there = set((parent / "cgroup.controllers").read_text().split())
    for controller in sorted(there - set(passed_on.read_text().split())):
        passed_on.write_text(f"+{controller}")


def _give_cpus(parent: Path, child: Path) -> None:
    """With cgroup v1 a new cpuset is empty, and no process may enter it."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = child / name
        if file.exists() and not file.read_text().strip():
            file.write_text((parent / name).read_text())


def _removed(top: Path) -> bool:
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # a process is still on its way out
            return False
    return True
