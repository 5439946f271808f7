"""Building a tool from the Go modules that a `go.mod` pins and its `go.sum` verifies.

An interrupted build goes on where it was: Go keeps every compiled package in its own cache.
"""

import hashlib
import platform
from pathlib import Path

from local.errors import LocalCloudError
from local.reporter import Reporter
from local.toolchain import children, disk, golang
from local.toolchain.tools import Tool

ROOM = 3
"""A build needs this many times the program's size: archive, linked program, and its copy."""


def build_key(tool: Tool) -> str:
    """Name of the cache entry of a build of `tool`: another for other sources or flags."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        file = tool.module / name
        digest.update(file.read_bytes() if file.exists() else b"")
        digest.update(b"\0")
    digest.update(f"{tool.package}\0{tool.ldflags}".encode())
    return f"built-{platform.machine()}-{digest.hexdigest()[:12]}"


class BuildProgress:
    """Counts what `go build -v` tells on standard error."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.compiled = 0
        self.downloaded = 0
        self.linking = False

    def line(self, line: str) -> None:
        """Take one line of the build's standard error."""
        if line.startswith("go: downloading "):
            self.downloaded += 1
        elif line and " " not in line and not line.startswith("#"):
            self.compiled += 1
            self.linking = line == self._package

    def text(self, seconds: float) -> str:
        """What the build does now, for people; `seconds` since its start."""
        if self.linking:
            doing = f"linking, {self.compiled} packages compiled"
        elif self.compiled:
            doing = f"compiling, {self.compiled} packages so far"
        elif self.downloaded:
            doing = f"downloading modules, {self.downloaded} so far"
        else:
            doing = "reading what is compiled already"
        return f"{doing} ({duration(seconds)})"


def duration(seconds: float) -> str:
    """``75.2`` as ``1 min 15 s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def build(tool: Tool, work: Path, reporter: Reporter) -> Path:
    """Compile `tool` into the folder `work`; returns the program.

    Raises:
        LocalCloudError: Go is missing or too old, the disk is full, or the build failed.
    """
    go = golang.find(golang.wanted_version((tool.module / "go.mod").read_text(encoding="utf-8")))
    disk.require_space(work, tool.size_mib * ROOM)
    program = work / tool.name
    progress = BuildProgress(tool.package)
    env = golang.environment(GOTMPDIR=str(work))
    ended = children.run(
        [
            str(go.program), "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false",
            "-ldflags", tool.ldflags, "-o", str(program), tool.package,
        ],
        folder=tool.module,
        env=env,
        on_line=progress.line,
        on_tick=lambda seconds: reporter.note(tool.name, progress.text(seconds)),
    )  # fmt: skip
    if ended.code != 0:
        raise golang.failure(f"{tool.title} could not be built.", ended, env)
    if not program.exists():
        raise LocalCloudError(
            f"{tool.title} could not be built.", f"Is {tool.package} a main package?", ended.tail
        )
    return program
