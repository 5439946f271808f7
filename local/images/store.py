"""The store of images below the cache folder, reached by buildah."""

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import locks
from local.errors import LocalCloudError
from local.images.table import Origin
from local.paths import cache_folder
from local.reporter import Reporter

ORIGIN_LABEL = "io.llm-platform.origin"
BASE_LABEL = "io.llm-platform.base"
"""Label of the images that others are built on."""
LOCAL = "localhost/"
"""What buildah puts before the name of an image that no registry is named for."""
MB = 10**6
TRIAL = "try-"
"""Start of the names of folders for containers that are tried."""


@dataclass(frozen=True)
class StoredImage:
    """An image in the store.

    Attributes:
        reference: Name and tag, without `LOCAL`.
        id: Digest of its configuration.
        layers: Bytes of every layer as it is in the store, the lowest first.
        created: ISO time of its making; of what it was made of, where that was asked for.
        labels: Its labels.
    """

    reference: str
    id: str
    layers: tuple[int, ...]
    created: str
    labels: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of all layers; those of an image that was made here are not compressed."""
        return sum(self.layers)

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return Origin(self.labels.get(ORIGIN_LABEL, Origin.PULLED))


class Store:
    """buildah on a store of our own."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or cache_folder() / "images").absolute()

    @property
    def runc(self) -> Path:
        """Folder in which runc keeps what runs."""
        return self.folder / "runc"

    def command(self, *arguments: str) -> list[str]:
        """A command of buildah."""
        places = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        driver = os.environ.get("STORAGE_DRIVER", "overlay")
        return ["buildah", *places, "--storage-driver", driver, *arguments]

    def environment(self) -> dict[str, str]:
        """Environment of buildah, whose cache mounts and temporary files stay in our folder."""
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        return {**os.environ, "TMPDIR": str(temporary), "BUILDAH_ISOLATION": "chroot"}

    @contextmanager
    def alone(self, reporter: Reporter, step: str) -> Generator[None]:
        """Keep other processes from building and from mounting; waits for one that does.

        What killed ones left in the store is removed first.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with locks.waiting(self.folder / "lock", reporter, step, "is using the images"):
            self._clear()
            yield

    def _clear(self) -> None:
        """End containers and remove folders of processes that are gone; call it inside `alone`."""
        for left in self.runc.glob("*"):
            command = ["runc", "--root", str(self.runc), "delete", "--force", left.name]
            subprocess.run(command, capture_output=True, check=False)
        self.ask("rm", "--all")
        for left in self.folder.glob(f"{TRIAL}*"):
            shutil.rmtree(left, ignore_errors=True)

    def ask(self, *arguments: str) -> str:
        """What a short command of buildah prints.

        Raises:
            LocalCloudError: It failed; carries its words.
        """
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise LocalCloudError(
                f"buildah {arguments[0]} failed.",
                f"If the store is damaged, remove {self.folder} and build again.",
                done.stderr.strip(),
            )
        return done.stdout.strip()

    def images(self) -> list[StoredImage]:
        """All images with a name, by name."""
        if not self.folder.exists():
            return []
        listed: list[dict[str, Any]] = json.loads(self.ask("images", "--json") or "[]") or []
        names = sorted({str(name) for each in listed for name in each.get("names") or ()})
        return [self.inspect(name) for name in names]

    def find(self, reference: str) -> StoredImage | None:
        """The image of a name and tag; None if there is none."""
        wanted = reference.removeprefix(LOCAL)
        return next((each for each in self.images() if each.reference == wanted), None)

    def inspect(self, reference: str) -> StoredImage:
        """What is known about an image.

        Raises:
            LocalCloudError: There is none of that name.
        """
        known: dict[str, Any] = json.loads(self.ask("inspect", "--type", "image", reference))
        manifest: dict[str, Any] = json.loads(known["Manifest"])
        oci: dict[str, Any] = known["OCIv1"]
        return StoredImage(
            reference=reference.removeprefix(LOCAL),
            id=str(known["FromImageID"]),
            layers=tuple(int(layer["size"]) for layer in manifest["layers"]),
            created=str(oci.get("created", "")),
            labels=dict(oci.get("config", {}).get("Labels") or {}),
        )

    def config(self, reference: str) -> dict[str, Any]:
        """How an image is run: ``Entrypoint``, ``Cmd``, ``Env``, ``User``, ``WorkingDir``.

        Raises:
            LocalCloudError: There is none of that name.
        """
        known: dict[str, Any] = json.loads(self.ask("inspect", "--type", "image", reference))
        return dict(known["OCIv1"].get("config") or {})

    @contextmanager
    def mounted(self, reference: str) -> Generator[Path]:
        """The root file system of an image, to be read; it is unmounted afterwards.

        Call it inside `alone`.
        """
        container = self.ask("from", "--pull-never", reference)
        try:
            yield Path(self.ask("mount", container))
        finally:
            self.ask("rm", container)
