"""Runtime specification of a container as the restricted level of Kubernetes would have it. Pure.

Numeric user, read-only root, no capability, no new privileges, and nothing to write to but
memory volumes at /tmp and /dev/shm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = 1000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MIB = 2**20
HIDDEN = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/proc/timer_list")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True)
class Container:
    """A container to run.

    Attributes:
        root: Its root file system.
        command: Program and arguments.
        env: Its whole environment.
        folder: Working directory.
        mounts: Files and folders of the machine that it may read, by their place in it.
        network: Network namespace to join, as a path; empty for one of its own.
        memory_mib: Size of each of its two volumes.
    """

    root: Path
    command: Sequence[str]
    env: Mapping[str, str]
    folder: str = "/"
    mounts: Mapping[str, Path] | None = None
    network: str = ""
    memory_mib: int = 512


def spec(container: Container) -> dict[str, Any]:
    """The ``config.json`` of a bundle."""
    network: dict[str, str] = {"type": "network"}
    if container.network:
        network["path"] = container.network
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": USER, "gid": USER},
            "args": list(container.command),
            "env": [f"{name}={value}" for name, value in container.env.items()],
            "cwd": container.folder,
            "capabilities": {
                kind: []
                for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")
            },
            "noNewPrivileges": True,
        },
        "root": {"path": str(container.root), "readonly": True},
        "hostname": "llmp",
        "mounts": _mounts(container),
        "linux": {
            "namespaces": [
                network,
                *({"type": kind} for kind in ("pid", "ipc", "uts", "mount")),
            ],
            "maskedPaths": list(HIDDEN),
            "readonlyPaths": list(READ_ONLY),
        },
    }


def environment(image: Mapping[str, Any]) -> dict[str, str]:
    """The environment that an image's configuration asks for."""
    pairs = (str(each).partition("=") for each in image.get("Env") or ())
    return {"PATH": PATH, **{name: value for name, _, value in pairs}}


def command(image: Mapping[str, Any], arguments: Sequence[str]) -> list[str]:
    """What runs: as in a pod, `arguments` replace what the image has by default."""
    entry: Sequence[str] = image.get("Entrypoint") or ()
    default: Sequence[str] = image.get("Cmd") or ()
    return [*entry, *(arguments or default)]


def _mounts(container: Container) -> list[dict[str, Any]]:
    size = f"size={container.memory_mib * MIB}"
    quiet = ["nosuid", "nodev"]
    writable = [
        {
            "destination": place,
            "type": "tmpfs",
            "source": "tmpfs",
            "options": [*quiet, "noexec", "mode=1777", size],
        }
        for place in ("/tmp", "/dev/shm")  # noqa: S108 - the pod's own volumes
    ]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        *writable,
        *(
            {
                "destination": place,
                "type": "bind",
                "source": str(source),
                "options": ["rbind", "ro", *quiet],
            }
            for place, source in (container.mounts or {}).items()
        ),
    ]
