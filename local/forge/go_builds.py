"""Programs that Go compiles, from a module of a pinned hash or from sources of this repository.

A module is built in its own folder, by its own ``go.mod``: what it is built from is what its
authors have built it from, and ``go.sum`` in it, which the module's hash covers, says so. Where
that file points to folders that no proxy serves with the module, a copy of it names the modules
that those folders are, each by its own pinned hash.
"""

import hashlib
import json
import platform
import shutil
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
    if program.nested:
        said["nested"] = [each.sums for each in program.nested]
    if program.added:
        said["added"] = {
            place: hashlib.sha256(file.read_bytes()).hexdigest()
            for place, file in program.added.items()
        }
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
    instead = _module_file(program, sources, work, go)
    ended = children.run(
        [
            str(go.program), "build", *FLAGS, *instead, *tags,
            "-ldflags", ldflags(program), "-o", str(made), program.package,
        ],
        folder=_with_ours(program, sources, work),
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


def _module_file(program: GoProgram, sources: Path, work: Path, go: golang.Go) -> list[str]:
    """The flag for a ``go.mod`` that takes nested modules from where they are served."""
    if not program.nested:
        return []
    copy = work / "go.mod"
    copy.write_bytes((sources / "go.mod").read_bytes())
    sums = (sources / "go.sum").read_text(encoding="utf-8")
    added = "".join(each.sums for each in program.nested)
    copy.with_suffix(".sum").write_text(sums + added, encoding="utf-8")
    edits = [
        flag
        for each in program.nested
        for flag in (f"-dropreplace={each.path}", f"-require={each.path}@{each.version}")
    ]
    env = golang.environment()
    ended = children.run(
        [str(go.program), "mod", "edit", *edits, str(copy)],
        folder=work, env=env, on_line=lambda _: None, on_tick=lambda _: None,
    )  # fmt: skip
    if ended.code != 0:
        raise golang.failure(f"{program.name}: its go.mod could not be changed.", ended, env)
    return [f"-modfile={copy}"]


def _with_ours(program: GoProgram, sources: Path, work: Path) -> Path:
    """The module's folder, or a copy that files of ours are added to: Go's own is read-only."""
    if not program.added:
        return sources
    copy = work / "module"
    shutil.copytree(sources, copy, copy_function=shutil.copyfile)
    for each in (copy, *(each for each in copy.rglob("*") if each.is_dir())):
        each.chmod(0o755)
    for place, ours in program.added.items():
        shutil.copyfile(ours, copy / place)
    return copy
