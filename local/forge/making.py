"""From a recipe to an archive: parts are brought, written as layers, and put together."""

import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local import locks
from local.errors import LocalCloudError
from local.forge import archive, go_builds, packages, places
from local.forge.layers import Layer, LayerWriter, finished
from local.forge.model import (
    Base,
    Entry,
    GoProgram,
    ModuleFile,
    Part,
    PythonTree,
    Recipe,
    WheelFile,
)
from local.images import base, programs
from local.images.store import Store
from local.reporter import Reporter
from local.toolchain import disk
from local.toolchain.modules import module_folder

FORMAT = 1
"""Raised when the same recipe gives other bytes than before."""
CERTIFICATES = WheelFile(
    project="certifi",
    version="2026.10.19.post1",
    sha256=dict.fromkeys(
        archive.ARCHITECTURES, "1324c476b4811eff41a8bc2122cd0bbd4d9c7234c725446d99ab1612b3a7fdd2"
    ),
    member="certifi/cacert.pem",
    place="/etc/ssl/certs/ca-certificates.crt",
)
"""Authorities that programs on `Base.STATIC` trust; those of this machine stay out of images."""
USERS = (
    "root:x:0:0:root:/:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
    "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
)
GROUPS = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"
ANYBODY = 0o1777


def recipe_text(recipe: Recipe) -> str:
    """Everything that decides about the bytes of an image, but for its name. Pure but for files."""
    below = base.RUN.reference if recipe.base is Base.DEBIAN else packages.wheel_text(CERTIFICATES)
    said: dict[str, Any] = asdict(recipe)
    said |= {
        "format": FORMAT,
        "below": below,
        "parts": [[each.place, _part_text(each)] for each in recipe.parts],
    }
    return json.dumps(said, sort_keys=True, default=str)


def archive_of(entry: Entry, recipe: Recipe) -> Path:
    """Where the archive of a recipe is, made or not."""
    return places.archive(entry.name, recipe_text(recipe))


def make(entry: Entry, recipe: Recipe, reporter: Reporter) -> Path:
    """The archive of an image, made if the cache has none.

    Raises:
        LocalCloudError: A part is not to be had, or the disk is full.
    """
    file = archive_of(entry, recipe)
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    with locks.waiting(file.with_suffix(".lock"), reporter, entry.name, "is making it"):
        if not file.exists():
            with (
                disk.told_when_full(file.parent, go_builds.ROOM_MIB),
                places.work(file.with_suffix(".work")) as work,
            ):
                layers = _layers(recipe, work, reporter)
                document = archive.config(recipe, layers, source(recipe))
                archive.write(file, entry.name, document, layers)
            places.forget_older(entry.name)
    file.with_suffix(".lock").unlink(missing_ok=True)
    return file


def source(recipe: Recipe) -> str:
    """What an image is made from, in words. Pure."""
    said: list[str] = []
    for part in recipe.parts:
        match part:
            case GoProgram():
                said.append(part.origin)
            case ModuleFile():
                said.append(f"Go module {part.module.title}")
            case WheelFile():
                said.append(f"PyPI package {part.project} {part.version}")
            case PythonTree():
                said.append(f"PyPI packages of {part.lock.name}")
    return ", ".join(dict.fromkeys(said))


def _part_text(part: Part) -> str:
    match part:
        case GoProgram():
            return f"{go_builds.recipe_text(part)} {part.binds_low_ports}"
        case WheelFile():
            return packages.wheel_text(part)
        case PythonTree():
            return packages.tree_text(part)
        case ModuleFile():
            return json.dumps(asdict(part), sort_keys=True)


def _layers(recipe: Recipe, work: Path, reporter: Reporter) -> list[Layer]:
    """All layers, the lowest first; those of parts are written into `work`."""
    layers = [_base(recipe.base, reporter)]
    for number, part in enumerate(recipe.parts):
        with (work / f"{number}.tar").open("wb") as file:
            writer = LayerWriter(file)
            _write(part, writer, reporter)
            writer.close()
        layers.append(finished(work / f"{number}.tar"))
    if recipe.links or recipe.writable:
        with (work / "last.tar").open("wb") as file:
            writer = LayerWriter(file)
            for place, target in recipe.links.items():
                writer.link(place, target)
            for place in recipe.writable:
                writer.folder(place, ANYBODY)
            writer.close()
        layers.append(finished(work / "last.tar"))
    return layers


def _write(part: Part, writer: LayerWriter, reporter: Reporter) -> None:
    match part:
        case GoProgram():
            program = go_builds.ensure(part, reporter)
            writer.copy(program, part.place, 0o755, binds_low_ports=part.binds_low_ports)
        case WheelFile():
            writer.copy(packages.wheel_file(part, reporter), part.place, 0o755)
        case PythonTree():
            writer.tree(packages.python_tree(part, reporter), part.place)
        case ModuleFile():
            module = part.module
            folder = module_folder(module.path, module.version, reporter, checksum=module.sum)
            writer.copy(folder / part.member, part.place, 0o755 if part.executable else 0o644)


def _base(wanted: Base, reporter: Reporter) -> Layer:
    """The layer of a base; kept, because many images begin with it."""
    if wanted is Base.STATIC:
        file = places.folder("parts", "static", packages.wheel_text(CERTIFICATES)) / "layer.tar"
        make_layer = _static
    else:
        file = places.folder("parts", "debian", base.RUN.reference) / "layer.tar"
        make_layer = _debian
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with locks.waiting(file.parent / "lock", reporter, f"base {wanted}", "is making it"):
            if not file.exists():
                fresh = file.with_suffix(".new")
                make_layer(fresh, reporter)
                fresh.replace(file)
    return finished(file)


def _static(file: Path, reporter: Reporter) -> None:
    with file.open("wb") as content:
        writer = LayerWriter(content)
        writer.text("/etc/passwd", USERS)
        writer.text("/etc/group", GROUPS)
        writer.copy(packages.wheel_file(CERTIFICATES, reporter), CERTIFICATES.place, 0o644)
        writer.folder("/home/nonroot")
        writer.folder("/tmp", ANYBODY)  # noqa: S108 - the image's own
        writer.close()


def _debian(file: Path, reporter: Reporter) -> None:
    """The one layer of the local base, out of the store of images."""
    programs.require_root("Making the local base of images")
    programs.ensure(programs.TO_BUILD, reporter, install=True)
    store = Store()
    reference, _ = base.ensure(store, reporter)
    with places.work(file.parent / ".work") as work:
        exported = work / "base.tar"
        with store.alone(reporter, "base image"):
            store.ask("push", "--quiet", reference, f"docker-archive:{exported}:{base.RUN.name}:1")
        with tarfile.open(exported) as tar:
            layers = _named_layers(tar)
            if len(layers) != 1:
                raise LocalCloudError(
                    f"The base image {reference} has {len(layers)} layers, one is wanted.",
                    "Make it again: llmp images build --fresh-base",
                )
            part = tar.extractfile(layers[0])
            if part is None:
                raise LocalCloudError(f"The export of {reference} is damaged.", "Try again.")
            with part, file.open("wb") as content:
                shutil.copyfileobj(part, content)


def _named_layers(tar: tarfile.TarFile) -> Sequence[str]:
    manifest = tar.extractfile("manifest.json") or io.BytesIO(b"[{}]")
    with manifest:
        return list(json.load(manifest)[0].get("Layers", ()))
