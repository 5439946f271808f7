"""The programs that make and run images: found, or installed from Debian's packages."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from local.errors import LocalCloudError
from local.reporter import Reporter
from local.toolchain import children

TO_BUILD = ("buildah", "mmdebstrap")
TO_TRY = ("buildah", "runc")
"""Programs by name; their Debian packages are called the same."""

INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")
UPDATE = ("apt-get", "update")
STEP = "programs"


def missing(names: Iterable[str]) -> list[str]:
    """Those of `names` that are not on PATH."""
    return [name for name in names if shutil.which(name) is None]


def require_root(what: str) -> None:
    """Refuse to begin what only root can do.

    Raises:
        LocalCloudError: This is not root.
    """
    if os.geteuid() != 0:
        raise LocalCloudError(
            f"{what} needs root: it mounts file systems and changes the owners of files.",
            "Run the same command as root, such as with sudo -E.",
        )


def ensure(names: Sequence[str], reporter: Reporter, *, install: bool) -> None:
    """See that programs are there.

    Args:
        names: Programs.
        reporter: Told about what is installed.
        install: Whether what is missing may be installed; only root can.

    Raises:
        LocalCloudError: Something is missing and not installed; says the command that does.
    """
    lacks = missing(names)
    if not lacks:
        return
    command = " ".join([*INSTALL, *lacks])
    what = f"Not on PATH: {', '.join(lacks)}."
    if shutil.which("apt-get") is None:
        raise LocalCloudError(what, "Install them from your distribution's packages of that name.")
    if not install or os.geteuid() != 0:
        raise LocalCloudError(what, f"Install them as root: {command}")
    install_packages(lacks, reporter)
    still = missing(names)
    if still:
        raise LocalCloudError(
            f"Installed, but not on PATH: {', '.join(still)}.",
            "Add /usr/sbin and /usr/bin to PATH.",
        )


def install_packages(names: Sequence[str], reporter: Reporter) -> None:
    """Install Debian packages.

    Raises:
        LocalCloudError: This is not root, or apt-get fails.
    """
    require_root("Installing packages")
    # A fresh machine has no list of packages yet.
    for words in (UPDATE, (*INSTALL, *names)):
        reporter.started(" ".join(words))
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        ended = run(words, env, reporter, STEP)
        if ended.code != 0:
            raise LocalCloudError(
                f"{' '.join(words)} ended with code {ended.code}.",
                "Mend what it complains about, then run the same command again.",
                ended.tail,
            )


def run(
    command: Sequence[str],
    env: dict[str, str],
    reporter: Reporter,
    step: str,
    *,
    telling: str = "",
) -> children.Ended:
    """Run a program to its end, and say that it goes on.

    Args:
        command: Program and arguments.
        env: Its whole environment.
        reporter: Told about it.
        step: The reporter's step.
        telling: How lines on its standard error begin that say what it does now; they are passed
            on. Empty: it says nothing, and every few seconds it is told that it runs.
    """

    def tell(line: str) -> None:
        if telling and line.startswith(telling) and "/" not in line:
            reporter.note(step, line.removeprefix(telling))

    def tick(seconds: float) -> None:
        if not telling:
            reporter.note(step, f"{command[0]} runs ({seconds:.0f} s)")

    return children.run(command, folder=Path("/"), env=env, on_line=tell, on_tick=tick)
