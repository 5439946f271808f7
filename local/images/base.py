"""The images that ours are built on where no registry is reachable, made of Debian's packages.

There are two, of one release of Debian, so that both have the same Python: one that runs, and
one with what a build needs besides. They stand for the slim and the full public Python image.
"""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.images import programs
from local.images.store import BASE_LABEL, LOCAL, Store
from local.reporter import Reporter
from local.toolchain import disk

RELEASE = "bookworm"
REPOSITORY = "llm-platform/base"
ROOM_MIB = 1024
"""What making both bases takes for a while."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_RUN = (
    "ca-certificates",
    "libpython3.11",
    "libpython3.11-stdlib",
    "libstdc++6",
    "python3-minimal",
    # Instead of usrmerge, which brings the whole of Perl.
    "usr-is-merged",
)
_BUILD = (*_RUN, "binutils", "libgomp1", "python3-venv")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
_KEPT = ("/usr/share/doc/*/copyright",)
_HOOKS = Path("/usr/share/mmdebstrap/hooks/merged-usr")


@dataclass(frozen=True)
class Base:
    """A base image.

    Attributes:
        name: ``run`` or ``build``.
        packages: What Debian's essential packages are completed by.
    """

    name: str
    packages: tuple[str, ...]

    @property
    def reference(self) -> str:
        """Name and tag; the tag changes with the recipe."""
        digest = hashlib.sha256("\0".join(recipe(self, Path("base.tar"))).encode()).hexdigest()
        return f"{REPOSITORY}-{self.name}:{RELEASE}-{digest[:12]}"


RUN = Base("run", _RUN)
BUILD = Base("build", _BUILD)


def recipe(base: Base, tar: Path) -> list[str]:
    """The command that writes the file system of a base into the file `tar`."""
    return [
        "mmdebstrap",
        "--variant=essential",
        f"--include={','.join(base.packages)}",
        *(f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT),
        *(f"--dpkgopt=path-include={path}" for path in _KEPT),
        f"--hook-dir={_HOOKS}",
        RELEASE,
        str(tar),
    ]


def ensure(store: Store, reporter: Reporter, *, refresh: bool = False) -> tuple[str, str]:
    """See that both bases are in the store.

    Args:
        store: Where they are kept.
        reporter: Told about each that has to be made; that takes a minute.
        refresh: Make them anew, with the packages that Debian has now.

    Returns:
        References of the base that runs, and of the one that builds.

    Raises:
        LocalCloudError: One could not be made.
    """
    with store.alone(reporter, "base images"):
        there = {each.reference for each in store.images()}
        for base in (RUN, BUILD):
            if refresh or base.reference not in there:
                _make(base, store, reporter)
    return LOCAL + RUN.reference, LOCAL + BUILD.reference


def _make(base: Base, store: Store, reporter: Reporter) -> None:
    step = f"base image to {base.name}"
    began = time.monotonic()
    reporter.started(f"{step}, from Debian {RELEASE}")
    disk.require_space(store.folder, ROOM_MIB)
    env = store.environment()
    tar = Path(env["TMPDIR"]) / f"base-{base.name}-{os.getpid()}.tar"
    try:
        ended = programs.run(recipe(base, tar), env, reporter, step, telling="I: ")
        if ended.code != 0:
            raise LocalCloudError(
                f"The {step} could not be made.",
                "Debian's packages must be reachable, as for apt-get update. Other distributions "
                "need the package debian-archive-keyring to trust them.",
                ended.tail,
            )
        _import(base, tar, store)
    except BaseException:
        reporter.failed(step, "not made")
        raise
    finally:
        tar.unlink(missing_ok=True)
    size = store.inspect(LOCAL + base.reference).size
    reporter.finished(step, f"{size / 1e6:.0f} MB", time.monotonic() - began)


def _import(base: Base, tar: Path, store: Store) -> None:
    container = store.ask("from", "scratch")
    try:
        store.ask("add", "--quiet", container, str(tar), "/")
        store.ask(
            "config", "--env", f"PATH={PATH}", "--label", f"{BASE_LABEL}={base.name}", container
        )
        store.ask("commit", "--quiet", container, base.reference)
    finally:
        store.ask("rm", container)
