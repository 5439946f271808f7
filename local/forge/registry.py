"""Pulling an image where its registry answers; saying so once where it does not."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import LocalCloudError
from local.forge.naming import Name
from local.images.store import Store
from local.reporter import Reporter

PROBE_SECONDS = 5
"""How long a registry may take to accept a connection."""
PULL_SECONDS = 1800
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Variables that name what stands between this machine and registries: it is not looked past."""
ABSENT = re.compile(
    r"manifest unknown|not found|name unknown|repository does not exist|"
    r"requested access to the resource is denied|unauthorized|denied:",
    re.IGNORECASE,
)
"""What registries say of an image that they have not, or not for everybody."""


class NoSuchImageError(LocalCloudError):
    """A registry has answered, and has no such image."""


@dataclass
class Registries:
    """What is known about registries so far; one object for one piece of work.

    Attributes:
        store: Where what is pulled goes.
        use: Whether registries are asked at all.
        reach: Looks whether one answers; see `reach`.
        silent: Registries that do not answer, with the reason.
    """

    store: Store
    use: bool = True
    reach: Callable[[str], str] = field(default_factory=lambda: reach)
    silent: dict[str, str] = field(default_factory=dict[str, str])

    def pull(self, name: Name, file: Path, reporter: Reporter) -> bool:
        """Pull an image and write its archive; False when its registry cannot be reached.

        Args:
            name: The image.
            file: Its archive, which is there whole afterwards, or not at all.
            reporter: Told that it goes on.

        Raises:
            NoSuchImageError: The registry has no such image.
        """
        if not self.use or name.registry in self.silent or shutil.which("buildah") is None:
            return False
        why_not = self.reach(name.registry)
        if not why_not:
            reporter.note(name.full, "pulling")
            why_not = self._pull(name)
        if why_not:
            self.silent[name.registry] = why_not
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        export(self.store, name.full, name.full, file)
        return True

    def _pull(self, name: Name) -> str:
        """Bring an image into the store; returns why its registry did not give it, or nothing."""
        try:
            done = subprocess.run(
                self.store.command("pull", "--quiet", name.full),
                env=self.store.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PULL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"not done in {PULL_SECONDS} s"
        if done.returncode == 0:
            return ""
        said = done.stderr.strip()
        if ABSENT.search(said):
            raise NoSuchImageError(
                f"There is no image {name.full}.",
                "Its registry answers and does not have it, or not for everybody: correct the "
                "name, or log in (buildah login).",
                said[-500:],
            )
        return said.rpartition(": ")[2][:120]


def reach(registry: str) -> str:
    """Why a registry cannot be reached, or nothing; a network that drops packets costs seconds."""
    if any(os.environ.get(name) for name in PROXIES):
        return ""
    host, _, port = registry.partition(":")
    try:
        socket.create_connection((host, int(port or 443)), PROBE_SECONDS).close()
    except OSError as error:
        return str(error.strerror or error)
    return ""


def export(store: Store, reference: str, name: str, file: Path) -> None:
    """Write an image of the store into an archive under `name`, in one step."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        store.ask("push", "--quiet", reference, f"docker-archive:{fresh}:{name}")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
