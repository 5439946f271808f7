"""Each test has a cache of its own; what it builds is the tool of `hello.py`."""

import os
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from local.toolchain.tools import Tool
from tests.unit.toolchain.hello import Recorder, make_module, make_tool, script


@pytest.fixture
def reporter() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cache"
    monkeypatch.setenv("LLMP_CACHE", str(root))
    return root


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return make_module(tmp_path / "module")


@pytest.fixture
def hello(module: Path) -> Tool:
    return make_tool(module)


@pytest.fixture
def first_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Put a shell script in front of everything else on PATH."""
    folder = tmp_path / "path"

    def put(name: str, text: str) -> Path:
        program = script(folder / name, text)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return program

    return put


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
