"""perf_analyzer: one pinned wheel, checked by its digest, with the libraries that it needs."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from serving import perf_analyzer
from serving.perf_analyzer import PerfAnalyzerError


def test_the_wheel_is_pinned_by_version_and_digest() -> None:
    assert re.fullmatch(
        rf"tritonclient=={perf_analyzer.VERSION} \\\n( +--hash=sha256:[0-9a-f]{{64}}( \\)?\n)+",
        perf_analyzer.REQUIREMENT,
    )


def test_its_libraries_are_linked_from_pytriton(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "a cache"))
    made = perf_analyzer.environment({"LD_LIBRARY_PATH": "/x", "LANG": "C"})
    first, second = made["LD_LIBRARY_PATH"].split(":")
    assert (second, made["LANG"]) == ("/x", "C")
    links = {path.name: path.resolve() for path in Path(first).iterdir()}
    assert set(links) == set(perf_analyzer.LIBRARIES)
    assert all(path.is_file() for path in links.values())
    assert perf_analyzer.environment({})["LD_LIBRARY_PATH"] == first


def test_a_program_that_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path))
    program = tmp_path / "perf_analyzer" / perf_analyzer.VERSION / "bin" / "perf_analyzer"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert perf_analyzer.ensure() == program


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "file"))
    with pytest.raises(PerfAnalyzerError, match="cannot be written"):
        perf_analyzer.ensure()


def test_the_cache_is_that_of_the_rest_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert perf_analyzer.cache_folder() == tmp_path / "llm-platform"


def test_the_analyzer_is_the_one_that_was_tried_with_it() -> None:
    assert version("triton-model-analyzer") == "1.58.0"
