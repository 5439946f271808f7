"""Programs that Go compiles, from a module of a pinned hash or from sources of this repository.

A module is built in its own folder, by its own ``go.mod``: what it is built from is what its
authors have built it from, and ``go.sum`` in it, which the module's hash covers, says so.
"""

import hashlib
import json
import platform
from pathlib import Path

from local import locks
from local.errors import LocalCloudError
from local.forge import places
from local.forge.model import GoProgram
from local.reporter import Reporter
from local.toolchain import children, disk, golang
from local.toolchain.building import BuildProgress
from local.toolchain.cache import Entry, work_folder
from local.toolchain.modules import module_folder

ROOM_MIB = 1024
"""Free space for one program, linked and copied."""
FLAGS = ("-v", "-mod=readonly", "-trimpath", "-buildvcs=false")


def recipe_text(program: GoProgram) -> str:
    """Everything that decides about the bytes of a program, but for the version of Go."""
    said: dict[str, object] = {
        "package": program.package,
        "tags": program.tags,
        "ldflags": ldflags(program),
        "machine": platform.machine(),
    }
    if program.module is not None:
        said["module"] = [program.module.path, program.module.version, program.module.sum]
    if program.source is not None:
        said["source"] = {
            str(file.relative_to(program.source)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(program.source.rglob("*"))
            if file.is_file()
        }
    return json.dumps(said, sort_keys=True)


def ldflags(program: GoProgram) -> str:
    """Flags of the linker: no debugging information, and the variables."""
    return " ".join(
        ["-s", "-w", *(f"-X {name}={value}" for name, value in program.variables.items())]
    )


def entry(program: GoProgram) -> Entry:
    """The program's place in the cache; another for other sources or flags."""
    version = program.module.version if program.module else "own"
    return places.entry("programs", program.name, version, recipe_text(program))


def ensure(program: GoProgram, reporter: Reporter) -> Path:
    """The program, compiled if the cache has none.

    Raises:
        LocalCloudError: Go is missing or too old, the module is not to be had, the disk is full,
            or the build failed.
    """
    place = entry(program)
    if place.is_known_good():
        return place.program
    place.folder.mkdir(parents=True, exist_ok=True)
    lock = place.folder.parents[1] / "lock"
    with locks.waiting(lock, reporter, program.name, "is making it"):
        if not place.exists() or place.damage():
            with work_folder(place) as work:
                place.put(_build(program, work, reporter), program.origin)
    return place.program


def folder(program: GoProgram, reporter: Reporter) -> Path:
    """Where the sources are, with their hash checked."""
    if program.source is not None:
        return program.source
    if program.module is None:
        raise ValueError(f"{program.place} has neither a module nor a folder")
    module = program.module
    return module_folder(module.path, module.version, reporter, checksum=module.sum)


def _build(program: GoProgram, work: Path, reporter: Reporter) -> Path:
    sources = folder(program, reporter)
    go_mod = (sources / "go.mod").read_text(encoding="utf-8")
    go = golang.find(golang.wanted_version(go_mod))
    disk.require_space(work, ROOM_MIB)
    made = work / program.name
    path = program.module.path if program.module else ""
    progress = BuildProgress((path + program.package.removeprefix(".")) or program.package)
    env = golang.environment(GOTMPDIR=str(work))
    tags = [f"-tags={','.join(program.tags)}"] if program.tags else []
    ended = children.run(
        [
            str(go.program), "build", *FLAGS, *tags,
            "-ldflags", ldflags(program), "-o", str(made), program.package,
        ],
        folder=sources,
        env=env,
        on_line=progress.line,
        on_tick=lambda seconds: reporter.note(program.name, progress.text(seconds)),
    )  # fmt: skip
    if ended.code != 0:
        raise golang.failure(f"{program.name} could not be built: {program.origin}.", ended, env)
    if not made.exists():
        raise LocalCloudError(
            f"{program.name} could not be built: {program.origin}.",
            f"Is {program.package} a main package?",
            ended.tail,
        )
    return made
