"""Each test has a cache of its own; registries are never asked but where a test says so."""

from pathlib import Path

import pytest

from tests.unit.toolchain.hello import Recorder


@pytest.fixture
def reporter() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def cache_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cache"
    monkeypatch.setenv("LLMP_CACHE", str(root))
    return root
