"""A tool of our own to find, fetch and build: a Go program of one line, so tests are real."""

import stat
from pathlib import Path

from local.toolchain.tools import Download, Tool

VERSION = "1.2.3"
PACKAGE = "example.test/hello"


class Recorder:
    """A reporter that remembers; `text` is all that was told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def started(self, step: str) -> None:
        self.events.append(("started", step, ""))

    def note(self, step: str, text: str) -> None:
        self.events.append(("note", step, text))

    def finished(self, step: str, text: str, seconds: float) -> None:
        assert seconds >= 0
        self.events.append(("finished", step, text))

    def failed(self, step: str, text: str) -> None:
        self.events.append(("failed", step, text))

    @property
    def text(self) -> str:
        return "\n".join(text for _, _, text in self.events)


def make_module(folder: Path) -> Path:
    folder.mkdir()
    (folder / "go.mod").write_text(f"module {PACKAGE}\n\ngo 1.21\n")
    (folder / "main.go").write_text(
        'package main\n\nvar version = "0.0.0"\n\n'
        'func main() { println("hello version v" + version) }\n'
    )
    return folder


def make_tool(module: Path, release: Download | None = None, size_mib: int = 1) -> Tool:
    return Tool(
        name="hello",
        version=VERSION,
        ask=("--version",),
        package=PACKAGE,
        ldflags=f"-s -w -X main.version={VERSION}",
        module=module,
        release=release,
        size_mib=size_mib,
    )


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
