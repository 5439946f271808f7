"""What a node needs of this machine, and the command that brings what is missing."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.images import programs
from local.node import cgroups
from local.node.configs import CNI_PROGRAMS
from local.node.plan import HIDDEN, PATH
from local.paths import REPOSITORY, cache_folder, state_folder

PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "iptables": "iptables",
    # for network policies
    "nft": "nftables",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    # for the images of this repository
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
}
"""Programs by name, each with the Debian package that has it."""
CNI_NAMES = ("ptp", "host-local", "portmap", "loopback")
CNI_PACKAGE = "containernetworking-plugins"
CONTROLLERS = ("cpu", "memory", "pids", "cpuset")
FREE_GIB_WANTED = 15
MEMORY_GIB_WANTED = 6
GIB = 2**30
TRIAL_SECONDS = 20

TRIAL = (
    "ip link add name b0 type bridge",
    "ip link add v0 type veth peer name v1",
    "iptables -t nat -A POSTROUTING -m comment --comment trial -j MASQUERADE",
    "iptables -A FORWARD -m conntrack --ctstate NEW -j ACCEPT",
    "iptables -t nat -A POSTROUTING -m statistic --mode random --probability 0.5 -j RETURN",
)
"""What the pods' network and kube-proxy do, tried in a network namespace that ends at once."""


@dataclass(frozen=True)
class Check:
    """One thing that a node needs.

    Attributes:
        what: What it is.
        found: What there is.
        wanted: What is wanted.
        good: Whether that is enough.
        package: The Debian package that brings it; empty when none does.
    """

    what: str
    found: str
    wanted: str
    good: bool
    package: str = ""


def checks() -> list[Check]:
    """Everything that a node needs of this machine, found or not."""
    return [*_system(), *_programs(), *_kernel(), *_folders()]


def packages(found: list[Check]) -> list[str]:
    """Debian packages that bring what is missing."""
    return sorted({each.package for each in found if not each.good and each.package})


def install_command(names: list[str]) -> str:
    """The command that installs packages, for people."""
    return f"apt-get update && {' '.join(programs.INSTALL)} {' '.join(names)}"


def require() -> None:
    """Refuse to begin what cannot work; quick, so nothing is tried.

    Raises:
        LocalCloudError: Something is missing; names all of it, and the command that installs it.
    """
    found = [*_system(), *_programs(), *_folders()]
    lacks = [each for each in found if not each.good]
    if not lacks:
        return
    names = packages(lacks)
    hint = f"Install it as root: {install_command(names)}" if names else "See llmp doctor --live."
    raise LocalCloudError(
        "this machine cannot run a node yet: "
        + "; ".join(f"{each.what}: {each.found}, wanted: {each.wanted}" for each in lacks),
        hint,
    )


def _system() -> Iterator[Check]:
    yield Check("system", platform.system(), "Linux", platform.system() == "Linux")
    user = os.geteuid()
    yield Check("user", "root" if user == 0 else f"user {user}", "root (sudo -E)", user == 0)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB
    yield Check(
        "memory", f"{memory:.0f} GiB", f"{MEMORY_GIB_WANTED} GiB", memory >= MEMORY_GIB_WANTED
    )


def _programs() -> Iterator[Check]:
    for name, package in PROGRAMS.items():
        path = shutil.which(name, path=PATH)
        yield Check(name, path or "not found", package, path is not None, package)
    lacks = [name for name in CNI_NAMES if not os.access(CNI_PROGRAMS / name, os.X_OK)]
    found = f"no {', '.join(lacks)}" if lacks else "all"
    yield Check(f"CNI in {CNI_PROGRAMS}", found, ", ".join(CNI_NAMES), not lacks, CNI_PACKAGE)


def _kernel() -> Iterator[Check]:
    there = _cgroup_controllers()
    lacks = [name for name in CONTROLLERS if name not in there]
    found = f"no {', '.join(lacks)}" if lacks else "all"
    yield Check("cgroup controllers", found, ", ".join(CONTROLLERS), not lacks)
    if os.geteuid() == 0 and not any(each.what in {"ip", "iptables"} for each in _missing()):
        wrong = _tried()
        yield Check("namespaces, bridge, NAT", wrong or "work", "work", not wrong)


def _missing() -> list[Check]:
    return [each for each in _programs() if not each.good]


def _cgroup_controllers() -> set[str]:
    mounted = cgroups.hierarchies()
    if mounted == [cgroups.ROOT]:
        return set((cgroups.ROOT / "cgroup.controllers").read_text().split())
    return {name for each in mounted for name in each.name.split(",")}


def _tried() -> str:
    """What of `TRIAL` the kernel refuses, in its own words; empty when nothing."""
    try:
        ended = subprocess.run(
            ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "sh", "-ec",
             "\n".join(TRIAL)],
            env={"PATH": PATH, "XTABLES_LOCKFILE": "/dev/null"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TRIAL_SECONDS,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if ended.returncode == 0 else ended.stderr.strip()[-300:] or "refused"


def _folders() -> Iterator[Check]:
    places = {"cache": cache_folder(), "state": state_folder(), "checkout": REPOSITORY}
    for name, folder in places.items():
        hidden = [each for each in HIDDEN if folder.resolve().is_relative_to(each)]
        found = f"{folder} is below {hidden[0]}" if hidden else str(folder)
        yield Check(f"place of {name}", found, f"not below {', '.join(HIDDEN)}", not hidden)
    cache = cache_folder()
    existing = next(each for each in (cache, *cache.parents) if each.exists())
    free = shutil.disk_usage(existing).free / GIB
    yield Check(
        "space", f"{free:.0f} GiB in {Path(existing)}", f"{FREE_GIB_WANTED} GiB",
        free >= FREE_GIB_WANTED,
    )  # fmt: skip
