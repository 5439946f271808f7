"""An image as one file, in the form of ``docker save``: what containerd imports in one step.

Written here and not by a tool: nothing but a list of layers and one JSON document, so it needs
neither root nor mounts, and the same parts give the same file.
"""

import hashlib
import io
import json
import os
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError
from local.forge.layers import EPOCH, Layer
from local.forge.model import Recipe
from local.images.base import PATH
from local.images.store import ORIGIN_LABEL
from local.images.table import Origin

CREATED = "1970-01-01T00:00:00Z"
ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64"}
"""Go's and the image format's word for a machine."""
SOURCE_LABEL = "io.llm-platform.source"
"""Label that says what the image was made from."""


def architecture(machine: str = "") -> str:
    """The image format's word for this machine.

    Raises:
        LocalCloudError: It has none here.
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        raise LocalCloudError(
            f"Images cannot be made for a {machine}.",
            f"Machines that the forge knows: {', '.join(sorted(ARCHITECTURES))}.",
        )
    return ARCHITECTURES[machine]


def config(recipe: Recipe, layers: Sequence[Layer], source: str) -> dict[str, Any]:
    """The document that says how an image is run; `source` says what it was made from. Pure."""
    env = {"PATH": PATH, **recipe.env}
    return {
        "architecture": architecture(),
        "os": "linux",
        "created": CREATED,
        "config": {
            "User": recipe.user,
            "Env": [f"{name}={value}" for name, value in env.items()],
            "Entrypoint": list(recipe.entrypoint) or None,
            "Cmd": list(recipe.command) or None,
            "WorkingDir": recipe.folder,
            "Labels": {ORIGIN_LABEL: str(Origin.FORGED), SOURCE_LABEL: source},
        },
        "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
        "history": [{"created": CREATED, "created_by": source} for _ in layers],
    }


def write(file: Path, name: str, document: Mapping[str, Any], layers: Sequence[Layer]) -> None:
    """Write an image into `file`, in one step: it is there whole, or not at all.

    Args:
        file: The archive.
        name: Full name of the image.
        document: See `config`.
        layers: The lowest first.
    """
    text = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()
    places = [f"{each.diff_id.partition(':')[2]}/layer.tar" for each in layers]
    manifest = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": places}]
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as content:
            with tarfile.open(fileobj=content, mode="w") as tar:
                _add(tar, f"{digest}.json", text)
                for place, layer in dict(zip(places, layers, strict=True)).items():
                    info = _info(place, layer.file.stat().st_size)
                    with layer.file.open("rb") as part:
                        tar.addfile(info, part)
                _add(tar, "manifest.json", json.dumps(manifest).encode())
            content.flush()
            os.fsync(content.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, place: str, content: bytes) -> None:
    tar.addfile(_info(place, len(content)), io.BytesIO(content))


def _info(place: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(place)
    info.size = size
    info.mtime = EPOCH
    info.mode = 0o644
    return info
